"""Invariants: what is true of a record, of a named set of records, or of a transaction, whichever step it was."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pyfabric_municipal.common.refusals import Example, Rule, Verdict


@dataclass(frozen=True)
class Invariant(Rule):
    """What is always true of a record; `test` gets the record.

    `since` is the version of the record's type that brought it: a record that was written before and does not
    meet it yet can still take its steps.
    """

    test: Callable[[Any], Verdict]
    example: Example = field(default_factory=Example)
    since: int = 1


@dataclass(frozen=True)
class SetInvariant(Rule):
    """What is always true of all records with one value of an index; `test` gets them, ordered by id.

    `since` is the version of the records' type that brought it: a set that an earlier version left broken can
    still change, until a step has repaired it.
    """

    index: str
    test: Callable[[Sequence[Any]], Verdict]
    example: Example = field(default_factory=Example)
    since: int = 1


class Changed(NamedTuple):
    """A record before and after a transaction; None if it did not exist."""

    before: Any
    after: Any


@dataclass(frozen=True)
class TransactionInvariant(Rule):
    """What is always true of a transaction as a whole; `test` gets all records that it changes.

    `unless` are the steps to which it does not apply, such as those by which goods enter and leave.
    """

    test: Callable[[Sequence[Changed]], Verdict]
    example: Example = field(default_factory=Example)
    unless: tuple[str, ...] = ()


def balanced(
    amount: Callable[[Any], int], tolerance: Callable[[int], int] = lambda _: 0
) -> Callable[[Sequence[Changed]], Verdict]:
    """Return a test that nothing appears or is lost: the amounts before and after differ by the tolerance at most.

    `amount` returns how much a record holds, `tolerance` what may be missing of a total.
    """

    def test(changes: Sequence[Changed]) -> Verdict:
        before = sum(amount(one.before) for one in changes if one.before is not None)
        after = sum(amount(one.after) for one in changes if one.after is not None)
        if abs(after - before) <= tolerance(before):
            return True
        return {"before": before, "after": after}

    return test
