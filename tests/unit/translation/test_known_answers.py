"""Real messages as JSON: equal to what Fabric's configtxlator printed, and back to the same bytes."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from google.protobuf.message import Message

from pyfabric.messages.translation import configuration
from pyfabric.messages.translation.decoding import to_json
from pyfabric.messages.translation.encoding import from_json
from pyfabric.messages.translation.marks import UNDECODABLE
from pyfabric.messages.translation.places import Table
from pyfabric.messages.translation.table import AS_FABRIC, COMPLETE
from tests.conftest import ROOT
from tests.support.rules import history

VECTORS = ROOT / "tests" / "vectors"
HISTORY = VECTORS / "5-channel-history"
CONFIGTXLATOR = shutil.which(
    "configtxlator", path=os.environ.get("FABRIC_BIN") or os.environ.get("PATH")
)


DROPPED = "consensus-type-without-maintenance.envelope.pb"
"""Where configtxlator drops bytes in silence: metadata of a consensus type that it does not know."""


def shown() -> list[tuple[Path, Path, type[Message]]]:
    """Return the files that configtxlator converted for the vectors: JSON, bytes, type."""
    found: list[tuple[Path, Path, type[Message]]] = [
        (file, HISTORY / "blocks" / f"{file.name[:3]}.block", common_pb2.Block)
        for file in sorted((HISTORY / "configtxlator-json").glob("*.json"))
    ]
    bft = VECTORS / "5-bft-blocks"
    found.append(
        (
            bft / "block-003-config.configtxlator.json",
            bft / "blocks" / "003.block",
            common_pb2.Block,
        )
    )
    found += [
        (file, file.with_suffix(".block"), common_pb2.Block)
        for file in sorted((VECTORS / "1-genesis").glob("*/genesis.json"))
    ]
    updates = VECTORS / "2-config-updates"
    for pattern, kind in (
        ("update.json", configtx_pb2.ConfigUpdate),
        ("config*.json", configtx_pb2.Config),
    ):
        files = [
            file for file in sorted(updates.rglob(pattern)) if file.with_suffix(".pb").exists()
        ]
        found += [(file, file.with_suffix(".pb"), kind) for file in files]
    return found


def every_message() -> list[tuple[Path, type[Message]]]:
    """Return all messages in the vectors that configtxlator has a type for."""
    found: list[tuple[Path, type[Message]]] = [
        (file, common_pb2.Block)
        for file in sorted([*VECTORS.rglob("*.block"), *VECTORS.rglob("result-block.pb")])
    ]
    for file in sorted(VECTORS.rglob("*.pb")):
        if file.name.endswith(".envelope.pb"):
            found.append((file, common_pb2.Envelope))
        elif file.name == "update.pb":
            found.append((file, configtx_pb2.ConfigUpdate))
        elif file.name.startswith(("config", "original", "modified", "channel-config")):
            found.append((file, configtx_pb2.Config))
    return found


def marks(tree: Any) -> set[str]:
    """Return the marks anywhere in a document."""
    if isinstance(tree, dict):
        inside = (marks(value) for value in tree.values())
        return {name for name in tree if name.startswith("@")}.union(*inside)
    return set().union(*map(marks, tree)) if isinstance(tree, list) else set()


def name(file: Path) -> str:
    return str(file.relative_to(VECTORS))


@pytest.mark.parametrize(
    ("json_file", "file", "kind"),
    shown(),
    ids=lambda one: name(one) if isinstance(one, Path) else "",
)
def test_json_is_what_configtxlator_printed(
    json_file: Path, file: Path, kind: type[Message]
) -> None:
    expected = json.loads(json_file.read_text(encoding="utf-8"))
    assert to_json(kind.FromString(file.read_bytes())) == expected
    assert to_json(from_json(kind, expected)) == expected


def test_how_many_answers_are_known() -> None:
    assert len(shown()) == 37
    assert len(every_message()) == 314


def test_what_printorg_shows_is_a_members_group() -> None:
    files = sorted([*VECTORS.rglob("printorg/*.json"), *VECTORS.rglob("printorg-*.json")])
    for file in files:
        expected = json.loads(file.read_text(encoding="utf-8"))
        orderer = "Endpoints" in expected["values"]
        role = (
            configuration.ORDERER_ORGANIZATION
            if orderer
            else configuration.APPLICATION_ORGANIZATION
        )
        group = from_json(configtx_pb2.ConfigGroup, expected, role=role)
        assert to_json(group, role=role) == expected
    assert len(files) == 26


@pytest.mark.parametrize("table", [AS_FABRIC, COMPLETE], ids=["as Fabric", "complete"])
def test_every_message_is_read_and_written_again(table: Table) -> None:
    same_bytes = 0
    for file, kind in every_message():
        raw = file.read_bytes()
        tree = to_json(kind.FromString(raw), opened=table)
        written = from_json(kind, json.loads(json.dumps(tree)))
        assert to_json(written, opened=table) == tree, file
        assert written.ByteSize() == len(raw), file
        same_bytes += written.SerializeToString() == raw
    assert same_bytes == 211


def test_what_cannot_be_read_is_marked_and_kept() -> None:
    marked = {}
    for number, block in enumerate(history.blocks()):
        found = marks(to_json(block))
        if found:
            label = history.decoded()[number]["transactions"][0]["label"]
            marked[label] = found
    assert len(marked) == 11
    assert marked["envelope-garbage-data"] == {UNDECODABLE}


def test_everything_is_opened_down_to_the_lifecycle_and_private_hashes() -> None:
    """Decode what configtxlator leaves in base64: an approval, a definition, a policy, hashes, signatures."""
    shown = [to_json(block, opened=COMPLETE) for block in history.blocks()]
    approval, definition = transaction(shown[4]), transaction(shown[7])
    arguments = invocation(approval)["args"]
    assert arguments[1]["name"] == "ledger"
    assert "signature_policy" in json.dumps(arguments[1]["collections"])
    writes = namespace(definition, "_lifecycle")["rwset"]["writes"]
    values = {write["key"]: write["value"] for write in writes}
    assert values["namespaces/metadata/ledger"]["datatype"] == "ChaincodeDefinition"
    assert values["namespaces/fields/ledger/Sequence"] == {"Int64": "1"}
    assert values["namespaces/fields/ledger/EndorsementInfo"]["Bytes"]["version"] == "1.0"
    assert values["namespaces/fields/ledger/Collections"]["Bytes"]["config"]
    duo = namespace(transaction(shown[50]), "ledger")["collection_hashed_rwset"][0]
    assert duo["hashed_rwset"]["hashed_writes"][0]["is_delete"] is False
    sealed = namespace(transaction(shown[59]), "ledger")["rwset"]["metadata_writes"][0]
    assert sealed["entries"][0]["value"]["rule"]["n_out_of"]["n"] == 2
    signatures, last_config, codes, _, commit_hash = shown[50]["metadata"]["metadata"]
    assert signatures["signatures"][0]["signature_header"]["creator"]["mspid"] == "OrdererMSP"
    assert last_config["value"] == {"index": signatures["value"]["last_config"]["index"]}
    assert (codes, commit_hash["signatures"]) == ("AA==", [])


def test_a_private_approval_is_opened() -> None:
    found = history.load("private-rwsets.json")["RegistryMSP"]["4"]["0"][0]
    collection = rwset_pb2.CollectionPvtReadWriteSet(
        collection_name=found["collections"][0]["name"],
        rwset=bytes.fromhex(found["collections"][0]["rwset_hex"]),
    )
    message = rwset_pb2.TxPvtReadWriteSet(
        ns_pvt_rwset=[
            rwset_pb2.NsPvtReadWriteSet(
                namespace=found["namespace"], collection_pvt_rwset=[collection]
            )
        ]
    )
    tree = to_json(message, opened=COMPLETE)
    writes = tree["ns_pvt_rwset"][0]["collection_pvt_rwset"][0]["rwset"]["writes"]
    assert writes[0]["value"]["String"].startswith("ledger_1.0:")
    assert from_json(rwset_pb2.TxPvtReadWriteSet, tree) == message


def transaction(block: Any) -> Any:
    """Return the payload of the action of a block's first transaction."""
    return block["data"]["data"][0]["payload"]["data"]["actions"][0]["payload"]


def invocation(payload: Any) -> Any:
    return payload["chaincode_proposal_payload"]["input"]["chaincode_spec"]["input"]


def namespace(payload: Any, name: str) -> Any:
    answer = payload["action"]["proposal_response_payload"]["extension"]
    return next(one for one in answer["results"]["ns_rwset"] if one["namespace"] == name)


@pytest.fixture
def configtxlator() -> Iterator[httpx.Client]:
    """Run Fabric's translator as a service."""
    if CONFIGTXLATOR is None:
        pytest.skip("Fabric's configtxlator is not there (FABRIC_BIN)")
    command = [CONFIGTXLATOR, "start", "--hostname", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            address = re.search(r"127\.0\.0\.1:\d+", server.stderr.readline())
            assert address is not None
            with httpx.Client(
                base_url=f"http://{address[0]}/protolator", trust_env=False
            ) as client:
                yield client
        finally:
            server.terminate()


@pytest.mark.fabric
def test_against_configtxlator(configtxlator: httpx.Client) -> None:
    refused = 0
    for file, kind in every_message():
        name = kind.DESCRIPTOR.full_name
        theirs = configtxlator.post(f"decode/{name}", content=file.read_bytes())
        if theirs.status_code != httpx.codes.OK:
            refused += 1
        elif file.name != DROPPED:
            assert to_json(kind.FromString(file.read_bytes())) == theirs.json(), file
            written = configtxlator.post(f"encode/{name}", content=theirs.content)
            ours = from_json(kind, theirs.json())
            assert to_json(ours) == to_json(kind.FromString(written.content)), file
            assert ours.ByteSize() == len(written.content), file
    assert refused == 27
