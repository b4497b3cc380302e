"""Waiting: whom a record waits for, until when, and what the day makes of it.

A wait is declared at the step that begins it (`Wait`) and kept on the record (`Waiting`): each party has a
limit of its own, `need` of them must answer. An exit by time may be taken by anybody; until somebody takes
it, all readers count the record as what the day has made it.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pyfabric_municipal.common.values import Count, Model, Positive, Timestamp

NOBODY = "-"


@dataclass(frozen=True)
class Days:
    """A limit in working days, by the calendar: the governed parameter of that name.

    Its value is a number, or an object with a number for each party. Its name may hold fields of the record in
    braces: `days-{record.platform}`.
    """

    parameter: str


@dataclass(frozen=True)
class DaysOn:
    """A limit in working days that stands on the record: their number is at this path, none is no wait.

    They count from the record's time at `since`; without it, from now.
    """

    path: str
    since: str = ""


@dataclass(frozen=True)
class Seconds:
    """A limit in seconds, as `Days`."""

    parameter: str


@dataclass(frozen=True)
class Until:
    """A limit that stands on the record: the timestamp at this path."""

    path: str


Limit = Days | DaysOn | Seconds | Until


class Party(Model):
    """Somebody who has not answered yet; while the wait is stopped, `left` is what remains.

    `latest` is when it will then be due at the latest, if the stop itself ends by time.
    """

    name: str
    due: Timestamp | None = None
    left: Count = 0
    latest: Timestamp | None = None


class Waiting(Model):
    """A record's wait for `need` of these parties, in the role `role`.

    `exit` is the step that anybody may take once it is due, `leaves` the states from which it is possible, and
    `becomes` the one to which it leads. `states` are those through which the wait goes on, whichever steps lead there;
    without any, it ends with the next change of state.
    """

    role: str
    need: Positive
    parties: tuple[Party, ...]
    unit: Literal["days", "seconds"]
    exit: str = ""
    becomes: str = ""
    leaves: tuple[str, ...] = ()
    joins: bool = False
    states: tuple[str, ...] = ()

    def falls_due(self) -> str | None:
        """Return when the wait is over: once silence is the last answer needed, or too many are late for an answer."""
        dues = sorted(party.due for party in self.parties if party.due is not None)
        if len(dues) < len(self.parties):
            return None
        return dues[self.need - 1] if self.joins else dues[len(dues) - self.need]

    def without(self, party: str) -> "Waiting | None":
        """Return the wait after an answer; None if no further answer is needed."""
        left = tuple(one for one in self.parties if one.name != party)
        if self.need == 1 or not left:
            return None
        return self.model_copy(update={"parties": left, "need": self.need - 1})

    def asks(self, role: str, party: str) -> bool:
        """Return whether the party has been asked in this role and has not answered."""
        return self.role == role and any(one.name == party for one in self.parties)


class Change(NamedTuple):
    """What the day makes of a record: from `due` on it counts as `becomes`, by the step `exit`."""

    due: str
    exit: str
    becomes: str


def change_by_time(waiting: tuple[Waiting, ...]) -> Change | None:
    """Return what time makes of a record with these waits first, None if it changes nothing.

    Waits that are joined are over together, when the last is; one that goes on through states is no answer.
    """
    ends = [(one.falls_due(), one) for one in waiting if one.exit]
    found = [Change(due, one.exit, one.becomes) for due, one in ends if due and not one.joins]
    joined = [Change(due, one.exit, one.becomes) for due, one in ends if due and one.joins]
    if joined and len(joined) == sum(not one.states for one in waiting):
        found.append(max(joined))
    return min(found, default=None)


def changes_by_time(waiting: tuple[Waiting, ...]) -> tuple[Change, ...]:
    """Return what time makes of a record, one change after the other.

    After the first change, a wait that runs beside it still counts if its exit leaves the state that this has made.
    """
    first = change_by_time(waiting)
    if first is None:
        return ()
    found = [first]
    beside = ((one.falls_due(), one) for one in waiting if one.exit and not one.joins)
    ends = ((Change(due, one.exit, one.becomes), one.leaves) for due, one in beside if due)
    for change, leaves in sorted(ends):
        if change.exit != first.exit and found[-1].becomes in leaves:
            found.append(change)
    return tuple(found)


def answer(waiting: tuple[Waiting, ...], role: str, party: str) -> tuple[Waiting, ...]:
    """Return the waits that remain after a party answered in a role."""
    after = (one.without(party) if one.asks(role, party) else one for one in waiting)
    return tuple(one for one in after if one is not None)
