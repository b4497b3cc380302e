"""The rules of discovery one by one: principals, merging, policies, wording, endpoints."""

from collections.abc import Callable

import pytest
from fabric_protos.common import configtx_pb2, configuration_pb2, policies_pb2
from fabric_protos.msp import identities_pb2, msp_principal_pb2
from fabric_protos.peer import collection_pb2, policy_pb2, proposal_response_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError, PolicyError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.discovery import principals as rules
from pyfabric.rules.discovery.config import config_result
from pyfabric.rules.discovery.endorsement import ChannelView, Member
from pyfabric.rules.discovery.policies import (
    DefinedChaincode,
    as_signature_policy,
    lifecycle_chaincode,
    required_policies,
    with_implicit,
)
from pyfabric.rules.discovery.principals import Principal, merge, merge_all, principal_sets
from pyfabric.rules.discovery.wording import interest_text
from pyfabric.rules.policies.evaluation import ImplicitMetaPolicy, SignaturePolicy
from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.support.ledger.limits import at_most
from tests.unit.discovery.conftest import load

Kinds = msp_principal_pb2.MSPPrincipal
Roles = msp_principal_pb2.MSPRole
Call = proposal_response_pb2.ChaincodeCall
Interest = proposal_response_pb2.ChaincodeInterest


def role(msp_id: str, name: str = "PEER") -> Principal:
    raw = Roles(msp_identifier=msp_id, role=Roles.MSPRoleType.Value(name)).SerializeToString()
    return Principal.of(Kinds(principal_classification=Kinds.ROLE, principal=raw))


def unit(msp_id: str, name: str) -> Principal:
    raw = msp_principal_pb2.OrganizationUnit(
        msp_identifier=msp_id, organizational_unit_identifier=name, certifiers_identifier=b"ca"
    ).SerializeToString()
    return Principal.of(Kinds(principal_classification=Kinds.ORGANIZATION_UNIT, principal=raw))


def person(msp_id: str, certificate: bytes) -> Principal:
    raw = identities_pb2.SerializedIdentity(mspid=msp_id, id_bytes=certificate).SerializeToString()
    return Principal.of(Kinds(principal_classification=Kinds.IDENTITY, principal=raw))


def test_who_is_who() -> None:
    member, peer, admin = role("A", "MEMBER"), role("A"), role("A", "ADMIN")
    assert peer.is_a(member)
    assert not member.is_a(peer)
    assert not peer.is_a(role("B", "MEMBER"))
    assert not peer.is_a(admin)
    assert unit("A", "tax").is_a(unit("A", "tax"))
    assert not unit("A", "tax").is_a(unit("A", "land"))
    assert person("A", b"x").is_a(person("A", b"x"))
    assert not person("A", b"x").is_a(person("A", b"y"))
    assert not unit("A", "tax").is_a(peer)
    assert peer.message().principal == peer.raw


@pytest.mark.parametrize(
    "message",
    [
        Kinds(principal_classification=Kinds.ROLE, principal=b"\xff"),
        Kinds(principal_classification=Kinds.ANONYMITY),
    ],
)
def test_principals_that_cannot_be_compared(message: msp_principal_pb2.MSPPrincipal) -> None:
    with pytest.raises(PolicyError, match="comparable principal set"):
        Principal.of(message)


def test_ways_of_a_policy() -> None:
    policy = parse_signature_policy("OR('A.peer', AND('B.peer', 'C.peer'))")
    assert principal_sets(policy) == [(role("A"),), (role("B"), role("C"))]
    assert principal_sets(policies_pb2.SignaturePolicyEnvelope()) == []
    stray = parse_signature_policy("OR('A.peer', 'B.peer')")
    stray.rule.n_out_of.rules[1].signed_by = 9
    assert principal_sets(stray) == []


def test_a_policy_with_too_many_ways_is_cut() -> None:
    names = ", ".join(f"'M{number}.peer'" for number in range(20))
    ways = principal_sets(parse_signature_policy(f"OutOf(10, {names})"))
    assert 0 < len(ways) <= rules.MOST_WAYS


@pytest.mark.parametrize(
    ("needed", "count", "ways"),
    [
        (2**31 - 1, 3, 0),
        (-1, 3, 0),
        (10_000, 20_000, 1),
        (20_000, 20_000, 1),
    ],
)
def test_a_gate_of_any_size_is_soon_worked_out(needed: int, count: int, ways: int) -> None:
    policy = policies_pb2.SignaturePolicyEnvelope(identities=[role("A").message()])
    policy.rule.n_out_of.n = needed
    for _ in range(count):
        policy.rule.n_out_of.rules.add(signed_by=0)
    with at_most(20):
        assert len(principal_sets(policy)) == ways


def test_gates_in_gates_are_worked_out_once_each() -> None:
    rule = policies_pb2.SignaturePolicy(signed_by=0)
    for _ in range(3):
        gate = policies_pb2.SignaturePolicy()
        gate.n_out_of.n = 2
        gate.n_out_of.rules.extend([rule] * 12)
        rule = gate
    policy = policies_pb2.SignaturePolicyEnvelope(identities=[role("A").message()], rule=rule)
    with at_most(20):
        assert len(principal_sets(policy)) == rules.MOST_WAYS


def test_two_policies_at_once() -> None:
    with pytest.raises(PolicyError, match="no principal sets remained"):
        merge_all([])
    a, b, c, member = role("A"), role("B"), role("C"), role("A", "MEMBER")
    assert merge([(member,)], [(a,)]) == [(a,)]
    assert merge([(a, b)], [(b,)]) == [(a, b)]
    assert [set(one) for one in merge([(a,)], [(b,), (c,)])] == [{a, b}, {a, c}]
    assert merge([(a, a)], [(a,)]) == [(a, a)]


def test_merging_many_ways_is_bounded() -> None:
    many = [(role(f"M{number}"),) for number in range(150)]
    assert len(merge(many, many)) <= 150


@given(st.lists(st.lists(st.sampled_from("ABC"), min_size=1, max_size=3), min_size=1, max_size=4))
def test_a_merged_way_satisfies_what_was_merged(ways: list[list[str]]) -> None:
    first = [tuple(role(name) for name in one) for one in ways]
    second = [(role("A"), role("B"))]
    for found in merge(first, second):
        assert any(set(one) <= set(found) for one in first)
        assert set(second[0]) <= set(found)


def chaincode(policy: policy_pb2.ApplicationPolicy, *names: str) -> DefinedChaincode:
    package = collection_pb2.CollectionConfigPackage()
    for name in names:
        package.config.add().static_collection_config.name = name
    return DefinedChaincode("cc", 1, policy.SerializeToString(), package)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\xff", "failed to unmarshal ApplicationPolicy bytes"),
        (b"", "unsupported policy type <nil> on channel 'records'"),
        (
            policy_pb2.ApplicationPolicy(
                channel_config_policy_reference="/Channel/Application/None"
            ).SerializeToString(),
            "could not retrieve policy for reference '/Channel/Application/None'",
        ),
        (
            policy_pb2.ApplicationPolicy(
                signature_policy=policies_pb2.SignaturePolicyEnvelope()
            ).SerializeToString(),
            "policy not found",
        ),
    ],
)
def test_policies_that_cannot_be_used(config: ChannelConfig, raw: bytes, text: str) -> None:
    with pytest.raises(PolicyError, match=text):
        required_policies(DefinedChaincode("cc", 1, raw), [], config)


def test_nested_rules_are_renumbered(config: ChannelConfig) -> None:

    implicit = config.policy("/Channel/Application/Endorsement")
    joined = as_signature_policy(implicit)
    assert joined.rule.n_out_of.n == len(joined.rule.n_out_of.rules) // 2 + 1
    assert all(part.n_out_of.rules for part in joined.rule.n_out_of.rules)


def test_the_lifecycle_without_a_policy_of_its_own(config: ChannelConfig) -> None:
    raw = configtx_pb2.Config()
    raw.CopyFrom(config.raw)
    del raw.channel_group.groups["Application"].policies["LifecycleEndorsement"]
    found = lifecycle_chaincode(ChannelConfig(raw, channel_id="records"))
    policy = policy_pb2.ApplicationPolicy.FromString(found.endorsement_policy).signature_policy
    members = len(config.application_organizations)
    assert len(policy.identities) == members
    assert policy.rule.n_out_of.n == members // 2 + 1


def test_a_departments_own_collection() -> None:
    package = with_implicit(
        collection_pb2.CollectionConfigPackage(), ["_implicit_org_TaxMSP", "other"]
    )
    (own,) = package.config
    policy = own.static_collection_config.member_orgs_policy.signature_policy
    assert principal_sets(policy) == [(role("TaxMSP", "MEMBER"),)]


def view(config: ChannelConfig, defined: DefinedChaincode) -> ChannelView[str]:
    return ChannelView(config, {"cc": defined}.get, [])


def test_interests_that_nobody_can_serve(config: ChannelConfig) -> None:
    policy = policy_pb2.ApplicationPolicy(signature_policy=parse_signature_policy("OR('A.peer')"))
    whole = view(config, chaincode(policy, "evidence"))
    broken = view(config, DefinedChaincode("cc", 1, b"\xff"))
    stray = parse_signature_policy("OR('A.peer')")
    stray.rule.n_out_of.rules[0].signed_by = 9
    unsatisfiable = policy_pb2.ApplicationPolicy(signature_policy=stray)
    for channel, call, text in (
        (broken, Call(name="cc"), "No metadata was found for chaincode cc in channel records"),
        (whole, Call(name="cc", collection_names=["evidence"]), "policy of evidence is nil"),
        (
            view(config, chaincode(unsatisfiable)),
            Call(name="cc"),
            "endorsement policy cannot be satisfied",
        ),
        (
            whole,
            Call(name="cc", key_policies=[stray]),
            "state based endorsement policy cannot be satisfied",
        ),
        (
            whole,
            Call(name="cc", disregard_namespace_policy=True),
            "requested to disregard chaincode cc's policy",
        ),
    ):
        with pytest.raises(PolicyError, match=text):
            channel.endorsers(Interest(chaincodes=[call]))


def test_how_an_interest_is_written() -> None:
    call = Call(
        name='a"b\n\x01\x85',
        collection_names=["x", "y"],
        no_private_reads=True,
        key_policies=[
            policies_pb2.SignaturePolicyEnvelope(
                version=1,
                identities=[
                    Kinds(principal_classification=Kinds.ORGANIZATION_UNIT, principal=b"\xff\t")
                ],
            )
        ],
    )
    assert interest_text(Interest(chaincodes=[call])) == (
        'chaincodes:{name:"a\\"b\\n\\x01\\u0085"  collection_names:"x"  collection_names:"y"  '
        "no_private_reads:true  key_policies:{version:1  "
        'identities:{principal_classification:ORGANIZATION_UNIT  principal:"\\xff\\t"}}}'
    )


def with_endpoints(config: ChannelConfig, own: list[str], common: list[str]) -> configtx_pb2.Config:
    raw = configtx_pb2.Config()
    raw.CopyFrom(config.raw)
    for group in raw.channel_group.groups["Orderer"].groups.values():
        del group.values["Endpoints"]
        if own:
            group.values["Endpoints"].value = configuration_pb2.OrdererAddresses(
                addresses=own
            ).SerializeToString()
    raw.channel_group.values["OrdererAddresses"].value = configuration_pb2.OrdererAddresses(
        addresses=common
    ).SerializeToString()
    return raw


def test_orderers_own_endpoints_and_common_ones(config: ChannelConfig) -> None:
    own = config_result(with_endpoints(config, ["[::1]:7050", "no port", "::1:5", "h:x"], ["c:1"]))
    for orderer in own.orderers.values():
        assert [(one.host, one.port) for one in orderer.endpoint] == [("::1", 7050)]
    signed = config_result(with_endpoints(config, ["a:+5", "a:-1", "a]b:1", f"a:{2**31}"], []))
    for orderer in signed.orderers.values():
        assert [one.port for one in orderer.endpoint] == [5, 2**32 - 1]  # as ParseInt reads them
    common = config_result(with_endpoints(config, [], ["c:1"]))
    for orderer in common.orderers.values():
        assert [(one.host, one.port) for one in orderer.endpoint] == [("c", 1)]
    with pytest.raises(ConfigError, match="x is not a valid port number"):
        config_result(with_endpoints(config, [], ["c:x"]))


def test_peers_without_the_chaincode_cannot_fill_a_layout(
    config: ChannelConfig,
    definitions: dict[str, DefinedChaincode],
    member: Callable[..., Member[str]],
) -> None:
    members = [member(peer, without=("ledger",)) for peer in load("peers.json")]
    channel = ChannelView(config, definitions.get, members)
    with pytest.raises(PolicyError, match="required chaincodes are not installed on sufficient"):
        channel.endorsers(Interest(chaincodes=[Call(name="ledger")]))


def test_a_principal_of_several_departments_is_listed_once(config: ChannelConfig) -> None:
    shared = parse_signature_policy("OR('A.peer')")
    part = SignaturePolicy(shared, config.msp_manager)
    rule = policies_pb2.ImplicitMetaPolicy(sub_policy="Endorsement", rule="ALL")
    joined = as_signature_policy(ImplicitMetaPolicy(rule, [part, part], config.msp_manager))
    assert len(joined.identities) == 1
    assert principal_sets(joined) == [(role("A"), role("A"))]
