"""Which policies peers can meet, compared with Fabric's own evaluation of every choice of signatures."""

from collections.abc import Sequence
from itertools import chain, combinations

import pytest
from fabric_protos.common import policies_pb2
from fabric_protos.msp import msp_principal_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError
from pyfabric.rules.policies.endorsers import can_be_met, endorsing_organization
from pyfabric.rules.policies.syntax import parse_signature_policy

LEAVES = st.sampled_from(
    ["'A.peer'", "'A.member'", "'B.peer'", "'C.member'", "'A.admin'", "'B.client'"]
)
POLICIES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda rules: st.integers(1, len(rules)).map(lambda n: f"OutOf({n}, {', '.join(rules)})")
    ),
    max_leaves=6,
).map(lambda text: text if "(" in text else f"OR({text})")
PEERS = st.fixed_dictionaries(
    {"A": st.integers(0, 2), "B": st.integers(0, 2), "C": st.integers(0, 1)}
)


def fabric(
    rule: policies_pb2.SignaturePolicy, who: Sequence[str | None], signers: Sequence[str]
) -> bool:
    """Evaluate a rule as common/cauthdsl/cauthdsl.go does."""

    def holds(rule: policies_pb2.SignaturePolicy, used: list[bool]) -> bool:
        if rule.WhichOneof("Type") == "signed_by":
            for place, signer in enumerate(signers):
                if not used[place] and signer == who[rule.signed_by]:
                    used[place] = True
                    return True
            return False
        met = 0
        for one in rule.n_out_of.rules:
            tried = list(used)
            if holds(one, tried):
                met += 1
                used[:] = tried
        return met >= rule.n_out_of.n

    return holds(rule, [False] * len(signers))


@given(POLICIES, PEERS)
def test_what_is_refused_no_choice_of_signatures_meets(text: str, peers: dict[str, int]) -> None:
    policy = parse_signature_policy(text)
    who = [endorsing_organization(one) for one in policy.identities]
    there = [msp_id for msp_id, count in peers.items() for _ in range(count)]
    choices = chain.from_iterable(combinations(there, size) for size in range(len(there) + 1))
    met = any(fabric(policy.rule, who, chosen) for chosen in choices)
    assert can_be_met(policy, peers) or not met
    if len(set(text.split("'")[1::2])) == text.count("'") // 2 and "member" not in text:
        assert can_be_met(policy, peers) == met  # where no principal stands twice


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("OutOf(2, 'A.peer')", False),
        ("AND('A.peer', 'A.member')", True),
        ("AND('A.peer', 'A.member', 'A.peer')", False),
        ("AND('A.client', 'B.admin')", False),
        ("OR('A.client', 'B.peer')", True),
        ("OR('D.peer')", False),
        ("AND(OR('A.peer', 'B.peer'), 'B.peer')", True),
    ],
)
def test_known_answers(text: str, met: bool) -> None:
    assert can_be_met(parse_signature_policy(text), {"A": 2, "B": 1}) is met


def test_a_policy_that_takes_too_long_is_taken_to_be_met() -> None:
    leaves = ", ".join(f"'O{number}.peer'" for number in range(40))
    policy = parse_signature_policy(f"AND(OutOf(20, {leaves}), 'X.peer')")
    assert can_be_met(policy, {f"O{number}": 1 for number in range(40)})


def test_principals_that_are_no_roles() -> None:
    principal = msp_principal_pb2.MSPPrincipal(principal=b"\xff")
    with pytest.raises(ConfigError, match="no role"):
        endorsing_organization(principal)
