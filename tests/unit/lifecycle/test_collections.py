"""Which collections a channel has, who belongs to each, and what `_lifecycle` accepts of them."""

import pytest
from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from fabric_protos.peer import collection_pb2, policy_pb2
from fabric_protos.peer.lifecycle import lifecycle_pb2

from pyfabric.errors import PolicyError
from pyfabric.messages.lifecycle import LIFECYCLE, implicit_collection
from pyfabric.messages.policies import Role, role_principal, signed_by, signed_by_members
from pyfabric.rules.collections import IMPLICIT_MAXIMUM, Collection, Collections
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.lifecycle.definitions import Definition
from pyfabric.rules.lifecycle.endorsement import implicit_collection_policy, lifecycle_policy
from pyfabric.rules.lifecycle.inputs import check_collections
from tests.support.ledger.private_history import identity, user
from tests.support.rules import history

MEMBERS = ["ArchiveMSP", "FacultyMSP", "RegistryMSP"]
Principal = msp_principal_pb2.MSPPrincipal


def channel(*without: str) -> ChannelConfig:
    """Return a real channel's configuration without some of its application policies."""
    config = ChannelConfig.from_block(history.blocks()[0])
    application = config.raw.channel_group.groups["Application"]
    for path in without:
        group, _, name = path.rpartition("/")
        del (application.groups[group] if group else application).policies[name]
    return ChannelConfig(config.raw, channel_id=config.channel_id)


def of_principals(*principals: Principal) -> Collection:
    return Collection("c", signed_by(1, principals), channel().msp_manager)


def unit(msp_id: str) -> Principal:
    raw = msp_principal_pb2.OrganizationUnit(msp_identifier=msp_id).SerializeToString()
    return Principal(principal_classification=Principal.ORGANIZATION_UNIT, principal=raw)


def test_the_organisations_that_a_policy_names() -> None:
    person = Principal(principal_classification=Principal.IDENTITY, principal=user("RegistryMSP"))
    unreadable = Principal(principal_classification=Principal.ROLE, principal=b"\xff")
    stranger = Principal(principal_classification=Principal.IDENTITY, principal=b"nobody")
    anonymous = Principal(principal_classification=Principal.ANONYMITY)
    found = of_principals(
        role_principal("ArchiveMSP", Role.MEMBER),
        unit("FacultyMSP"),
        person,
        unreadable,
        stranger,
        anonymous,
    )
    assert found.member_organizations == set(MEMBERS)


def test_a_policy_of_nobody_includes_nobody() -> None:
    manager = channel().msp_manager
    member = manager.deserialize(user("RegistryMSP"))
    broken = policies_pb2.SignaturePolicyEnvelope(rule=policies_pb2.SignaturePolicy(signed_by=3))
    assert not Collection("c", broken, manager).includes(member)
    assert of_principals(role_principal("RegistryMSP", Role.MEMBER)).includes(member)
    assert not of_principals(role_principal("ArchiveMSP", Role.MEMBER)).includes(member)


def test_a_peer_stores_what_names_its_organisation_or_itself() -> None:
    peer = channel().msp_manager.deserialize(identity("peer0", "RegistryMSP"))
    named = Principal(principal_classification=Principal.IDENTITY, principal=peer.serialized())
    assert of_principals(role_principal("RegistryMSP", Role.ADMIN)).stored_by(peer)
    assert of_principals(named).stored_by(peer)
    assert not of_principals(role_principal("ArchiveMSP", Role.ADMIN)).stored_by(peer)


def collections() -> Collections:
    static = collection_pb2.StaticCollectionConfig(
        name="duo", maximum_peer_count=2, required_peer_count=1, block_to_live=5
    )
    static.member_orgs_policy.signature_policy.CopyFrom(signed_by_members(1, MEMBERS[:2]))
    package = collection_pb2.CollectionConfigPackage(
        config=[collection_pb2.CollectionConfig(static_collection_config=static)]
    )
    defined = {
        "cc": Definition.requested(
            lifecycle_pb2.CommitChaincodeDefinitionArgs(sequence=1, collections=package)
        )
    }
    return Collections(channel(), defined.get, "RegistryMSP")


def test_explicit_and_implicit_collections_of_a_chaincode() -> None:
    found = collections().find("cc", "duo")
    assert found is not None
    assert (found.required_peer_count, found.maximum_peer_count, found.block_to_live) == (1, 2, 5)
    assert found.member_organizations == set(MEMBERS[:2])
    assert collections().find("cc", "trio") is None
    for msp_id in MEMBERS:
        own = collections().find("cc", implicit_collection(msp_id))
        assert own is not None
        assert own.member_organizations == {msp_id}
        assert own.maximum_peer_count == (IMPLICIT_MAXIMUM if msp_id == "RegistryMSP" else 0)
    implicit = [implicit_collection(msp_id) for msp_id in channel().application_organizations]
    assert collections().names("cc") == ("duo", *implicit)


def test_the_lifecycle_has_implicit_collections_and_undefined_chaincodes_none() -> None:
    implicit = [implicit_collection(msp_id) for msp_id in channel().application_organizations]
    assert collections().find(LIFECYCLE, implicit[0]) is not None
    assert collections().find(LIFECYCLE, "duo") is None
    assert collections().names(LIFECYCLE) == tuple(implicit)
    assert collections().find("nocc", implicit[0]) is None
    assert collections().names("nocc") == tuple(implicit)


def test_a_member_collection_may_name_an_identity_of_the_channel() -> None:
    named = Principal(principal_classification=Principal.IDENTITY, principal=user("RegistryMSP"))
    static = collection_pb2.StaticCollectionConfig(name="c")
    static.member_orgs_policy.signature_policy.CopyFrom(signed_by(1, [named]))
    check_collections([static], channel().msp_manager)


# core/chaincode/lifecycle/lifecycle.go: LifecycleEndorsementPolicyAsBytes
def test_the_lifecycle_is_endorsed_by_its_policy_or_a_majority_of_members() -> None:
    assert lifecycle_policy(channel()) == policy_pb2.ApplicationPolicy(
        channel_config_policy_reference="/Channel/Application/LifecycleEndorsement"
    )
    without = lifecycle_policy(channel("LifecycleEndorsement"))
    assert without.signature_policy == signed_by_members(2, MEMBERS)


# core/chaincode/lifecycle/deployedcc_infoprovider.go: ImplicitCollectionEndorsementPolicyAsBytes
def test_an_implicit_collection_is_endorsed_by_its_organisation() -> None:
    group = channel().application_organizations["RegistryMSP"].name
    assert implicit_collection_policy(channel(), "RegistryMSP") == policy_pb2.ApplicationPolicy(
        channel_config_policy_reference=f"/Channel/Application/{group}/Endorsement"
    )
    without = implicit_collection_policy(channel(f"{group}/Endorsement"), "RegistryMSP")
    assert without.signature_policy == signed_by_members(1, ["RegistryMSP"])
    with pytest.raises(PolicyError, match="no org found in channel with MSPID 'Ghost'"):
        implicit_collection_policy(channel(), "Ghost")
