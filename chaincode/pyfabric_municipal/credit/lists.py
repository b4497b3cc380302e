"""Lists of subjects: the abnormal list (经营异常名录), and that of serious breaches (严重违法失信名单).

Who stays on the abnormal list for three years comes onto the serious one; who has been on that long enough leaves it
(FACTS §4 [K]: `abnormal-months`, `serious-months`, `serious-least-months`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.records import NEW, Tracked
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Wait, guard, step
from pyfabric_municipal.common.values import (
    DocumentNumber,
    MspId,
    RegionCode,
    Text,
    Timestamp,
    UsccShape,
    add_months,
    beijing_day,
    start_of_day,
)
from pyfabric_municipal.common.waiting import Until, change_by_time
from pyfabric_municipal.credit.days import has_come, today
from pyfabric_municipal.credit.evidence import Basis
from pyfabric_municipal.credit.roles import AUTHORITY, REGISTRAR
from pyfabric_municipal.credit.subjects import Subject, not_cancelled

ABNORMAL: Final = "abnormal"
SERIOUS: Final = "serious"
REMOVED: Final = "removed"


class Listing(Tracked):
    """A subject on a list: why, since when, and until when at most.

    列入经营异常名录或严重违法失信名单的主体。
    """

    KIND: ClassVar[str] = "listing"
    STATES: ClassVar[Mapping[str, str]] = {
        ABNORMAL: "经营异常",
        SERIOUS: "严重违法失信",
        REMOVED: "已移出",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar[tuple[Index, ...]] = (
        Index("subject", ("subject",)),
        Index("region", ("region",), (ABNORMAL, SERIOUS)),
    )
    CLAIMS: ClassVar[tuple[Claim, ...]] = (
        Claim("listed", lambda one: [(one.subject, one.authority)], (ABNORMAL, SERIOUS)),
    )

    subject: UsccShape
    region: RegionCode
    authority: MspId
    number: DocumentNumber
    ground: Text
    listed: Timestamp
    serious_since: Timestamp | None = None
    ends: Timestamp
    removed: Timestamp | None = None
    basis: Basis | None = None

    def on_list_at(self, moment: str) -> str | None:
        """Return the list on which the subject was at a moment, None if on none; also what only the day has changed."""
        change = change_by_time(self.waiting)
        serious, removed = self.serious_since, self.removed
        if change is not None and change.becomes == SERIOUS:
            serious = change.due
        if change is not None and change.becomes == REMOVED:
            removed = change.due
        if moment < self.listed or (removed is not None and removed <= moment):
            return None
        return SERIOUS if serious is not None and serious <= moment else ABNORMAL


@guard(
    "listed-too-shortly",
    "列入严重违法失信名单未满最短期限：{earliest}起可提前移出",
    "it is on the serious list since {since}: it can be removed from {earliest} on",
    example=Example(first=("become_serious",)),
)
def is_listed_long_enough(call: Call[Listing]) -> Verdict:
    """Hold for the abnormal list, and once the minimum term on the serious one has passed."""
    since = call.record.serious_since
    if since is None:
        return True
    earliest = add_months(beijing_day(since), call.parameter("serious-least-months"))
    return has_come(call, earliest) or {"since": since, "earliest": earliest.isoformat()}


class Lists:
    """The steps by which subjects come onto lists, and leave them."""

    @step(
        Listing,
        NEW,
        ABNORMAL,
        by=REGISTRAR,
        guards=(not_cancelled("subject", Example(first=("cancel",))),),
        waits=Wait(None, Until("ends"), exit="become_serious"),
        event=("subject",),
    )
    def list_abnormal(
        self, call: Call[Listing], subject: UsccShape, number: DocumentNumber, ground: Text
    ) -> Changes:
        """Put a subject on the abnormal list.

        将主体列入经营异常名录。
        """
        ends = _months_later(call, today(call), "abnormal-months")
        return _listed(call, subject, number, ground) | {"ends": ends}

    @step(
        Listing,
        NEW,
        SERIOUS,
        by=AUTHORITY,
        guards=(not_cancelled("subject", Example(first=("cancel",))),),
        waits=Wait(None, Until("ends"), exit="leave_list"),
        event=("subject",),
    )
    def list_serious(
        self, call: Call[Listing], subject: UsccShape, number: DocumentNumber, ground: Text
    ) -> Changes:
        """Put a subject on the list of serious breaches, by a decision of the caller's.

        依据本部门的决定将主体列入严重违法失信名单。
        """
        ends = _months_later(call, today(call), "serious-months")
        listed = _listed(call, subject, number, ground)
        return listed | {"serious_since": call.now, "ends": ends}

    @step(
        Listing,
        ABNORMAL,
        SERIOUS,
        by=ANYBODY,
        when_due=True,
        waits=Wait(None, Until("ends"), exit="leave_list"),
    )
    def become_serious(self, call: Call[Listing]) -> Changes:
        """Bring a subject onto the serious list that has been on the abnormal one for too long.

        列入经营异常名录满期，转入严重违法失信名单。
        """
        since = call.record.ends
        ends = _months_later(call, beijing_day(since), "serious-months")
        return {"serious_since": since, "ends": ends}

    @step(
        Listing,
        (ABNORMAL, SERIOUS),
        REMOVED,
        by=AUTHORITY,
        guards=(is_listed_long_enough,),
        reason=True,
    )
    def remove(self, call: Call[Listing], basis: Basis) -> Changes:
        """Remove a subject from its list, by a decision of the authority that put it there.

        作出列入决定的机关依据决定将主体移出名单。
        """
        return {"removed": call.now, "basis": basis}

    @step(Listing, SERIOUS, REMOVED, by=ANYBODY, when_due=True)
    def leave_list(self, call: Call[Listing]) -> Changes:
        """Remove a subject that has been on the serious list for its whole term.

        列入严重违法失信名单期满，移出名单。
        """
        return {"removed": call.record.ends}


def _listed(call: Call[Any], subject: str, number: str, ground: str) -> dict[str, Any]:
    return {
        "subject": subject,
        "region": call.need(Subject, subject).region,
        "authority": call.caller,
        "number": number,
        "ground": ground,
        "listed": call.now,
    }


def _months_later(call: Call[Any], day: date, parameter: str) -> str:
    return start_of_day(add_months(day, call.parameter(parameter)))
