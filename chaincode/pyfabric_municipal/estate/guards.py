"""Conditions that several steps of the register have in common, and what lies on a unit."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeVar

from pyfabric_municipal.common import (
    NEW,
    Call,
    Example,
    Move,
    Tracked,
    Verdict,
    blinded_with,
    guard,
)
from pyfabric_municipal.common.steps import Guard
from pyfabric_municipal.common.values import beijing_day, end_of_day
from pyfabric_municipal.estate.ownership import Ownership
from pyfabric_municipal.estate.records import (
    LIVE,
    LYING,
    Consent,
    Mortgage,
    Notice,
    Seizure,
    Title,
    Unit,
)

M = TypeVar("M", bound=Tracked)

NEW_TITLE: Final = Move(Title, (NEW,), "registered")
END_TITLE: Final = Move(Title, LIVE, "ended")
PASSING: Final = (
    NEW_TITLE,
    END_TITLE,
    Move(Unit, ("titled",), "titled"),
    Move(Mortgage, ("live",), "live"),
)
"""The changes by which a unit's title passes: its mortgages follow."""


def last_moment(call: Call[Any], parameter: str) -> str:
    """Return the end of the day in Beijing that is a governed number of calendar days from today."""
    days = timedelta(days=call.parameter(parameter))
    return end_of_day(beijing_day(call.now) + days)


def title_id(unit: str, number: int) -> str:
    """Return the id of a unit's title of that number."""
    return f"{unit}T{number:03}"


def entitle(
    call: Call[Any],
    unit: str,
    ownership: Ownership,
    grounds: str,
    *,
    number: int = 1,
    state: str = "registered",
    **fields: Any,
) -> dict[str, Any]:
    """Create the title of that number of a unit; returns what changes in the unit by this."""
    fields |= {"unit": unit, "ownership": ownership, "grounds": grounds, "matter": call.id}
    title = title_id(unit, number)
    call.create(Title, title, state, **fields, since=call.now)
    return {"title": title, "titles": number}


def pass_title(call: Call[Any], code: str, ownership: Ownership, grounds: str) -> str:
    """End the live title of a unit, create the next one, and carry its mortgages; returns the new title's id."""
    unit = call.need(Unit, code)
    call.move(Title, str(unit.title), "ended")
    changes = entitle(call, code, ownership, grounds, number=unit.titles + 1)
    for one in lying(call, Mortgage, code):
        if one.state == "live":
            call.move(Mortgage, one.id, "live", title=changes["title"])
    call.move(Unit, code, "titled", **changes)
    return str(changes["title"])


def lying(call: Call[Any], kind: type[M], unit: str) -> list[M]:
    """Return the records of a kind that lie on a unit today."""
    return [one for one in call.find(kind, "unit", unit) if one.state in LYING[kind]]


def lies_on(call: Call[Any], kinds: Iterable[type[Tracked]], unit: str) -> Verdict:
    """Return which record of these kinds lies on a unit, True if none does."""
    found = (one for kind in kinds for one in lying(call, kind, unit))
    return next(({"unit": unit, "kind": one.KIND, "id": one.id} for one in found), True)


@guard(
    "seized",
    "不动产单元 {unit} 已被查封（{id}），不得处分",
    "unit {unit} is seized by {id}: it cannot be disposed of",
    example=Example(first=("seize",)),
    timed=True,
)
def unseized(call: Call[Any]) -> Verdict:
    """Hold if no seizure is in force on the unit, or waits to be."""
    return lies_on(call, (Seizure,), call.after.unit)


@guard(
    "encumbered",
    "不动产单元 {unit} 上有未了结的 {kind} {id}",
    "{kind} {id} lies on unit {unit}",
    example=Example(first=("register_residence",)),
    timed=True,
)
def unencumbered(call: Call[Any]) -> Verdict:
    """Hold if nothing lies on the unit, or those that are merged, but titles, and nothing is applied for."""
    found = (lies_on(call, LYING, one) for one in units_of(call))
    return next((one for one in found if one is not True), True)


def units_of(call: Call[Any]) -> list[str]:
    """Return the units that a step ends: those that are merged, or its own."""
    merged: list[str] = call.arguments.get("parents", [call.id])
    return merged


@guard(
    "noticed",
    "不动产单元 {unit} 有他人的预告登记 {id}，未经其权利人同意",
    "the holder of notice {id} on unit {unit} has not consented",
    example=Example(first=("register_notice",)),
    timed=True,
)
def consented_by_notice(call: Call[Any]) -> Verdict:
    """Hold if each preliminary notice on the unit is a buyer's own, or its holder has consented."""
    buyers = [str(one) for one in getattr(call.after, "buyers", ())]
    for one in lying(call, Notice, call.after.unit):
        if str(one.holder) not in buyers and not has_consented(one.consent, call.id, 1):
            return {"unit": one.unit, "id": one.id}
    return True


def has_consented(consent: Consent | None, matter: str, version: int) -> bool:
    """Return whether a consent is for a matter, and of the version that stands now."""
    return consent == Consent(matter=matter, version=version)


@guard(
    "title-changed",
    "不动产单元 {unit} 的现行所有权为 {title}，与申请所依据的不同",
    "the title of unit {unit} is {title} now: the application is for another one",
    example=Example(first=("vest",)),
)
def of_live_title(call: Call[Any]) -> Verdict:
    """Hold if the record is about the title that the unit has, before this step passes it."""
    unit = call.need(Unit, call.after.unit)
    passed = call.need(Title, str(unit.title)).matter == call.id
    title = title_id(unit.id, unit.titles - passed)
    return title == call.after.title or {"unit": unit.id, "title": title}


NAMED_WRONGLY: Final = Example(arguments={"title": "another"})
of_named_title: Final[Guard] = replace(of_live_title, example=NAMED_WRONGLY)
"""The condition where the caller names the title."""


known_parties: Final = blinded_with("party-key")
"""The condition that all parties are blinded with one key, so that each has one identifier here and on the tax channel."""


def parties_at(*path: str) -> Guard:
    """Return the condition with an example: a blinded key of another purpose at a path of the arguments."""
    other: Any = {"key_id": "pnr-1", "purpose": "other"}
    if path[-1] == "ownership":
        other = {"form": "sole", "holders": [{"key": other | {"mac": "0" * 64}}]}
    for name in reversed(path):
        other = {name: other}
    return replace(known_parties, example=Example(arguments=other))
