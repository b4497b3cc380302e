"""Which penalties count against a subject on a day, by the steps that led there."""

from collections.abc import Iterator
from datetime import date

from pyfabric.chaincode import ContractError
from pyfabric_municipal.decisions import Decision
from pyfabric_municipal.penalties import EFFECTIVE, Penalty, PenaltyVersion
from pyfabric_municipal.records import Day, Model, MspId, Positive, Step, Timestamp
from pyfabric_municipal.session import Session
from pyfabric_municipal.subjects import Subject
from pyfabric_municipal.timestamps import beijing_day

SUBJECT_INDEX = "penalty_of"


class EffectivePenalty(Model):
    """A penalty in the version that was in force."""

    authority: MspId
    version: Positive
    decision: Decision


class Effective(Model):
    """A subject's effective penalties on a day, as read at a moment.

    `last_change` is when anything of the subject or its penalties changed last: an answer with a later
    one may differ.
    """

    subject: str
    state: str
    day: Day
    read_at: Timestamp
    last_change: Timestamp
    penalties: tuple[EffectivePenalty, ...]


def effective_at(session: Session, subject: Subject, day: date) -> Effective:
    """The penalties that are published at the end of that day in Beijing, and not held by an
    objection, repaired, withdrawn or expired. A day to come is refused: nobody knows it."""
    if day > session.today:
        raise ContractError(f"{day} is after today, {session.today}")
    found, changes = [], [subject.updated]
    for _, authority, number in session.marked(SUBJECT_INDEX, subject.uscc):
        steps = list(session.scan(Step, Penalty.KIND, authority, number))
        changes.append(steps[-1].at)
        penalty = _as_of(session, [step for step in steps if beijing_day(step.at) <= day])
        if penalty is not None and penalty.decision.publish_until >= day.isoformat():
            found.append(penalty)
    return Effective(
        subject=subject.uscc,
        state=subject.state,
        day=day.isoformat(),
        read_at=session.now,
        last_change=max(changes),
        penalties=tuple(found),
    )


def steps_to(session: Session, state: str, since: date, until: date) -> Iterator[Step]:
    """The steps of penalties that led to a state in these days, both included."""
    for step in session.scan(Step, Penalty.KIND):
        if step.state == state and since <= beijing_day(step.at) <= until:
            yield step


def _as_of(session: Session, steps: list[Step]) -> EffectivePenalty | None:
    """The penalty as these steps left it, None if it did not count then."""
    if not steps or steps[-1].state not in EFFECTIVE:
        return None
    last = steps[-1]
    versions = session.scan(PenaltyVersion, *last.subject_key)
    version = max(
        (each for each in versions if each.since <= last.number), key=lambda each: each.since
    )
    return EffectivePenalty(
        authority=version.authority, version=version.version, decision=version.decision
    )
