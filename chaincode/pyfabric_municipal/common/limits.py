"""Limits of waits: when each party is due, and what remains while the wait is stopped."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import at_path
from pyfabric_municipal.common.records import Tracked
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.roles import On
from pyfabric_municipal.common.steps import Step, Wait
from pyfabric_municipal.common.values.timestamps import (
    add_days,
    add_seconds,
    beijing_day,
    unix_seconds,
)
from pyfabric_municipal.common.values.workdays import due_after, working_days_between
from pyfabric_municipal.common.waiting import (
    NOBODY,
    Days,
    DaysOn,
    Party,
    Seconds,
    Until,
    Waiting,
)

NO_LIMIT = FrameRule(
    "no-limit",
    "参数 {parameter} 没有规定 {party} 的期限",
    "the parameter {parameter} has no limit for {party}: propose one in the contract city",
)

Unit = Literal["days", "seconds"]
DAYS: Final = "days"
SECONDS: Final = "seconds"


def waits_of(
    call: Call[Any], waits: tuple[Wait, ...], record: Tracked, steps: Mapping[str, Step]
) -> tuple[Waiting, ...]:
    """Return the waits that a step begins on the record as it is after it."""
    here = (one for one in waits if not one.states or record.state in one.states)
    return tuple(wait for one in here if (wait := _begun(call, one, record, steps)) is not None)


def stopped(waits: tuple[Waiting, ...], call: Call[Any], until: str | None) -> tuple[Waiting, ...]:
    """Return waits with what remains of each limit instead of a due time.

    `until` is when the stop ends by itself, None if it does not: each party is due then at the latest.
    """

    def stop(wait: Waiting, party: Party) -> Party:
        if party.due is None:
            return party
        left = _left(call, wait.unit, party.due)
        latest = None if until is None else _after_stop(call, wait.unit, until, left)
        return Party(name=party.name, left=left, latest=latest)

    return tuple(_each(wait, stop) for wait in waits)


def resumed(waits: tuple[Waiting, ...], call: Call[Any]) -> tuple[Waiting, ...]:
    """Return the waits that were stopped, running again; the wait of the stop itself is over.

    A stop that ends by time ends when it is due, whenever somebody takes that step: nobody gains time by silence.
    """
    is_late = call.step.when_due

    def resume(wait: Waiting, party: Party) -> Party:
        due = party.latest if is_late else _after_stop(call, wait.unit, call.now, party.left)
        return Party(name=party.name, due=due)

    held = (wait for wait in waits if all(party.due is None for party in wait.parties))
    return tuple(_each(wait, resume) for wait in held)


def _begun(
    call: Call[Any], wait: Wait, record: Tracked, steps: Mapping[str, Step]
) -> Waiting | None:
    parties = tuple(_parties(call, wait, record))
    if not parties:
        return None
    leaves = steps[wait.exit] if wait.exit else None
    return Waiting(
        role=NOBODY if wait.role is None else wait.role.name,
        need=_needed(wait, record, len(parties)),
        parties=parties,
        unit=DAYS if isinstance(wait.limit, Days | DaysOn) else SECONDS,
        exit=wait.exit,
        becomes="" if leaves is None else leaves.targets[0].state,
        leaves=() if leaves is None else leaves.sources,
        joins=leaves is not None and leaves.joins,
        states=wait.states,
    )


def _needed(wait: Wait, record: Tracked, asked: int) -> int:
    """Return how many of those who are asked must answer: never more than there are."""
    need = at_path(record, wait.need.path) if isinstance(wait.need, On) else wait.need
    return min(need or asked, asked)


def _parties(call: Call[Any], wait: Wait, record: Tracked) -> Iterator[Party]:
    """Yield who is asked, each with its due time: nobody if the record names nobody, or has no limit."""
    names: tuple[str, ...] = (NOBODY,)
    if wait.role is not None:
        names = wait.role.parties(call, record)
        if not names and not isinstance(wait.role.of, On):
            names = (wait.role.name,)
    for name in names:
        due = _limit(call, wait, record, name)
        if due is not None:
            yield Party(name=name, due=due)


def _limit(call: Call[Any], wait: Wait, record: Tracked, name: str) -> str | None:
    if isinstance(wait.limit, Until):
        found: str | None = at_path(record, wait.limit.path)
        return found
    if isinstance(wait.limit, DaysOn):
        days: int | None = at_path(record, wait.limit.path)
        since = at_path(record, wait.limit.since) if wait.limit.since else call.now
        return None if days is None else due_after(since, days, call.governance.calendar)
    parameter = wait.limit.parameter.format(record=record)
    amount = call.parameter(parameter)
    if isinstance(amount, Mapping):
        if name not in amount:
            raise NO_LIMIT.refusal({"parameter": parameter, "party": name})
        amount = amount[name]
    return _due(call, SECONDS if isinstance(wait.limit, Seconds) else DAYS, call.now, amount)


def _due(call: Call[Any], unit: str, since: str, amount: int) -> str:
    if unit == DAYS:
        return due_after(since, amount, call.governance.calendar)
    return add_seconds(since, amount)


def _after_stop(call: Call[Any], unit: str, end: str, left: int) -> str:
    """Return when what was left at a stop is over, if the stop ends at `end`.

    On its last day a wait of working days has none left: it is due on the day on which the stop ends, or the next working day.
    """
    if unit == DAYS and left == 0:
        return due_after(add_days(end, -1), 1, call.governance.calendar)
    return _due(call, unit, end, left)


def _left(call: Call[Any], unit: str, due: str) -> int:
    if unit == SECONDS:
        return max(unix_seconds(due) - unix_seconds(call.now), 0)
    today, last = beijing_day(call.now), beijing_day(due)
    return working_days_between(today, last, call.governance.calendar)


def _each(wait: Waiting, change: Any) -> Waiting:
    parties = tuple(change(wait, party) for party in wait.parties)
    return wait.model_copy(update={"parties": parties})
