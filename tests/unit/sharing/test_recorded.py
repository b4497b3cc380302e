"""Recorded policies: sets of departments, each of which counts once."""

import pytest

from pyfabric.errors import ConfigError, PolicySyntaxError
from pyfabric.sharing.recorded import RecordedPolicy
from pyfabric.sharing.requests import Source

SOURCE = Source("00" * 32, "credit", "credit", "list")


def policy(expression: str, *, single_source: bool = False) -> RecordedPolicy:
    return RecordedPolicy(SOURCE, expression, single_source=single_source)


@pytest.mark.parametrize(
    ("expression", "enough", "too_few"),
    [
        ("AND('A.peer', 'B.peer')", ["AB", "ABC"], ["A", "B", "AC", ""]),
        ("OutOf(2, 'A.peer', 'B.peer', 'C.peer')", ["AB", "BC", "ABC"], ["A", "AD", ""]),
        ("OR('A.peer', 'B.peer')", ["AB", "AZ"], ["A", "B", "YZ"]),
        ("OutOf(1, AND('A.peer', 'B.peer'), AND('A.peer', 'C.peer'))", ["AB", "AC"], ["BC"]),
    ],
)
def test_which_departments_are_enough(
    expression: str, enough: list[str], too_few: list[str]
) -> None:
    found = policy(expression)
    assert all(found.is_satisfied_by(frozenset(one)) for one in enough)
    assert not any(found.is_satisfied_by(frozenset(one)) for one in too_few)


def test_one_department_is_enough_only_where_that_is_marked() -> None:
    assert policy("OR('A.peer')", single_source=True).is_satisfied_by({"A"})
    assert not policy("OR('A.peer')").is_satisfied_by({"A"})
    assert not policy("OR('A.peer')", single_source=True).is_satisfied_by({"B"})


def test_the_smallest_sets() -> None:
    assert set(policy("OutOf(2, 'A.peer', 'B.peer', 'C.peer')").choices) == {
        frozenset("AB"),
        frozenset("AC"),
        frozenset("BC"),
    }


@pytest.mark.parametrize(
    "expression",
    [
        "OR('A.member', 'B.peer')",
        "OR('A.admin')",
        "AND('A.peer', 'A.peer')",
        "OutOf(1, AND('A.peer', 'A.peer'), AND('A.peer', 'B.peer'))",
        "AND('A.peer', OR('A.peer', 'B.peer'))",
        "OutOf(2, OR('A.peer', 'B.peer'), 'A.peer')",
        "OutOf(0, 'A.peer')",
        "OutOf(3, 'A.peer', 'B.peer')",
    ],
)
def test_a_policy_that_is_no_policy_over_departments_is_refused(expression: str) -> None:
    with pytest.raises(ConfigError):
        policy(expression)


def test_an_expression_must_be_one() -> None:
    with pytest.raises(PolicySyntaxError):
        policy("A.peer")
