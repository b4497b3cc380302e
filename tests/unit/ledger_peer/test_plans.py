"""Endorsement plans against what real Fabric's discovery answered (6-discovery-gateway)."""

import base64
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.peer import proposal_response_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.core.channel_config import ChannelConfig
from pyfabric.core.policies.syntax import parse_signature_policy
from pyfabric.errors import PolicyError
from pyfabric.identity.signing import Identity
from pyfabric.ledger.planning import Descriptor, Plan, arrange, describe
from pyfabric.ledger.principals import merge_all, principal_sets, signature_policy

PEERS = ("RegistryMSP", "FacultyMSP", "ArchiveMSP")


@pytest.fixture(scope="module")
def folder(vectors: Path) -> Path:
    return vectors / "6-discovery-gateway"


@pytest.fixture(scope="module")
def config(folder: Path) -> ChannelConfig:
    raw = configtx_pb2.Config.FromString((folder / "channel-config.pb").read_bytes())
    return ChannelConfig(raw, channel_id="records")


@pytest.fixture(scope="module")
def parameters(folder: Path) -> dict[str, bytes]:
    definitions = json.loads((folder / "committed-definitions.json").read_text())
    return {
        one["name"]: base64.b64decode(one["validation_parameter"])
        for one in definitions["chaincode_definitions"]
    }


def plan(config: ChannelConfig, vectors: Path, parameters: list[bytes]) -> Descriptor[str]:
    names = {"RegistryMSP": "registry", "FacultyMSP": "faculty", "ArchiveMSP": "archive"}
    identities = vectors / "5-channel-history" / "identities"
    members = [
        (
            msp_id,
            config.msp_manager.deserialize(
                Identity(msp_id, (identities / f"peer0.{name}.test.pem").read_bytes()).serialized()
            ),
        )
        for msp_id, name in names.items()
    ]
    sets = merge_all([principal_sets(signature_policy(one, config.raw)) for one in parameters])
    return describe(sets, members, PEERS)


def shapes(layouts: list[dict[str, int]], groups: dict[str, set[str]]) -> set[Any]:
    """Layouts without names of groups: how many of which peers."""
    return {
        frozenset((frozenset(groups[name]), quantity) for name, quantity in layout.items())
        for layout in layouts
    }


def described(path: Path) -> set[Any]:
    answer = json.loads(path.read_text())[0]
    groups = {
        name: {peer["MSPID"] for peer in peers}
        for name, peers in answer["EndorsersByGroups"].items()
    }
    return shapes([one["quantities_by_group"] for one in answer["Layouts"]], groups)


CASES = {
    "ledger": ["ledger"],
    "helper": ["helper"],
    "and-all": ["and-all"],
    "two-of-three": ["two-of-three"],
    "channel-readers": ["channel-readers"],
    "nested": ["nested"],
    "stranger": ["stranger"],
    "two-chaincodes": ["ledger", "helper"],
}


@pytest.mark.parametrize("case", CASES)
def test_layouts_are_those_of_fabric(
    case: str, folder: Path, vectors: Path, config: ChannelConfig, parameters: dict[str, bytes]
) -> None:
    found = plan(config, vectors, [parameters[name] for name in CASES[case]])
    groups = {name: set(peers) for name, peers in found.groups.items()}
    expected = described(folder / f"endorsers-{case}.json")
    assert expected
    assert shapes([dict(one) for one in found.layouts], groups) == expected


def test_no_peer_satisfies_administrators(
    vectors: Path, config: ChannelConfig, parameters: dict[str, bytes]
) -> None:
    with pytest.raises(PolicyError, match="no peer combination can satisfy the endorsement policy"):
        plan(config, vectors, [parameters["admins-only"]])


def test_a_policy_of_nobody_cannot_be_satisfied() -> None:
    envelope = policies_pb2.SignaturePolicyEnvelope()
    envelope.rule.signed_by = 3
    with pytest.raises(PolicyError):
        principal_sets(envelope)


def test_a_merged_set_needs_no_more_than_both() -> None:
    both = [
        principal_sets(parse_signature_policy(text))
        for text in ("AND('A.peer','B.peer')", "OR('A.member','C.member')")
    ]
    merged = merge_all(both)
    assert [len(one) for one in merged] == [2]


def endorsement(name: str) -> proposal_response_pb2.ProposalResponse:
    return proposal_response_pb2.ProposalResponse(
        payload=b"same", endorsement=proposal_response_pb2.Endorsement(endorser=name.encode())
    )


def test_a_plan_starts_with_the_preferred_group_and_completes() -> None:
    descriptor = Descriptor(
        {"G0": ("a",), "G1": ("b",), "G2": ("c",)},
        ({"G1": 1, "G2": 1}, {"G0": 1, "G1": 1}, {"G0": 1, "G2": 1}),
    )
    for seed in range(8):
        plan = arrange(descriptor, "a", ["a", "b", "c"], Random(seed))
        assert plan.add("a", endorsement("a"))
        (other,) = plan.endorsers()
        assert other in "bc"
        assert plan.add(other, endorsement(other))
        assert plan.completed is not None
        assert [one.endorser for one in plan.completed] == [b"a", other.encode()]


def test_another_payload_is_refused() -> None:
    plan = Plan([{"G0": 1, "G1": 1}], {"G0": ["a"], "G1": ["b"]})
    assert sorted(plan.endorsers()) == ["a", "b"]
    assert plan.add("a", endorsement("a"))
    other = endorsement("b")
    other.payload = b"different"
    assert not plan.add("b", other)
    assert plan.completed is None


def test_a_failed_group_takes_its_layouts_away() -> None:
    plan = Plan([{"G0": 1, "G1": 1}, {"G1": 1}, {"G0": 1}], {"G0": ["a"], "G1": ["b"]})
    assert sorted(plan.endorsers()) == ["a", "b"]
    assert plan.next_in_group("b") is None
    plan.abandon(["b"])
    assert plan.endorsers() == []


@given(st.integers(1, 4), st.data())
def test_every_principal_set_satisfies_its_policy(threshold: int, data: st.DataObject) -> None:
    rules = data.draw(st.lists(st.sampled_from("ABCD"), min_size=threshold, max_size=5))
    text = f"OutOf({threshold}, {', '.join(repr(f'{one}.peer') for one in rules)})"
    sets = principal_sets(parse_signature_policy(text))
    assert all(len(one) == threshold for one in sets)
