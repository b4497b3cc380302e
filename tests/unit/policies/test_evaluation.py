"""Policies over real identities, decided as Fabric decides them."""

from collections.abc import Sequence

import pytest
from fabric_protos.common import configtx_pb2, policies_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError, PolicyError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.policies.evaluation import (
    ImplicitMetaPolicy,
    MissingPolicy,
    SignaturePolicy,
    valid_identities,
)
from pyfabric.rules.policies.syntax import parse_signature_policy
from pyfabric.rules.policies.tree import PolicyTree
from tests.support.network.members import Organization, manager_of

A, B, C = (Organization(f"{letter}MSP") for letter in "ABC")
MANAGER = manager_of(A, B, C)
STRANGER = Organization("StrangerMSP").member("peer")
MESSAGE = b"what was signed"


def signed(*members: SigningIdentity, message: bytes = MESSAGE) -> list[SignedData]:
    return [SignedData(message, one.serialized(), one.sign(message)) for one in members]


def satisfied(policy: str, signatures: Sequence[SignedData]) -> bool:
    try:
        SignaturePolicy(parse_signature_policy(policy), MANAGER).evaluate(signatures)
    except PolicyError:
        return False
    return True


def test_each_signer_counts_once_and_is_used_once() -> None:
    peer, other = A.member("peer"), A.member("peer", 1)
    twice = "AND('AMSP.peer', 'AMSP.peer')"
    assert not satisfied(twice, signed(peer, peer))
    assert satisfied(twice, signed(peer, other))
    assert not satisfied("AND('AMSP.peer', 'AMSP.member')", signed(peer))


def test_the_text_is_fabrics() -> None:
    policy = SignaturePolicy(parse_signature_policy("OR('AMSP.peer')"), MANAGER)
    with pytest.raises(PolicyError, match=r"^signature set did not satisfy policy$"):
        policy.evaluate([])


def test_rules_take_identities_in_their_order_without_going_back() -> None:
    admin, client = A.member("admin"), A.member("client")
    policy = "AND('AMSP.member', 'AMSP.admin')"
    assert not satisfied(policy, signed(admin, client))
    assert satisfied(policy, signed(client, admin))


def test_what_a_failed_gate_used_is_free_again() -> None:
    peer = A.member("peer")
    assert satisfied("OR(AND('AMSP.peer', 'BMSP.peer'), 'AMSP.peer')", signed(peer))


def test_more_rules_than_needed_still_use_identities() -> None:
    peers = signed(A.member("peer"), A.member("peer", 1))
    assert not satisfied("AND(OR('AMSP.peer', 'AMSP.member'), 'AMSP.peer')", peers)


def test_roles() -> None:
    for unit in ("client", "peer", "admin", "orderer"):
        one = signed(A.member(unit))
        for role in ("client", "peer", "admin", "orderer"):
            assert satisfied(f"OR('AMSP.{role}')", one) == (role == unit)
        assert satisfied("OR('AMSP.member')", one)
        assert not satisfied("OR('BMSP.member')", one)


def test_thresholds_at_the_edges() -> None:
    assert satisfied("OutOf(0, 'AMSP.peer')", [])
    assert not satisfied("OutOf(2, 'AMSP.peer')", signed(A.member("peer")))


def test_signatures_that_do_not_count() -> None:
    peer = A.member("peer")
    good = signed(peer)[0]
    forged = SignedData(b"something else", good.identity, good.signature)
    junk = SignedData(MESSAGE, b"\xff", b"")
    stranger = signed(STRANGER)[0]
    assert valid_identities([forged, junk, stranger], MANAGER) == []
    assert not satisfied("OR('AMSP.peer')", [forged, junk, stranger])
    assert satisfied("OR('AMSP.peer')", [forged, junk, stranger, good])
    assert [one.msp_id for one in valid_identities([forged, good, good], MANAGER)] == ["AMSP"]


@given(st.data())
def test_no_gate_wants_fewer_than_its_threshold(data: st.DataObject) -> None:
    """Evaluate gates with one rule for each organisation: enough organisations satisfy them, fewer do not."""
    organizations = data.draw(st.lists(st.sampled_from("ABC"), unique=True))
    threshold = data.draw(st.integers(0, 4))
    members = [{"A": A, "B": B, "C": C}[letter].member("peer") for letter in organizations]
    policy = f"OutOf({threshold}, 'AMSP.peer', 'BMSP.peer', 'CMSP.peer')"
    assert satisfied(policy, signed(*members)) == (len(members) >= threshold)


@pytest.mark.parametrize(
    ("envelope", "text"),
    [
        (policies_pb2.SignaturePolicyEnvelope(version=1), "version was 1"),
        (policies_pb2.SignaturePolicyEnvelope(), "Empty policy element"),
        (
            policies_pb2.SignaturePolicyEnvelope(rule=policies_pb2.SignaturePolicy(signed_by=2)),
            "identity index out of range, requested 2, but identities length is 0",
        ),
        (
            policies_pb2.SignaturePolicyEnvelope(
                rule=policies_pb2.SignaturePolicy(
                    n_out_of=policies_pb2.SignaturePolicy.NOutOf(
                        n=1, rules=[policies_pb2.SignaturePolicy()]
                    )
                )
            ),
            "Unknown type: <nil>:<nil>",
        ),
    ],
)
def test_policies_that_do_not_compile(
    envelope: policies_pb2.SignaturePolicyEnvelope, text: str
) -> None:
    with pytest.raises(ConfigError, match=text):
        SignaturePolicy.from_bytes(envelope.SerializeToString(), MANAGER)


def test_bytes_that_are_no_policy() -> None:
    with pytest.raises(ConfigError, match="Error unmarshalling to SignaturePolicy: proto"):
        SignaturePolicy.from_bytes(b"\xff", MANAGER)


def meta(rule: int, *policies: str) -> ImplicitMetaPolicy:
    return ImplicitMetaPolicy(
        policies_pb2.ImplicitMetaPolicy(rule=rule, sub_policy="Endorsement"),
        [SignaturePolicy(parse_signature_policy(text), MANAGER) for text in policies],
        MANAGER,
    )


@pytest.mark.parametrize(
    ("rule", "count", "threshold"),
    [("ANY", 3, 1), ("ALL", 3, 3), ("MAJORITY", 3, 2), ("MAJORITY", 2, 2), ("MAJORITY", 1, 1)]
    + [(name, 0, 0) for name in ("ANY", "ALL", "MAJORITY")],
)
def test_thresholds_of_implicit_meta(rule: str, count: int, threshold: int) -> None:
    policies = [f"OR('{letter}MSP.peer')" for letter in "ABC"[:count]]
    policy = meta(policies_pb2.ImplicitMetaPolicy.Rule.Value(rule), *policies)
    peers = [A.member("peer"), B.member("peer"), C.member("peer")]
    policy.evaluate(signed(*peers[:threshold]))
    if threshold:
        with pytest.raises(PolicyError) as refusal:
            policy.evaluate(signed(*peers[: threshold - 1]))
        assert str(refusal.value) == (
            f"implicit policy evaluation failed - {threshold - 1} sub-policies were satisfied, but "
            f"this policy requires {threshold} of the 'Endorsement' sub-policies to be satisfied"
        )


def test_an_unknown_rule_of_implicit_meta_requires_nothing() -> None:
    assert meta(9, "OR('AMSP.peer')").threshold == 0


def test_a_missing_policy_refuses() -> None:
    with pytest.raises(PolicyError, match="no such policy: 'Writers'"):
        MissingPolicy("Writers").evaluate([])
    with pytest.raises(PolicyError, match="no such policy: 'Writers'"):
        MissingPolicy("Writers").evaluate_identities([])


def entry(kind: int, value: bytes) -> configtx_pb2.ConfigPolicy:
    return configtx_pb2.ConfigPolicy(policy=policies_pb2.Policy(type=kind, value=value))


def signature(text: str) -> configtx_pb2.ConfigPolicy:
    return entry(1, parse_signature_policy(text).SerializeToString())


def channel() -> configtx_pb2.ConfigGroup:
    writers = policies_pb2.ImplicitMetaPolicy(sub_policy="Writers").SerializeToString()
    root = configtx_pb2.ConfigGroup(policies={"Writers": entry(3, writers)})
    application = root.groups["Application"]
    application.policies["Writers"].CopyFrom(entry(3, writers))
    for letter in "AB":
        group = application.groups[letter]
        group.policies["Writers"].CopyFrom(signature(f"OR('{letter}MSP.client')"))
    application.groups["Silent"].mod_policy = "Admins"
    return root


def test_paths_in_the_tree() -> None:
    tree = PolicyTree("Channel", channel(), MANAGER)
    client = signed(A.member("client"))
    for name in (
        "Writers",
        "/Channel/Writers",
        "/Channel/Application/Writers",
        "Application/A/Writers",
        "/Channel/Application/A/Writers",
    ):
        tree.get(name).evaluate(client)
    with pytest.raises(PolicyError, match="did not satisfy"):
        tree.get("/Channel/Application/B/Writers").evaluate(client)
    tree.groups["Application"].get("A/Writers").evaluate(client)


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("", ""),
        ("Nothing", "Nothing"),
        ("/Channel/Nothing", "Nothing"),
        ("/Elsewhere/Writers", "/Elsewhere/Writers"),
        ("/Channel", ""),
    ],
)
def test_names_that_lead_nowhere(name: str, missing: str) -> None:
    policy = PolicyTree("Channel", channel(), MANAGER).get(name)
    with pytest.raises(PolicyError) as refusal:
        policy.evaluate([])
    assert str(refusal.value) == f"no such policy: '{missing}'"


def test_a_group_without_the_policy_counts_as_not_satisfied() -> None:
    root = channel()
    everyone = policies_pb2.ImplicitMetaPolicy(sub_policy="Writers", rule=1).SerializeToString()
    root.groups["Application"].policies["Everyone"].CopyFrom(entry(3, everyone))
    tree = PolicyTree("Channel", root, MANAGER)
    with pytest.raises(PolicyError, match=r"2 sub-policies were satisfied, .* requires 3"):
        tree.get("Application/Everyone").evaluate(signed(A.member("client"), B.member("client")))


@pytest.mark.parametrize(
    ("broken", "text"),
    [
        (configtx_pb2.ConfigPolicy(), "policy Bad at path Channel was nil"),
        (entry(2, b""), "policy Bad at path Channel has unknown policy type: 2"),
        (entry(3, b"\xff"), "policy Bad at path Channel did not compile"),
        (entry(1, b""), "policy Bad at path Channel did not compile: .*Empty policy element"),
    ],
)
def test_policies_that_make_no_tree(broken: configtx_pb2.ConfigPolicy, text: str) -> None:
    root = channel()
    root.policies["Bad"].CopyFrom(broken)
    with pytest.raises(ConfigError, match=text):
        PolicyTree("Channel", root, MANAGER)
