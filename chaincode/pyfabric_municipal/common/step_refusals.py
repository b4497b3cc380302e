"""What can refuse a step, as far as its declaration says it: the codes that clients meet, in the order of the checks."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyfabric_municipal.common import authorisation
from pyfabric_municipal.common.batches import REPLAYED
from pyfabric_municipal.common.limits import NO_LIMIT
from pyfabric_municipal.common.private import ELSEWHERE, TRANSIENT
from pyfabric_municipal.common.refusals import (
    ANSWERED,
    EXISTS,
    INVALID,
    NEWER,
    NOT_DUE,
    NOTHING_LEFT,
    REASON,
    ROLE,
    SAME_DEPARTMENT,
    SAME_PERSON,
    STAFF,
    STATE,
    TOO_LARGE,
    TOO_MANY,
    UNIT,
    UNKNOWN,
    Rule,
)
from pyfabric_municipal.common.roles import HolderRole
from pyfabric_municipal.common.steps import Mode, Step
from pyfabric_municipal.common.waiting import Days, Seconds

if TYPE_CHECKING:
    from pyfabric_municipal.common.contract import CityContract


def refusals_of(contract: "type[CityContract]", step: Step) -> dict[str, Rule]:
    """Return the rules that can refuse a step, by their codes.

    An effect can refuse by a rule of its own beyond them, and what it calls can: another record, the contract `city`.
    """
    name = contract.contract_name()
    found = [
        UNIT,
        *([REASON] if step.reason else []),
        *_of_state(step),
        *_of_callers(step),
        *_of_values(step),
        *step.guards,
        *_of_waits(step),
        *_always(contract, step),
        INVALID,
        TOO_LARGE,
        TOO_MANY,
    ]
    return {rule.code_in(name): rule for rule in found}


def _of_state(step: Step) -> Iterator[Rule]:
    if step.mode is Mode.CONTINUED:
        yield NOTHING_LEFT
    elif not step.creates:
        yield UNKNOWN
    elif not step.names_itself:
        yield EXISTS
    if not step.creates:
        yield from (NEWER, STATE)
    if step.when_due:
        yield NOT_DUE


def _of_callers(step: Step) -> Iterator[Rule]:
    if any(role.is_anybody for role in step.by):
        return
    yield from (ROLE, STAFF)
    if any(role.not_department for role in step.by):
        yield SAME_DEPARTMENT
    if any(role.not_person for role in step.by):
        yield SAME_PERSON
    if any(isinstance(role, HolderRole) for role in step.by):
        yield from (authorisation.WRONG, authorisation.LATE, authorisation.REPEATED)


def _of_values(step: Step) -> Iterator[Rule]:
    if step.mode is Mode.BATCH:
        yield REPLAYED
    if step.private or step.record.COLLECTION:
        yield from (TRANSIENT, ELSEWHERE)


def _of_waits(step: Step) -> Iterator[Rule]:
    if step.joins and not step.when_due:
        yield ANSWERED
    waits = (*step.waits, *(wait for move in step.moves for wait in move.waits))
    if any(isinstance(wait.limit, Days | Seconds) for wait in waits):
        yield NO_LIMIT


def _always(contract: "type[CityContract]", step: Step) -> Iterator[Rule]:
    """Yield what is always true of the records that the step changes, and of its transaction."""
    for record in dict.fromkeys([step.record, *(move.record for move in step.moves)]):
        yield from record.INVARIANTS
        yield from (claim.rule for claim in record.CLAIMS)
    yield from (rule for rule in contract.TRANSACTIONS if step.name not in rule.unless)
