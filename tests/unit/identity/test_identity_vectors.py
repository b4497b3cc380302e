"""Real Fabric's verdicts on identities and MSPs (tests/vectors/7-identities, 1-genesis)."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.msp import identities_pb2, msp_config_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.definition_messages import definition_from_config, definition_to_config
from pyfabric.identity.msp import MSP, MSPManager
from tests.conftest import ROOT
from tests.support.network.membership import has_role

IDENTITIES = ROOT / "tests" / "vectors" / "7-identities"
GENESIS = ROOT / "tests" / "vectors" / "1-genesis"
VERSIONS = ("V2_0", "V3_0")
ROLES = {"member": 0, "admin": 1, "client": 2, "peer": 3, "orderer": 4}
BAD_SIGNATURES = ("other-key", "signature-high-s", "signature-garbage", "signature-empty")

Answer = dict[str, Any]


def answers(folder: Path) -> list[Answer]:
    found: list[Answer] = json.loads((folder / "answers.json").read_text())
    return found


@pytest.fixture(scope="module", params=VERSIONS)
def channel(request: pytest.FixtureRequest) -> tuple[str, MSPManager]:
    version: str = request.param
    folders = {f"{folder.name}MSP": folder for folder in (IDENTITIES / "msp").iterdir()}
    folders["OrdererMSP"] = folders.pop("OrderersMSP")
    return version, MSPManager(
        MSP(MSPDefinition.from_folder(folder, msp_id), ed25519=version == "V3_0")
        for msp_id, folder in folders.items()
    )


def serialized(answer: Answer) -> bytes:
    return identities_pb2.SerializedIdentity(
        mspid=answer["mspid"], id_bytes=(IDENTITIES / answer["certificate"]).read_bytes()
    ).SerializeToString()


def test_every_identity_has_its_answer() -> None:
    assert len(answers(IDENTITIES)) == 66
    assert {tuple(answer["channels"]) for answer in answers(IDENTITIES)} == {VERSIONS}


@pytest.mark.parametrize(
    "answer",
    [
        answer
        for answer in answers(IDENTITIES)
        if answer["slug"] not in (*BAD_SIGNATURES, "expired")
    ],
    ids=lambda answer: answer["slug"],
)
def test_identity_gets_fabrics_verdict(channel: tuple[str, MSPManager], answer: Answer) -> None:
    version, manager = channel
    expected = answer["channels"][version]
    if expected["accepted"]:
        identity = manager.deserialize(serialized(answer))
        identity.validate()
        satisfied = {name: has_role(identity, role) for name, role in ROLES.items()}
        assert satisfied == expected["satisfies"]
        return
    with pytest.raises(IdentityError) as refusal:
        manager.deserialize(serialized(answer)).validate()
    reason = str(refusal.value)[:200].replace('"', '\\"')
    assert f'error="{reason}' in expected["peer_log"][0]


@pytest.mark.parametrize(
    "answer",
    [answer for answer in answers(IDENTITIES) if answer["slug"] in BAD_SIGNATURES],
    ids=lambda answer: answer["slug"],
)
def test_wrong_signatures_are_refused_and_their_certificate_is_not(
    channel: tuple[str, MSPManager], answer: Answer
) -> None:
    version, manager = channel
    assert not answer["channels"][version]["accepted"]
    identity = manager.deserialize(serialized(answer))
    identity.validate()
    half = 57896044605178124381348723474703786764998477612067880171211129530534256022184
    problem = "could not determine the validity of the signature: "
    too_high = f"Invalid S. Must be smaller than half the order [{half + 1}][{half}]."
    signatures = {
        "other-key": (b"\x30\x06\x02\x01\x05\x02\x01\x07", "The signature is invalid"),
        "signature-garbage": (b"\x30\x06\x02\x01\x01\x02\x01\x01", "The signature is invalid"),
        "signature-empty": (b"", f"{problem}Invalid signature. Cannot be empty."),
        "signature-high-s": (
            b"\x30\x25\x02\x01\x05\x02\x20" + (half + 1).to_bytes(32),
            f"{problem}Failed verifing with opts [<nil>]: {too_high}",
        ),
    }
    signature, text = signatures[answer["slug"]]
    with pytest.raises(IdentityError) as refusal:
        identity.verify(b"message", signature)
    assert str(refusal.value) == text


def test_expiry_is_seen_by_the_caller_alone(channel: tuple[str, MSPManager]) -> None:
    _, manager = channel
    (answer,) = (a for a in answers(IDENTITIES) if a["slug"] == "expired")
    identity = manager.deserialize(serialized(answer))
    identity.validate()
    evaluated = json.loads((IDENTITIES / "case.json").read_text())["evaluated_at"]
    assert identity.expires_at < datetime.fromisoformat(evaluated)


def test_a_certificate_with_high_s_is_given_with_low_s(channel: tuple[str, MSPManager]) -> None:
    _, manager = channel
    (answer,) = (a for a in answers(IDENTITIES) if a["slug"] == "cert-high-s")
    identity = manager.deserialize(serialized(answer))
    assert identity.serialized() != serialized(answer)
    again = manager.deserialize(identity.serialized())
    assert again.serialized() == identity.serialized()
    assert again.identifier == identity.identifier


def test_every_msp_configuration_has_its_answer() -> None:
    assert len(answers(IDENTITIES / "msp-configurations")) == 36


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "answer", answers(IDENTITIES / "msp-configurations"), ids=lambda answer: answer["slug"]
)
def test_msp_configuration_gets_fabrics_verdict(answer: Answer, version: str) -> None:
    folder = IDENTITIES / "msp-configurations" / answer["msp"]
    expected = answer["answers"][version]
    if expected["accepted"]:
        MSP(MSPDefinition.from_folder(folder, "OddMSP"), ed25519=version == "V3_0")
        return
    with pytest.raises(IdentityError) as refusal:
        MSP(MSPDefinition.from_folder(folder, "OddMSP"), ed25519=version == "V3_0")
    # What differs from one run to the next: the parts in brackets and the paths.
    reason = str(refusal.value).split("(SN")[0].split(" [")[0].split("directory")[0]
    assert reason in expected["error"]


def channel_msps(config: configtx_pb2.Config) -> Iterator[msp_config_pb2.MSPConfig]:
    for part in config.channel_group.groups.values():
        for organization in part.groups.values():
            yield msp_config_pb2.MSPConfig.FromString(organization.values["MSP"].value)


def read_config(case: str) -> configtx_pb2.Config:
    block = common_pb2.Block.FromString((GENESIS / case / "genesis.block").read_bytes())
    envelope = common_pb2.Envelope.FromString(block.data.data[0])
    payload = common_pb2.Payload.FromString(envelope.payload)
    return configtx_pb2.ConfigEnvelope.FromString(payload.data).config


GENESIS_CASES = {
    "bft4": 6,
    "custom-policies-acls": 4,
    "five-departments-raft3": 6,
    "msp-variety": 5,
    "two-orgs-raft": 3,
}


@pytest.mark.parametrize("case", sorted(GENESIS_CASES))
def test_folders_become_the_bytes_that_configtxgen_makes(case: str) -> None:
    folders = sorted((GENESIS / case / "msp").iterdir())
    made = list(channel_msps(read_config(case)))
    assert len(made) == GENESIS_CASES[case]
    for expected in made:
        definition = definition_from_config(expected)
        ours = [MSPDefinition.from_folder(folder, definition.msp_id) for folder in folders]
        assert expected.SerializeToString() in [
            definition_to_config(definition).SerializeToString() for definition in ours
        ]
        assert definition_to_config(definition) == expected
