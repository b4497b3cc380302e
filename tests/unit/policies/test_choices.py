"""Which organisations satisfy a policy together, compared with what the evaluation of policies decides."""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from typing import Any

import pytest
from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import PolicyError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.msp import MSP, MemberIdentity, MSPManager
from pyfabric.identity.units import Role
from pyfabric.messages.policies import identity_principal, role_principal, signed_by
from pyfabric.rules.policies.choices import (
    Choice,
    anyone,
    by_organizations,
    can_be_satisfied,
    choices,
    members_of,
)
from pyfabric.rules.policies.evaluation import (
    ImplicitMetaPolicy,
    MissingPolicy,
    Policy,
    SignaturePolicy,
    holds,
)
from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.support.network.members import Organization, manager_of

LETTERS = "ABC"
ORGANIZATIONS = {f"{letter}MSP": Organization(f"{letter}MSP") for letter in LETTERS}
MANAGER = manager_of(*ORGANIZATIONS.values())
ABLE = members_of(MANAGER)


def principals() -> st.SearchStrategy[str]:
    roles = st.sampled_from(["member", "admin", "client", "peer"])
    return st.builds("'{}MSP.{}'".format, st.sampled_from(LETTERS), roles)


def gates(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    rules = st.lists(inner, min_size=1, max_size=3)
    counted = rules.flatmap(
        lambda found: st.builds(
            lambda count: f"OutOf({count}, {', '.join(found)})", st.integers(0, len(found) + 1)
        )
    )
    return st.one_of(
        rules.map(lambda found: f"AND({', '.join(found)})"),
        rules.map(lambda found: f"OR({', '.join(found)})"),
        counted,
    )


EXPRESSIONS = gates(st.recursive(principals(), gates, max_leaves=6))
META = st.tuples(st.sampled_from([0, 1, 2]), st.lists(EXPRESSIONS, min_size=1, max_size=3))


def signature(text: str) -> SignaturePolicy:
    return SignaturePolicy(parse_signature_policy(text), MANAGER)


def meta(rule: Any, texts: Sequence[str]) -> ImplicitMetaPolicy:
    message = policies_pb2.ImplicitMetaPolicy(rule=rule, sub_policy="Admins")
    return ImplicitMetaPolicy(message, [signature(one) for one in texts], MANAGER)


def leaves(
    rule: policies_pb2.SignaturePolicy, envelope: policies_pb2.SignaturePolicyEnvelope
) -> Iterator[Role]:
    """Yield the role of each principal that a rule asks for, in the order in which it is evaluated."""
    if rule.WhichOneof("Type") == "signed_by":
        yield Role.FromString(envelope.identities[rule.signed_by].principal)
    for one in rule.n_out_of.rules:
        yield from leaves(one, envelope)


def everybody(policy: Policy, msp_ids: Sequence[str]) -> list[MemberIdentity]:
    """Return somebody for each principal that these organisations can satisfy, nobody for two of them."""
    if isinstance(policy, ImplicitMetaPolicy):
        return [one for part in policy.sub_policies for one in everybody(part, msp_ids)]
    assert isinstance(policy, SignaturePolicy)
    found = []
    for number, role in enumerate(leaves(policy.envelope.rule, policy.envelope)):
        if role.msp_identifier in msp_ids:
            name = Role.MSPRoleType.Name(role.role).lower().replace("member", "client")
            one: Any = ORGANIZATIONS[role.msp_identifier].member(name, number)  # type: ignore[arg-type]
            found.append(MANAGER.deserialize(one.serialized()))
    return found


def subsets() -> Iterator[tuple[str, ...]]:
    names = sorted(ORGANIZATIONS)
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def check(policy: Policy) -> None:
    satisfying = [one for one in subsets() if holds(policy, everybody(policy, one))]
    for one in subsets():
        able = by_organizations(frozenset(one), ABLE)
        assert can_be_satisfied(policy, able) == (one in satisfying)
    smallest = [one for one in satisfying if not any(set(other) < set(one) for other in satisfying)]
    assert sorted(one.organizations for one in choices(policy, ABLE)) == sorted(smallest)


@given(EXPRESSIONS)
def test_organisations_satisfy_a_signature_policy_if_their_identities_do(text: str) -> None:
    check(signature(text))


@given(META)
def test_organisations_satisfy_an_implicit_policy_if_their_identities_do(
    policy: tuple[int, list[str]],
) -> None:
    check(meta(*policy))


@given(EXPRESSIONS)
def test_nobody_who_is_listed_can_be_left_out(text: str) -> None:
    policy = signature(text)
    for choice in choices(policy, ABLE):
        named = {one.strip("'").rpartition(".")[0] for one in choice.signers}
        assert named == set(choice.organizations)


def listed(policy: Policy) -> list[Choice]:
    return list(choices(policy, ABLE))


def test_two_of_three() -> None:
    policy = signature("OutOf(2, 'AMSP.admin', 'BMSP.admin', 'CMSP.peer')")
    assert listed(policy) == [
        Choice(("AMSP", "BMSP"), ("'AMSP.admin'", "'BMSP.admin'")),
        Choice(("AMSP", "CMSP"), ("'AMSP.admin'", "'CMSP.peer'")),
        Choice(("BMSP", "CMSP"), ("'BMSP.admin'", "'CMSP.peer'")),
    ]


def test_an_organisation_that_must_sign_twice_is_one_with_two_signers() -> None:
    policy = signature("AND('AMSP.peer', 'AMSP.peer')")
    assert listed(policy) == [Choice(("AMSP",), ("'AMSP.peer'", "'AMSP.peer'"))]


def test_parts_of_an_implicit_policy_share_their_signers() -> None:
    policy = meta(policies_pb2.ImplicitMetaPolicy.ALL, ["OR('AMSP.peer')", "OR('AMSP.peer')"])
    assert listed(policy) == [Choice(("AMSP",), ("'AMSP.peer'",))]


def test_what_asks_for_nothing_needs_nobody() -> None:
    assert listed(signature("OutOf(0, 'AMSP.peer')")) == [Choice((), ())]


@pytest.mark.parametrize(
    "policy",
    [
        MissingPolicy("Admins"),
        signature("OR('StrangerMSP.admin')"),
        signature("OutOf(2, 'AMSP.admin')"),
        SignaturePolicy(signed_by(1, [role_principal("AMSP", 77)]), MANAGER),  # type: ignore[arg-type]
    ],
)
def test_what_nobody_can_satisfy(policy: Policy) -> None:
    assert listed(policy) == []
    assert not can_be_satisfied(policy, ABLE)


def test_an_organisation_without_node_units_has_members_and_the_administrators_that_it_names() -> (
    None
):
    plain = Organization("PlainMSP")
    admin = plain.member("admin").identity.certificate
    definition = MSPDefinition(
        msp_id="PlainMSP",
        root_certificates=(plain.authority.certificate_pem,),
        admin_certificates=(admin,),
    )
    able = members_of(MSPManager([MSP(definition)]))
    possible = [
        name
        for name, role in Role.MSPRoleType.items()
        if able(role_principal("PlainMSP", Role.MSPRoleType.Value(name)))
    ]
    assert possible == ["MEMBER", "ADMIN"]


def test_one_identity() -> None:
    known, stranger = Organization("AMSP").member("admin"), ORGANIZATIONS["AMSP"].member("admin")
    for one, expected in ((stranger, True), (known, False)):
        envelope = signed_by(1, [identity_principal("AMSP", one.identity.certificate)])
        assert can_be_satisfied(SignaturePolicy(envelope, MANAGER), ABLE) is expected


def test_without_a_channel_every_organisation_is_able() -> None:
    policy = signature("AND('NorthMSP.orderer', 'SouthMSP.admin')")
    assert [one.organizations for one in choices(policy, anyone)] == [("NorthMSP", "SouthMSP")]


def test_too_many_ways_are_not_listed() -> None:
    names = ", ".join(f"'M{number}.admin'" for number in range(24))
    with pytest.raises(PolicyError, match="in more than 10000 ways"):
        choices(signature(f"OutOf(12, {names})"), anyone)


def test_too_many_steps_are_not_taken() -> None:
    names = [[f"'M{part}x{number}.admin'" for number in range(12)] for part in range(2)]
    parts = [f"OutOf(4, {', '.join(one)})" for one in names]
    with pytest.raises(PolicyError, match="in more than 10000 ways"):
        choices(signature(f"AND({', '.join(parts)})"), anyone)


Kind = msp_principal_pb2.MSPPrincipal
A_MEMBER = role_principal("AMSP", Role.MEMBER)
UNIT = msp_principal_pb2.OrganizationUnit(
    msp_identifier="AMSP", organizational_unit_identifier="clerks"
)


def other(kind: Any, message: Any) -> msp_principal_pb2.MSPPrincipal:
    return Kind(principal_classification=kind, principal=message.SerializeToString())


def combined(*parts: msp_principal_pb2.MSPPrincipal) -> msp_principal_pb2.MSPPrincipal:
    return other(Kind.COMBINED, msp_principal_pb2.CombinedPrincipal(principals=parts))


def anonymity(kind: Any) -> msp_principal_pb2.MSPPrincipal:
    return other(Kind.ANONYMITY, msp_principal_pb2.MSPIdentityAnonymity(anonymity_type=kind))


@pytest.mark.parametrize(
    ("principal", "expected"),
    [
        (other(Kind.ORGANIZATION_UNIT, UNIT), Choice(("AMSP",), ("AMSP (organization unit)",))),
        (
            combined(A_MEMBER, other(Kind.ORGANIZATION_UNIT, UNIT)),
            Choice(("AMSP",), ("AMSP (combined)",)),
        ),
        (combined(A_MEMBER, role_principal("BMSP", Role.MEMBER)), None),
        (combined(), None),
        (anonymity(0), Choice((), (" (anonymity)",))),
        (anonymity(1), None),
        (Kind(principal_classification=Kind.ROLE, principal=b"\xff"), None),
    ],
)
def test_principals_that_are_no_roles(
    principal: msp_principal_pb2.MSPPrincipal, expected: Choice | None
) -> None:
    policy = SignaturePolicy(signed_by(1, [principal]), MANAGER)
    assert listed(policy) == ([expected] if expected else [])


def test_one_identity_is_named_by_its_organisation() -> None:
    one = ORGANIZATIONS["AMSP"].member("admin").identity.certificate
    policy = SignaturePolicy(signed_by(1, [identity_principal("AMSP", one)]), MANAGER)
    assert listed(policy) == [Choice(("AMSP",), ("AMSP (identity)",))]
