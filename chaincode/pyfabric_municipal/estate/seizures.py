"""Steps of a seizure: in force or on the waiting list, renewed, lifted, expired (查封与轮候查封)."""

from typing import Any

from pyfabric_municipal.common import (
    ANYBODY,
    NEW,
    Call,
    Changes,
    Example,
    Move,
    Target,
    Until,
    Verdict,
    Wait,
    guard,
    step,
)
from pyfabric_municipal.common.values import (
    DocumentNumber,
    Positive,
    UnitCode,
    add_months,
    beijing_day,
    end_of_day,
)
from pyfabric_municipal.estate.guards import lying, of_named_title
from pyfabric_municipal.estate.records import SEIZED, Seizure
from pyfabric_municipal.estate.roles import COURT

_UNTIL_ITS_END = Wait(None, Until("until"), exit="expire_seizure")
MOVES_UP = Move(Seizure, ("waiting",), "active", waits=(_UNTIL_ITS_END,))
"""The change by which the next seizure of the waiting list comes into force."""


@guard(
    "seizure-too-long",
    "查封期限 {months} 个月超过上限 {most} 个月",
    "a seizure of {months} months is longer than {most}",
    example=Example(arguments={"months": 37}),
    parameters=("seizure-months",),
)
def not_too_long(call: Call[Seizure]) -> Verdict:
    """Hold if a seizure is not ordered for longer than the law allows."""
    months, most = call.after.months, call.parameter("seizure-months")
    return months <= most or {"months": months, "most": most}


@guard(
    "first",
    "此前已有查封",
    "others seized the unit before",
    example=Example(first=("seize#before",)),
)
def is_first(call: Call[Seizure]) -> Verdict:
    """Hold if no other seizure is in force."""
    return call.after.until is not None


class Seizures:
    """What is done with seizures."""

    @step(
        Seizure,
        NEW,
        (Target("active", is_first), Target("waiting")),
        by=COURT,
        guards=(of_named_title, not_too_long),
        waits=_UNTIL_ITS_END,
        event=("unit", "court", "document", "place"),
    )
    def seize(
        self,
        call: Call[Seizure],
        unit: UnitCode,
        title: str,
        document: DocumentNumber,
        months: Positive,
    ) -> Changes:
        """Seize a unit, as a court: in force at once, or behind the seizures that are there already.

        法院查封不动产；已有查封的，登记为轮候查封。
        """
        before = lying(call, Seizure, unit)
        return {
            "unit": unit,
            "title": title,
            "court": call.client.attribute("uscc"),
            "document": document,
            "months": months,
            "place": 1 + max((one.place for one in before), default=0),
            "until": None if before else _end(call.now, months),
        }

    @step(
        Seizure,
        "active",
        "active",
        by=COURT,
        guards=(not_too_long,),
        waits=_UNTIL_ITS_END,
        event=("unit", "until"),
    )
    def renew_seizure(self, call: Call[Seizure], months: Positive) -> Changes:
        """Renew a seizure for some months from today, before it ends.

        续行查封，自当日起算。
        """
        return {"months": months, "until": _end(call.now, months)}

    @step(
        Seizure, SEIZED, "lifted", by=COURT, reason=True, moves=(MOVES_UP,), event=("unit", "court")
    )
    def lift_seizure(self, call: Call[Seizure]) -> Changes:
        """Lift a seizure; the next one on the waiting list comes into force.

        解除查封；轮候在先的查封自动生效。
        """
        if call.record.state == "active":
            move_up(call, call.record.unit, call.now)
        return None

    @step(Seizure, SEIZED, "expired", by=ANYBODY, when_due=True, moves=(MOVES_UP,))
    def expire_seizure(self, call: Call[Seizure]) -> Changes:
        """End a seizure whose term is over; the next one came into force then.

        查封期限届满；轮候在先的查封自届满时生效。
        """
        move_up(call, call.record.unit, str(call.record.until))
        return None


def move_up(call: Call[Any], unit: str, since: str) -> None:
    """Bring the first seizure of the waiting list into force since a time."""
    waiting = [one for one in lying(call, Seizure, unit) if one.state == "waiting"]
    if waiting:
        first = min(waiting, key=lambda one: one.place)
        call.move(Seizure, first.id, "active", until=_end(since, first.months))


def _end(since: str, months: int) -> str:
    return end_of_day(add_months(beijing_day(since), months))
