"""Effective penalties: those that count against a subject on a day, worked out from their history."""

from collections.abc import Iterator
from datetime import date

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import Day, Model, MspId, Positive, Timestamp
from pyfabric_municipal.common.values.timestamps import beijing_day
from pyfabric_municipal.decisions import Decision
from pyfabric_municipal.ledger_access import LedgerAccess
from pyfabric_municipal.penalties import EFFECTIVE, Penalty, PenaltyVersion
from pyfabric_municipal.records import Step
from pyfabric_municipal.subjects import Subject

SUBJECT_INDEX = "penalty_of"


class EffectivePenalty(Model):
    """A penalty, in the version that was in force."""

    authority: MspId
    version: Positive
    decision: Decision


class Effective(Model):
    """A subject's effective penalties on a day, as read at a moment.

    `last_change` is the time of the last change to the subject or its penalties. As long as a new
    reading has the same `last_change`, it has the same content.
    """

    subject: str
    state: str
    day: Day
    read_at: Timestamp
    last_change: Timestamp
    penalties: tuple[EffectivePenalty, ...]


def effective_at(ledger: LedgerAccess, subject: Subject, day: date) -> Effective:
    """Return the penalties that are published at the end of that day in Beijing.

    Left out are those that an objection holds and those that were repaired, withdrawn or expired.
    Raises ContractError for a day in the future.
    """
    if day > ledger.today:
        raise ContractError(f"{day} is after today, {ledger.today}")
    found, changes = [], [subject.updated]
    for _, authority, number in ledger.marked(SUBJECT_INDEX, subject.uscc):
        steps = list(ledger.scan(Step, Penalty.KIND, authority, number))
        changes.append(steps[-1].at)
        penalty = _as_of(ledger, [step for step in steps if beijing_day(step.at) <= day])
        if penalty is not None and penalty.decision.publish_until >= day.isoformat():
            found.append(penalty)
    return Effective(
        subject=subject.uscc,
        state=subject.state,
        day=day.isoformat(),
        read_at=ledger.now,
        last_change=max(changes),
        penalties=tuple(found),
    )


def steps_to(ledger: LedgerAccess, state: str, since: date, until: date) -> Iterator[Step]:
    """Yield the steps that brought penalties into a state in these days, both included."""
    for step in ledger.scan(Step, Penalty.KIND):
        if step.state == state and since <= beijing_day(step.at) <= until:
            yield step


def _as_of(ledger: LedgerAccess, steps: list[Step]) -> EffectivePenalty | None:
    """Return the penalty as it was after these steps, or None if it did not count then."""
    if not steps or steps[-1].state not in EFFECTIVE:
        return None
    last = steps[-1]
    versions = ledger.scan(PenaltyVersion, *last.subject_key)
    version = max(
        (each for each in versions if each.since <= last.number), key=lambda each: each.since
    )
    return EffectivePenalty(
        authority=version.authority, version=version.version, decision=version.decision
    )
