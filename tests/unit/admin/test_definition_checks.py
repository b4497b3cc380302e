"""What is said of a definition before it is sent, on the configuration of a real channel of three members."""

from dataclasses import replace

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2, policy_pb2

from pyfabric.admin import (
    ChaincodeDefinition,
    CollectionConfig,
    check_definition,
    collection_package,
)
from pyfabric.admin.definition_checks import left_out, unusable_parts
from tests.conftest import ROOT

CONFIG = (ROOT / "tests/vectors/6-discovery-gateway/channel-config.pb").read_bytes()
LIVE = {"ArchiveMSP": 1, "FacultyMSP": 1, "RegistryMSP": 1}
ALL = "OR('RegistryMSP.member', 'FacultyMSP.member', 'ArchiveMSP.member')"
DUO = CollectionConfig(name="duo", policy="OR('RegistryMSP.member', 'FacultyMSP.member')")
DEEDS = ChaincodeDefinition(name="deeds", version="1.0", sequence=1)
OF_DUO = "OR('RegistryMSP.peer', 'FacultyMSP.peer')"


def found(
    definition: ChaincodeDefinition,
    *collections: CollectionConfig,
    committed: ChaincodeDefinition | None = None,
    peers: dict[str, int] = LIVE,
    config: bytes = CONFIG,
) -> list[tuple[bool, str]]:
    findings = check_definition(
        replace(definition, collections=collection_package(collections)),
        channel="records",
        config=config,
        committed=committed,
        peers=peers,
    )
    return [(one.refused, one.message) for one in findings]


def test_nothing_is_wrong_with_a_plain_definition() -> None:
    assert found(DEEDS) == []
    assert found(replace(DEEDS, endorsement_policy="/Channel/Application/Endorsement")) == []
    assert found(replace(DEEDS, endorsement_policy=OF_DUO), DUO) == []
    assert (
        found(DEEDS, replace(DUO, policy=ALL, endorsement_policy=ALL.replace("member", "peer")))
        == []
    )


@pytest.mark.parametrize(
    ("change", "collections", "says"),
    [
        ({"name": "de eds"}, [], "invalid chaincode name 'de eds'"),
        ({"name": "lscc"}, [], "'lscc' is the name of a system chaincode"),
        ({"version": "1 0"}, [], "invalid chaincode version '1 0'"),
        ({"sequence": 2}, [], "requested sequence 2 is larger than the next available sequence number 1"),
        ({"sequence": 0}, [], "first definable sequence number is 1"),
        ({}, [replace(DUO, name="_duo")], "invalid collection name '_duo'"),
        ({}, [DUO, DUO], "duo -- found duplicate in collection configuration"),
        ({}, [replace(DUO, required_peer_count=2)], "maximum peer count (1) cannot be less than the required peer count (2)"),
        ({}, [replace(DUO, required_peer_count=-1)], "requiredPeerCount (-1) cannot be less than zero"),
        ({}, [replace(DUO, policy="OR('PoliceMSP.member')")], "collection member 'PoliceMSP' is not part of the channel"),
        ({}, [replace(DUO, policy="AND('FacultyMSP.member', 'RegistryMSP.member')")], "signature policy is not an OR concatenation, NOutOf 2"),
    ],
)  # fmt: skip
def test_what_peers_refuse(change: dict, collections: list[CollectionConfig], says: str) -> None:
    ((refused, message),) = found(replace(DEEDS, **change), *collections)
    assert refused
    assert says in message


def test_every_refusal_is_named_and_no_warning_beside_them() -> None:
    wrong = [replace(DUO, name="_a"), replace(DUO, policy="OR('PoliceMSP.member')")]
    messages = found(replace(DEEDS, endorsement_policy="/Channel/No"), *wrong)
    assert [refused for refused, _ in messages] == [True, True]


def test_changes_that_peers_refuse() -> None:
    before = replace(DEEDS, collections=collection_package([DUO]))
    after = replace(DEEDS, sequence=2)
    ((refused, message),) = found(after, replace(DUO, block_to_live=3), committed=before)
    assert refused
    assert "the BlockToLive in an existing collection [duo] modified. Existing value [0]" in message
    ((_, message),) = found(after, replace(DUO, name="other"), committed=before)
    assert "existing collection [duo] missing" in message
    assert found(after, committed=before)[0][0]
    changed = replace(DUO, member_only_read=True, endorsement_policy=OF_DUO)
    assert (
        found(after, changed, replace(DUO, name="new", endorsement_policy=OF_DUO), committed=before)
        == []
    )
    stale = found(DEEDS, DUO, committed=replace(before, sequence=2))
    assert stale == [(True, "currently defined sequence 2 is larger than requested sequence 1")]


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("/Channel/Application/Nobody", "which the channel does not have: no transaction would be valid"),
        ("OR('PoliceMSP.peer', 'FacultyMSP.peer')", "names PoliceMSP, which is not part of the channel"),
        ("OR('FacultyMSP.client')", "peers have the roles member and peer alone, not 'FacultyMSP.client'"),
        ("AND('FacultyMSP.peer', 'FacultyMSP.member')", "of the peers that live (ArchiveMSP 1, FacultyMSP 1, RegistryMSP 1) no choice meets"),
    ],
)  # fmt: skip
def test_endorsement_policies_that_will_not_work(policy: str, says: str) -> None:
    ((refused, message),) = found(replace(DEEDS, endorsement_policy=policy))
    assert not refused
    assert message.startswith("the endorsement policy")
    assert says in message


def test_policies_that_no_text_describes_are_taken_to_be_met() -> None:
    unit = msp_principal_pb2.OrganizationUnit(msp_identifier="FacultyMSP")
    envelope = policies_pb2.SignaturePolicyEnvelope(
        rule=policies_pb2.SignaturePolicy(signed_by=0),
        identities=[
            msp_principal_pb2.MSPPrincipal(
                principal_classification=msp_principal_pb2.MSPPrincipal.ORGANIZATION_UNIT,
                principal=unit.SerializeToString(),
            )
        ],
    )
    policy = policy_pb2.ApplicationPolicy(signature_policy=envelope).SerializeToString()
    assert found(replace(DEEDS, endorsement_policy=policy), DUO) == []
    package = collection_pb2.CollectionConfigPackage.FromString(collection_package([DUO]))
    entry = package.config[0].static_collection_config
    entry.endorsement_policy.ParseFromString(policy)
    strange = replace(DEEDS, collections=package.SerializeToString())
    entry.member_orgs_policy.signature_policy.CopyFrom(envelope)
    for one in (strange, replace(DEEDS, collections=package.SerializeToString())):
        findings = check_definition(
            one, channel="records", config=CONFIG, committed=None, peers=LIVE
        )
        assert findings == ()


def test_a_reference_may_begin_below_the_channel() -> None:
    assert found(replace(DEEDS, endorsement_policy="Application/Endorsement")) == []
    ((_, message),) = found(replace(DEEDS, endorsement_policy="Endorsement"))
    assert "is /Channel/Endorsement, which the channel does not have" in message


def test_a_policy_needs_peers_that_live() -> None:
    assert found(DEEDS, peers={"FacultyMSP": 5}) == [
        (False, "the endorsement policy cannot be met: of the peers that live (FacultyMSP 5) no choice meets /Channel/Application/Endorsement"),
    ]  # fmt: skip
    assert found(DEEDS, peers={"FacultyMSP": 1, "ArchiveMSP": 1}) == []


def test_collections_that_will_not_work() -> None:
    policy = "AND('FacultyMSP.peer', 'ArchiveMSP.peer')"
    messages = [message for _, message in found(replace(DEEDS, endorsement_policy=policy), DUO)]
    assert [message.partition(":")[0] for message in messages] == ["collection duo"] * 2
    assert "its members' peers cannot meet the endorsement policy" in messages[0]
    assert "RegistryMSP reads it, and is no endorser" in messages[1]
    wide = replace(DUO, endorsement_policy=OF_DUO, required_peer_count=3, maximum_peer_count=3)
    ((refused, message),) = found(DEEDS, wide)
    assert not refused
    assert "requiredPeerCount is 3, and 2 of its members' peers live" in message
    everyone = replace(wide, policy=ALL, endorsement_policy=ALL, maximum_peer_count=5)
    assert "and 2 of its members' peers live" in found(DEEDS, everyone)[0][1]
    foreign = replace(DUO, endorsement_policy="OR('PoliceMSP.peer')")
    messages = [message for _, message in found(DEEDS, foreign)]
    assert "its endorsementPolicy names PoliceMSP" in messages[0]
    assert "its endorsementPolicy cannot be met" in messages[1]


def test_without_an_endorsement_policy_the_channel_needs_one() -> None:
    config = configtx_pb2.Config.FromString(CONFIG)
    del config.channel_group.groups["Application"].policies["Endorsement"]
    ((refused, message),) = found(DEEDS, config=config.SerializeToString())
    assert refused
    assert "'/Channel/Application/Endorsement' must be defined for channel 'records'" in message


def test_what_a_definition_in_force_loses_with_a_member() -> None:
    def lost(definition: ChaincodeDefinition, *collections: CollectionConfig) -> tuple[str, ...]:
        whole = replace(definition, collections=collection_package(collections))
        rest = {"ArchiveMSP": 1, "FacultyMSP": 1}
        assert unusable_parts(whole, channel="records", config=CONFIG, peers=LIVE) == ()
        return unusable_parts(whole, channel="records", config=CONFIG, peers=rest)

    assert lost(DEEDS) == ()
    assert lost(replace(DEEDS, endorsement_policy=OF_DUO), DUO) == ()
    both = OF_DUO.replace("OR", "AND")
    (policy,) = lost(replace(DEEDS, endorsement_policy=both))
    assert policy.startswith("the endorsement policy cannot be met")
    (collection,) = lost(DEEDS, replace(DUO, endorsement_policy=both))
    assert "collection duo: its endorsementPolicy cannot be met" in collection
    (few,) = lost(DEEDS, replace(DUO, required_peer_count=2, maximum_peer_count=2))
    assert "requiredPeerCount is 2" in few


def test_a_collection_without_a_member_in_the_channel() -> None:
    strangers = replace(DUO, policy="OR('OtherMSP.member')")
    whole = replace(DEEDS, collections=collection_package([strangers]))
    (found,) = unusable_parts(whole, channel="records", config=CONFIG, peers=LIVE)
    assert found.startswith("collection duo: none of its members is part of the channel")


def test_policies_that_leave_an_organisation_out() -> None:
    whole = replace(DEEDS, endorsement_policy=OF_DUO, collections=collection_package([DUO]))
    assert left_out(whole, "FacultyMSP") == ()
    assert left_out(replace(DEEDS, endorsement_policy=ALL), "ArchiveMSP") == ()
    assert left_out(DEEDS, "ArchiveMSP") == ()
    policy, collection = left_out(whole, "ArchiveMSP")
    assert policy == f"the endorsement policy {OF_DUO}"
    assert collection.startswith("collection duo of ")
