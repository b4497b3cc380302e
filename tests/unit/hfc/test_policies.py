"""Policies as expressions and as nested dicts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.hfc.util.policies import d2s, s2d
from pyfabric.rules.policies.syntax import parse_signature_policy

MEMBERS = [{"role": {"name": "member", "mspId": f"Org{n}"}} for n in (1, 2, 3)]

# As fabric-sdk-py's own tests have them.
KNOWN = [
    (
        "OR('Org1.member', 'Org2.member')",
        {"identities": MEMBERS[:2], "policy": {"1-of": [{"signed-by": 0}, {"signed-by": 1}]}},
        "OutOf(1, 'Org1.member', 'Org2.member')",
    ),
    (
        "AND('Org1.member', 'Org2.member')",
        {"identities": MEMBERS[:2], "policy": {"2-of": [{"signed-by": 0}, {"signed-by": 1}]}},
        "OutOf(2, 'Org1.member', 'Org2.member')",
    ),
    (
        "OR(AND('Org1.member', 'Org2.member'), AND('Org1.member', 'Org3.member'))",
        {
            "identities": MEMBERS,
            "policy": {
                "1-of": [
                    {"2-of": [{"signed-by": 0}, {"signed-by": 1}]},
                    {"2-of": [{"signed-by": 0}, {"signed-by": 2}]},
                ]
            },
        },
        "OutOf(1, OutOf(2, 'Org1.member', 'Org2.member'), OutOf(2, 'Org1.member', 'Org3.member'))",
    ),
]
ROLES = st.sampled_from(["'A.member'", "'B.admin'", "'C.peer'"])
EXPRESSIONS = st.recursive(
    ROLES,
    lambda inner: st.lists(inner, min_size=1, max_size=3).flatmap(
        lambda parts: st.sampled_from(["OR", "AND"]).map(lambda gate: f"{gate}({', '.join(parts)})")
    ),
    max_leaves=8,
).filter(lambda text: "(" in text)


@pytest.mark.parametrize(("expression", "policy", "written"), KNOWN)
def test_known_policies(expression: str, policy: dict[str, Any], written: str) -> None:
    assert s2d().parse(expression) == policy
    assert d2s.parse(policy) == written


@given(EXPRESSIONS)
def test_a_policy_survives_both_ways(expression: str) -> None:
    policy = s2d().parse(expression)
    again = s2d().parse(d2s.parse(policy))
    assert again == policy
    before, after = map(parse_signature_policy, (expression, d2s.parse(policy)))
    assert [one.principal for one in after.identities] == [
        one.principal for one in before.identities
    ]


@pytest.mark.parametrize(
    "policy", [{}, {"identities": [], "policy": {"1-of": [{"signed-by": 0}]}}, []]
)
def test_what_is_no_policy_is_refused(policy: Any) -> None:
    with pytest.raises(ConfigError, match="this is no policy"):
        d2s.parse(policy)


def test_an_expression_with_a_mistake_is_refused() -> None:
    with pytest.raises(PolicySyntaxError):
        s2d().parse("OR('Org1.member'")
