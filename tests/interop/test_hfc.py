"""One program of fabric-sdk-py, on 1.0.0 itself and on our face, with the same results."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pyfabric.errors import EndorseError, PeerResponseError
from pyfabric.hfc.fabric import Client
from tests.support.hfc.profiles import write_profile
from tests.support.hfc.programs import run_on_fabric_sdk_py, run_on_face
from tests.support.network.running import Running

PROGRAM = Path(__file__).parent / "hfc_program.py"


@pytest.fixture(scope="module")
def profile(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide a connection profile in fabric-sdk-py's form."""
    return write_profile(running.network.plan, tmp_path_factory.mktemp("hfc") / "network.json")


@pytest.fixture(scope="module")
def ours(profile: Path) -> dict[str, Any]:
    """Provide what the program saw on the face."""
    folder, prefix = profile.parent / "face", uuid4().hex[:8]
    return run_on_face(PROGRAM, folder, pytest.MonkeyPatch(), str(profile), prefix)


def test_the_face_calls_contracts(ours: dict[str, Any]) -> None:
    assert ours["transactions"] == {
        "put": "v1",
        "get": "v1",
        "bytes": "a b",
        "refused": "no basis",
        "refused query": True,
        "announced": "pay",
        "transient": "4711",
        "one of three endorses": True,
    }


def test_the_face_reads_blocks(ours: dict[str, Any]) -> None:
    seen = dict(ours["blocks"])
    genesis = seen.pop("genesis")
    assert seen.pop("creator") == "EconInfoMSP"
    assert set(seen.values()) == {True}
    (envelope,) = genesis["data"]["data"]
    group = envelope["payload"]["data"]["config"]["channel_group"]
    assert sorted(group["groups"]) == ["Application", "Orderer"]
    assert envelope["payload"]["header"]["channel_header"]["type_string"] == "CONFIG"


def test_the_face_reads_channels(ours: dict[str, Any]) -> None:
    seen = ours["channels"]
    assert seen["joined"] == ["conformance", "register"]
    assert seen["members"] == {"EconInfoMSP": 1, "HaidianMSP": 1, "MktSupMSP": 1}
    assert sorted(seen["members"]) == seen["local"]
    assert seen["ordered"]["config"]["sequence"] == str(seen["sequences"][0])
    assert len(seen["groups"]) == 3


def test_the_face_follows_events(ours: dict[str, Any]) -> None:
    seen = ours["events"]
    assert seen["blocks"] == [0, 1, 2]
    assert seen["named"] == [["issued", "pay", "VALID"]]
    assert seen["codes"] == ["VALID", "ENDORSEMENT_POLICY_FAILURE"]


def test_the_face_keeps_users(ours: dict[str, Any]) -> None:
    assert ours["users"] == {
        "mspid": "EconInfoMSP",
        "nothing": None,
        "no user": None,
        "no peer": None,
        "stored": ["user.clerk.EconInfo"],
    }


@pytest.fixture(scope="module")
def theirs(profile: Path) -> dict[str, Any]:
    """Provide what the program saw on fabric-sdk-py itself."""
    folder = profile.parent / "theirs"
    return run_on_fabric_sdk_py(PROGRAM, folder, str(profile), uuid4().hex[:8])


def known_roles(seen: Any) -> Any:
    """Return what was seen without the roles client, peer and orderer, which fabric-sdk-py leaves out."""
    if isinstance(seen, dict):
        newer = seen.get("role") in ("CLIENT", "PEER", "ORDERER")
        return {key: known_roles(one) for key, one in seen.items() if not (key == "role" and newer)}
    return [known_roles(one) for one in seen] if isinstance(seen, list) else seen


@pytest.mark.parametrize("part", ["transactions", "blocks", "channels", "events", "users"])
def test_fabric_sdk_py_has_the_same_results(
    part: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    assert known_roles(ours[part]) == theirs[part]


def test_a_refusal_has_its_code_and_facts(profile: Path) -> None:
    client = Client(str(profile))
    user = client.get_user("EconInfo", "User1")
    assert user is not None

    async def query() -> None:
        try:
            await client.chaincode_query(
                user,
                "conformance",
                client.peers,
                ["no basis"],
                "conformance",
                fcn="refuse_with_code",
            )
        finally:
            await client.close_grpc_channels()

    with pytest.raises(
        PeerResponseError, match=r"500: refused for no basis \(conformance.refused\)$"
    ) as caught:
        asyncio.run(query())
    assert caught.value.message.startswith("refused for no basis\n{")
    assert caught.value.refusal is not None
    assert caught.value.refusal.facts["reason"] == "no basis"
    caught.value.language = "zh"
    assert str(caught.value).endswith("500: 因no basis拒绝 (conformance.refused)")


def test_peers_with_different_results_endorse_no_transaction(profile: Path) -> None:
    client = Client(str(profile))
    user = client.get_user("EconInfo", "User1")
    assert user is not None

    async def differ() -> None:
        try:
            await client.chaincode_invoke(
                user, "conformance", client.peers, ["d"], "conformance", fcn="differ"
            )
        finally:
            await client.close_grpc_channels()

    with pytest.raises(EndorseError, match="the peers got different results"):
        asyncio.run(differ())
