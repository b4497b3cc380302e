"""Discovery does a bounded amount of work, and works out the same as before within that amount."""

from collections.abc import Sequence

import pytest
from fabric_protos.msp import msp_principal_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.rules.discovery.effort import MOST_STEPS, Effort, TooManyCombinationsError
from pyfabric.rules.discovery.principals import (
    Principal,
    PrincipalSet,
    merge,
    merge_all,
    principal_sets,
)
from pyfabric.rules.policies.syntax import parse_signature_policy
from tests.support.ledger.limits import at_most


def gate(needed: int, count: int, name: str = "M") -> list[PrincipalSet]:
    parts = ", ".join(f"'{name}{number}.peer'" for number in range(count))
    return principal_sets(parse_signature_policy(f"OutOf({needed}, {parts})"))


def test_policies_of_a_large_network_are_worked_out() -> None:
    """They took 13 s and 6 s."""
    with at_most(10):
        assert len(merge_all([gate(10, 20), gate(8, 15), gate(5, 16, "N")])) == 10_000
        assert len(merge_all([gate(3, 8, name) for name in "ABCD"])) == 5_600


def test_crafted_policies_are_refused() -> None:
    many = [gate(5, 10, f"K{number}-") for number in range(100)]
    large = [gate(300, 301), gate(300, 301, "N")]
    nested = parse_signature_policy("OutOf(9, " + ", ".join(["'A.peer'"] * 10) + ")")
    for _ in range(4):
        inner = nested.rule
        nested = type(nested)(identities=nested.identities)
        nested.rule.n_out_of.n = 7
        nested.rule.n_out_of.rules.extend([inner] * 8)
    for bomb in (
        lambda: merge_all(many),
        lambda: merge_all(large),
        lambda: principal_sets(nested),
        lambda: merge_all([gate(2000, 2000), gate(2000, 2000, "N")]),
    ):
        with (
            at_most(30),
            pytest.raises(TooManyCombinationsError, match=r"too many combinations: .*name fewer"),
        ):
            bomb()


def test_the_interests_of_a_request_share_their_effort() -> None:
    effort = Effort()
    effort.spend(MOST_STEPS)
    with pytest.raises(TooManyCombinationsError):
        effort.spend(1)


ROLES = msp_principal_pb2.MSPRole
PRINCIPALS = [
    Principal.of(
        msp_principal_pb2.MSPPrincipal(
            principal=ROLES(msp_identifier=name, role=role).SerializeToString()
        )
    )
    for name in "ABC"
    for role in (ROLES.MEMBER, ROLES.PEER, ROLES.ADMIN)
]
SETS = st.lists(
    st.lists(st.sampled_from(PRINCIPALS), min_size=1, max_size=3).map(tuple), max_size=5
)


@given(SETS, SETS)
def test_merging_is_what_it_was(first: list[PrincipalSet], second: list[PrincipalSet]) -> None:
    assert merge(first, second) == plain_merge(first, second)


def plain_merge(
    first: Sequence[PrincipalSet], second: Sequence[PrincipalSet]
) -> list[PrincipalSet]:
    """Return the same as `merge`, comparing every principal with every other."""
    in_second = contained(first, second)
    merged = [cover(first[i], second[j]) for i, j in in_second]
    rest = [one for i, one in enumerate(first) if i not in {i for i, _ in in_second}]
    in_rest = contained(second, rest)
    merged += [cover(second[i], rest[j]) for i, j in in_rest]
    others = [one for i, one in enumerate(second) if i not in {i for i, _ in in_rest}]
    others = [one for j, one in enumerate(others) if j not in {j for _, j in in_second}]
    rest = [one for j, one in enumerate(rest) if j not in {j for _, j in in_rest}]
    merged += [cover(one, other) for one in rest for other in others]
    distinct: dict[frozenset[Principal], PrincipalSet] = {}
    for one in merged:
        distinct.setdefault(frozenset(one), one)
    return [one for key, one in distinct.items() if not any(less < key for less in distinct)]


def contained(
    sets: Sequence[PrincipalSet], others: Sequence[PrincipalSet]
) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i, one in enumerate(sets)
        for j, other in enumerate(others)
        if all(any(covering.is_a(principal) for covering in other) for principal in one)
    ]


def cover(one: PrincipalSet, other: PrincipalSet) -> PrincipalSet:
    left, missing = list(other), []
    for principal in one:
        covering = next((candidate for candidate in left if candidate.is_a(principal)), None)
        if covering is None:
            missing.append(principal)
        else:
            left.remove(covering)
    return (*other, *missing)
