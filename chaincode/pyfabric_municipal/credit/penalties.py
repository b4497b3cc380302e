"""Penalties: recorded and published by the authority that decided them, until their publication is over.

Source: 双公示 (FACTS §4). Their life goes on in `objections`, `repairs` and `withdrawals`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.records import NEW, WRITTEN, Fact, Tracked
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Guard, Move, Wait, guard, step
from pyfabric_municipal.common.values import (
    Day,
    Digest,
    MspId,
    Positive,
    Timestamp,
    add_months,
    parse_date,
)
from pyfabric_municipal.common.waiting import Until
from pyfabric_municipal.credit.days import end_of_publication, today
from pyfabric_municipal.credit.decisions import Decision, Sector
from pyfabric_municipal.credit.recording import TAKEN, is_decided, is_its_authority
from pyfabric_municipal.credit.roles import AUTHORITY
from pyfabric_municipal.credit.subjects import not_cancelled
from pyfabric_municipal.credit.uploads import UPLOAD_INDEX, Upload, upload_of

RECORDED: Final = "recorded"
PUBLISHED: Final = "published"
HELD: Final = "held"
ESCALATED: Final = "escalated"
REPAIR_SOUGHT: Final = "repair_sought"
REPAIR_ESCALATED: Final = "repair_escalated"
REPAIRED: Final = "repaired"
WITHDRAWN: Final = "withdrawn"
EXPIRED: Final = "expired"

SUBJECT_EXISTS = not_cancelled("decision.subject", Example(first=("record", "cancel")))
ENDS = Wait(None, Until("ends"), exit="expire")


class Penalty(Tracked):
    """A penalty; `version` increases with corrections, `deciders` are who must answer while it is contested.

    No two departments record one decision: a number is once an authority's, and once a subject's.

    行政处罚。
    """

    KIND: ClassVar[str] = "penalty"
    STATES: ClassVar[Mapping[str, str]] = {
        RECORDED: "已录入",
        PUBLISHED: "公示中",
        HELD: "异议处理中",
        ESCALATED: "异议复核中",
        REPAIR_SOUGHT: "申请修复",
        REPAIR_ESCALATED: "修复复核中",
        REPAIRED: "已修复",
        WITHDRAWN: "已撤回",
        EXPIRED: "公示期满",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar[tuple[Index, ...]] = (
        Index("subject", ("decision.subject",)),
        Index("number", ("decision.number",)),
        Index("repaired", ("repaired_month",)),
        UPLOAD_INDEX,
    )
    CLAIMS: ClassVar[tuple[Claim, ...]] = (
        Claim("of-authority", lambda one: [_of_authority(one.decision)], rule=TAKEN),
        Claim("of-subject", lambda one: [_of_subject(one.decision)], rule=TAKEN),
    )

    authority: MspId
    deciders: tuple[MspId, ...]
    version: Positive
    decision: Decision
    upload: Upload
    ends: Timestamp
    published: Day | None = None
    repaired: Day | None = None
    withdrawn_by: Digest | None = None

    @property
    def repaired_month(self) -> str | None:
        """The month of the repair, by which repairs are found."""
        return None if self.repaired is None else self.repaired[:7]


class Standing(Fact):
    """Whether a penalty counts from a moment on, and its decision then: so that past days stay as they were.

    处罚自某时起是否计入及当时的决定。
    """

    KIND: ClassVar[str] = "standing"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("penalty", ("penalty",)),)

    penalty: str
    since: Timestamp
    counts: bool
    version: Positive
    decision: Decision


STANDING = Move(Standing, (NEW,), WRITTEN)


def stand(call: Call[Any], penalty: Penalty, *, counts: bool, since: str = "") -> None:
    """Keep from when on a penalty, as it is after this step, counts or does not; from now on, if not said."""
    call.create(
        Standing,
        f"{penalty.id}/{penalty.revision:06}",
        WRITTEN,
        penalty=penalty.id,
        since=since or max(call.now, penalty.updated),
        counts=counts,
        version=penalty.version,
        decision=penalty.decision,
    )


def after_step(call: Call[Penalty], **changes: Any) -> Penalty:
    """Return the penalty as the step leaves it, with these changes."""
    return call.record.changed(revision=call.record.revision + 1, **changes)


def months_of(call: Call[Any], sector: Sector) -> int:
    """Return how many months a penalty of a sector is published at least: `publication-months`."""
    months: int = call.parameter("publication-months")[sector.value]
    return months


def is_public(call: Call[Any], decision: Decision) -> bool:
    """Return whether a penalty is published: not if all its types are among `unpublished`."""
    return not set(decision.types) <= set(call.parameter("unpublished"))


@guard(
    "published-too-long",
    "公示至{until}，超过{months}个月",
    "it would be published until {until}, more than {months} months",
    example=Example(parameters={"publication-most-months": 6}),
)
def is_not_published_too_long(call: Call[Penalty]) -> Verdict:
    """Hold if the publication ends within the governed number of months after the decision."""
    decision, months = call.after.decision, call.parameter("publication-most-months")
    latest = add_months(parse_date(decision.decided), months).isoformat()
    return decision.publish_until <= latest or {"until": decision.publish_until, "months": months}


def _is_published(example: Example) -> Guard:
    return Guard(
        "not-for-publication",
        "仅有{types}的处罚不公示",
        "a penalty of {types} alone is not published",
        lambda call: (
            is_public(call, call.after.decision) or {"types": ", ".join(call.after.decision.types)}
        ),
        example,
    )


MAY_BE_PUBLISHED = _is_published(Example(parameters={"unpublished": ["fine"]}))


@guard(
    "published-too-shortly",
    "公示至{until}，早于最短公示期届满日{end}",
    "it would be published until {until}, before its minimum term is over on {end}",
    example=Example(later=300 * 86_400),
)
def is_published_long_enough(call: Call[Penalty]) -> Verdict:
    """Hold if the minimum term, counted from today and not from the decision, ends by the last day."""
    decision = call.after.decision
    end = add_months(today(call), months_of(call, decision.sector)).isoformat()
    return end <= decision.publish_until or {"until": decision.publish_until, "end": end}


class Penalties:
    """The steps by which a penalty comes to count, and ends."""

    @step(
        Penalty,
        NEW,
        RECORDED,
        by=AUTHORITY,
        guards=(is_its_authority, is_decided, SUBJECT_EXISTS, is_not_published_too_long),
        event=("authority", "upload"),
    )
    def record(self, call: Call[Penalty], decision: Decision) -> Changes:
        """Record a penalty that the caller's department decided.

        录入本部门作出的行政处罚决定。
        """
        return {
            "authority": call.caller,
            "deciders": (call.caller,),
            "version": 1,
            "decision": decision,
            "upload": upload_of(call, decision.decided),
            "ends": end_of_publication(parse_date(decision.publish_until)),
        }

    @step(
        Penalty,
        RECORDED,
        PUBLISHED,
        by=AUTHORITY,
        guards=(SUBJECT_EXISTS, MAY_BE_PUBLISHED, is_published_long_enough),
        waits=ENDS,
        moves=(STANDING,),
    )
    def publish(self, call: Call[Penalty]) -> Changes:
        """Publish a penalty; it counts against its subject from now on.

        公示处罚；自此计入当事人信用。
        """
        stand(call, after_step(call), counts=True)
        return {"published": today(call).isoformat()}

    @step(
        Penalty,
        (PUBLISHED, HELD, ESCALATED, REPAIR_SOUGHT, REPAIR_ESCALATED),
        EXPIRED,
        by=ANYBODY,
        when_due=True,
    )
    def expire(self, call: Call[Penalty]) -> Changes:
        """Close a penalty whose publication is over; it stays in history.

        公示期届满后结束公示；历史保留。
        """


def _of_authority(decision: Decision) -> tuple[str, str]:
    return (decision.authority, decision.number)


def _of_subject(decision: Decision) -> tuple[str, str]:
    return (decision.subject, decision.number)
