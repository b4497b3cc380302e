"""What is effective against a subject on a day: penalties that count and lists, and who of many subjects has any."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from pyfabric_municipal.common.records import Tracked
from pyfabric_municipal.common.refusals import Rule
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.values import (
    Day,
    Model,
    MspId,
    Positive,
    Timestamp,
    end_of_day,
)
from pyfabric_municipal.common.values.uscc_rules import SHAPE
from pyfabric_municipal.common.waiting import change_by_time
from pyfabric_municipal.credit.decisions import CONTRACT, Decision
from pyfabric_municipal.credit.lists import Listing
from pyfabric_municipal.credit.penalties import PUBLISHED, Penalty, Standing
from pyfabric_municipal.credit.subjects import Subject

FUTURE = Rule("day-to-come", "{day}晚于今日{today}", "{day} is after today, {today}")


class EffectivePenalty(Model):
    """A penalty, in the version that was in force."""

    id: str
    authority: MspId
    version: Positive
    decision: Decision


class OnList(Model):
    """A list on which a subject is: `abnormal` or `serious`, and since when it is listed."""

    id: str
    authority: MspId
    list: str
    listed: Timestamp


class Effective(Model):
    """A subject's effective penalties on a day, and the lists on which it was, as read at a moment.

    `last_change` is the time of the last change to the subject, its penalties or its listings. As long as a new
    reading has the same `last_change`, it has the same content.
    """

    subject: str
    state: str
    day: Day
    read_at: Timestamp
    last_change: Timestamp
    penalties: tuple[EffectivePenalty, ...]
    lists: tuple[OnList, ...]


class Hits(Model):
    """Those of many subjects that have effective penalties on a day or were on a list, and the codes that are no subject's."""

    day: Day
    found: tuple[Effective, ...]
    unknown: tuple[str, ...]


def effective_on(session: Session, subject: Subject, day: date) -> Effective:
    """Return the penalties that are published at the end of that day in Beijing, or by now, and the lists.

    Left out are penalties that an objection holds and those that were repaired, withdrawn or expired.
    """
    penalties = session.find(Penalty, "subject", subject.id)
    found = [(penalty, _standing_on(session, penalty, day)) for penalty in penalties]
    listings = session.find(Listing, "subject", subject.id)
    changes = [_changed(session, one) for one in (subject, *penalties, *listings)]
    return Effective(
        subject=subject.id,
        state=subject.state,
        day=day.isoformat(),
        read_at=session.now,
        last_change=max(changes),
        penalties=tuple(
            EffectivePenalty(
                id=penalty.id,
                authority=penalty.authority,
                version=standing.version,
                decision=standing.decision,
            )
            for penalty, standing in found
            if standing is not None
        ),
        lists=_lists_on(session, listings, day),
    )


def hits_among(session: Session, codes: Iterable[str], day: date) -> Hits:
    """Return who of these has effective penalties or is on a list; a code that is unknown, or none at all, stops nobody's answer."""
    found, unknown = [], []
    for code in codes:
        subject = session.get(Subject, code) if SHAPE.fullmatch(code) else None
        if subject is None:
            unknown.append(code)
            continue
        effective = effective_on(session, subject, day)
        if effective.penalties or effective.lists:
            found.append(effective)
    return Hits(day=day.isoformat(), found=tuple(found), unknown=tuple(unknown))


class _Counted(NamedTuple):
    """What a penalty was at a moment."""

    counts: bool
    version: int
    decision: Decision


def _standing_on(session: Session, penalty: Penalty, day: date) -> _Counted | None:
    """Return a penalty as it was at the end of a day, None if it did not count then."""
    end = min(end_of_day(day), session.now)
    kept = [one for one in session.find(Standing, "penalty", penalty.id) if one.since <= end]
    last = _Counted(kept[-1].counts, kept[-1].version, kept[-1].decision) if kept else None
    restored = _restored(penalty)
    if restored is not None and restored <= end:
        last = _Counted(True, penalty.version, penalty.decision)  # noqa: FBT003 - a field
    if last is None or not last.counts or last.decision.publish_until < day.isoformat():
        return None
    return last


def _lists_on(session: Session, listings: Iterable[Listing], day: date) -> tuple[OnList, ...]:
    """Return the lists on which a subject was at the end of a day."""
    end = min(end_of_day(day), session.now)
    found = [(one, one.on_list_at(end)) for one in listings]
    return tuple(
        OnList(id=one.id, authority=one.authority, list=name, listed=one.listed)
        for one, name in found
        if name is not None
    )


def _restored(penalty: Penalty) -> str | None:
    """Return when the silence of the reviewers has a penalty count again, although nobody has recorded it."""
    change = change_by_time(penalty.waiting)
    return change.due if change is not None and change.becomes == PUBLISHED else None


def _changed(session: Session, record: Tracked) -> str:
    """Return the time of a record's last change, by a step or by the day."""
    change = change_by_time(record.waiting)
    if change is not None and change.due <= session.now:
        return max(record.updated, change.due)
    return record.updated


def require_not_after(day: date, today: date) -> None:
    """Refuse a day in the future: what will count on it is not known."""
    if day > today:
        raise FUTURE.refusal(
            {"day": day.isoformat(), "today": today.isoformat()}, contract=CONTRACT
        )
