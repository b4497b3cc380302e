"""Break-glass: access in an emergency that two officers open together, for a day, and another department reviews.

A part that any contract takes: `class Records(WithBreakGlass, CityContract)`. A guard of the contract then asks
`is_broken` before it lets somebody through who has no right (FACTS 2 and C S6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from pyfabric.chaincode import ClientIdentity
from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.records import NEW, Record, Tracked
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import (
    ANYBODY,
    USCC_ATTRIBUTE,
    Appointed,
    Asked,
    On,
    OrganisationRole,
    Role,
)
from pyfabric_municipal.common.steps import Changes, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Flag, Text, Timestamp
from pyfabric_municipal.common.values.timestamps import add_seconds
from pyfabric_municipal.common.waiting import Seconds, Until

CALL_SECONDS: Final = "break-glass-call-seconds"
SECONDS: Final = "break-glass-seconds"
REVIEW_SECONDS: Final = "break-glass-review-seconds"
MISSES: Final = "break-glass-misses"

PARAMETERS: Final[Mapping[str, int]] = {
    CALL_SECONDS: 3600,
    SECONDS: 86_400,
    REVIEW_SECONDS: 604_800,
    MISSES: 2,
}
"""What the departments agree on, for each contract that takes the part: an hour for the second officer, a day of access,
a week for its review, and how many missed reviews suspend an organisation. The hour is from general knowledge."""

REVIEWERS: Final = "break-glass-reviewer"
"""The contract's role, in the register of `city`, of the departments that review, and lift what was missed."""

_OFFICER: Final = ("emergency", "officer")
_REVIEWS: Final = ("emergency", "reviewer")
_OFFICERS: Final = ("break_glass", "confirm_break_glass")


def party_of(client: ClientIdentity) -> str:
    """Return for whom a certificate acts: the organisation without a peer that it names, or its department."""
    return client.attribute(USCC_ATTRIBUTE) or client.msp_id


@dataclass(frozen=True)
class OfficerRole(OrganisationRole):
    """A role of officers, each of a department or of the organisation without a peer that the certificate names."""

    def is_eligible(self, asked: Asked) -> bool:
        """Return whether the certificate has the attribute and, if it names an organisation, comes from its CA."""
        if asked.client.attribute(USCC_ATTRIBUTE) is None:
            return Role.is_eligible(self, asked)
        return super().is_eligible(asked)

    def party(self, asked: Asked, record: Any) -> str | None:
        """Return the department or organisation of the officer, None if the record names another."""
        party = party_of(asked.client)
        return party if self.of is None or party in self.parties(asked, record) else None


@dataclass(frozen=True)
class _Others(Role):
    """The departments that review, save the one that is reviewed."""

    def parties(self, asked: Asked, record: Any) -> tuple[str, ...]:
        """Return the appointed departments without the record's own."""
        return tuple(one for one in super().parties(asked, record) if one != record.department)


OFFICER = OfficerRole("officer", "应急人员", attribute=_OFFICER)
SECOND = OfficerRole(
    "second officer", "第二名应急人员", On("organisation"), _OFFICER, not_person=("break_glass",)
)
OWN_OFFICER = OfficerRole("officer of its own", "本单位应急人员", On("organisation"), _OFFICER)
REVIEWER = Role(
    "reviewer",
    "审查部门",
    Appointed(REVIEWERS),
    _REVIEWS,
    not_department=("break_glass",),
    not_person=_OFFICERS,
)
_REVIEW: Final = Wait(
    _Others("reviewer", "审查部门", Appointed(REVIEWERS)),
    Until("review_by"),
    exit="miss_review",
    need=1,
)
_LATE: Final = Wait(_REVIEW.role, Until("review_by"))
"""What keeps a missed review on the list of what is overdue."""


class BreakGlass(Tracked):
    """An organisation's access in an emergency, to what `scope` names.

    紧急授权：某单位在紧急情况下对 `scope` 所列内容的访问。
    """

    KIND: ClassVar[str] = "break-glass"
    STATES: ClassVar = {
        "called": "待第二人确认",
        "lapsed": "未确认失效",
        "open": "已启用",
        "closed": "待审查",
        "reviewed": "已审查",
        "unreviewed": "逾期未审查",
        "settled": "已补审",
    }
    ID: ClassVar = "transaction"
    HELD_BY: ClassVar[str] = "organisation"
    INDEXES: ClassVar = (
        Index("organisation", ("organisation",)),
        Index("unreviewed", ("organisation",), ("open", "closed", "unreviewed")),
        Index("scope", ("scope",)),
        Index("subject", ("subject",)),
    )

    organisation: str
    department: str
    scope: Text
    subject: Blinded | None = None
    until: Timestamp | None = None
    review_by: Timestamp | None = None
    justified: Flag | None = None


@guard(
    "break-glass-suspended",
    "{organisation} 已有 {missed} 次紧急授权逾期未审查，暂停其紧急授权，补审后恢复",
    "{organisation} has {missed} missed reviews and is suspended: it may break glass again once they are made up",
    example=Example(first=("miss_review",), parameters={MISSES: 1}),
    parameters=(MISSES,),
    timed=True,
)
def not_suspended(call: Call[BreakGlass]) -> Verdict:
    """Hold while fewer reviews of the organisation were missed than suspend it."""
    organisation = call.after.organisation
    found = call.find(BreakGlass, "unreviewed", organisation)
    missed = sum(one.state == "unreviewed" for one in found)
    return missed < call.parameter(MISSES) or {"organisation": organisation, "missed": missed}


def is_broken(call: Call[Any], record_id: str, scope: str) -> bool:
    """Return whether the caller's organisation has broken glass for a scope, by this record, and its day is not over."""
    found = call.get(BreakGlass, record_id)
    return (
        found is not None
        and (found.state, found.scope) == ("open", scope)
        and found.organisation == party_of(call.client)
        and found.until is not None
        and call.is_open(found.until)
    )


class WithBreakGlass:
    """The part: two officers open, one closes, another department reviews; who is not reviewed is suspended."""

    RECORDS: ClassVar[tuple[type[Record], ...]] = (BreakGlass,)

    @step(
        BreakGlass,
        NEW,
        "called",
        by=OFFICER,
        guards=(not_suspended,),
        reason=True,
        waits=Wait(None, Seconds(CALL_SECONDS), exit="lapse_break_glass"),
        event=("organisation", "scope", "subject"),
        denies=(not_suspended,),
    )
    def break_glass(
        self,
        call: Call[BreakGlass],
        scope: Annotated[Text, about("What is to be accessed.", "拟访问的内容")],
        subject: Annotated[
            Blinded | None, about("The person whom it is about, blinded.", "所涉人员（盲化标识）")
        ] = None,
    ) -> Changes:
        """Call for access in an emergency; a second officer of the organisation must confirm it.

        申请紧急授权，须经本单位第二名应急人员确认。
        """
        organisation = party_of(call.client)
        return {
            "organisation": organisation,
            "department": call.caller,
            "scope": scope,
            "subject": subject,
        }

    @step(BreakGlass, "called", "lapsed", by=ANYBODY, when_due=True)
    def lapse_break_glass(self, call: Call[BreakGlass]) -> Changes:
        """End a call that no second officer has confirmed.

        第二名应急人员逾期未确认，申请失效。
        """

    @step(
        BreakGlass,
        "called",
        "open",
        by=SECOND,
        waits=(Wait(None, Until("until"), exit="end_break_glass"), _REVIEW),
        event=("organisation", "scope", "subject", "until"),
        parameters=(SECONDS, REVIEW_SECONDS),
    )
    def confirm_break_glass(self, call: Call[BreakGlass]) -> Changes:
        """Open the access, as the second officer.

        由第二名应急人员确认，启用紧急授权。
        """
        until = add_seconds(call.now, call.parameter(SECONDS))
        return {"until": until, "review_by": add_seconds(until, call.parameter(REVIEW_SECONDS))}

    @step(
        BreakGlass,
        "open",
        "closed",
        by=OWN_OFFICER,
        waits=_REVIEW,
        event=("organisation",),
        parameters=(REVIEW_SECONDS,),
    )
    def close_break_glass(self, call: Call[BreakGlass]) -> Changes:
        """Close the access before its day is over.

        提前关闭紧急授权。
        """
        review_by = add_seconds(call.now, call.parameter(REVIEW_SECONDS))
        return {"until": call.now, "review_by": review_by}

    @step(BreakGlass, "open", "closed", by=ANYBODY, when_due=True, waits=_REVIEW)
    def end_break_glass(self, call: Call[BreakGlass]) -> Changes:
        """Close the access because its day is over.

        期限届满，关闭紧急授权。
        """

    @step(
        BreakGlass,
        "closed",
        "reviewed",
        by=REVIEWER,
        reason=True,
        event=("organisation", "justified"),
    )
    def review_break_glass(
        self,
        call: Call[BreakGlass],
        justified: Annotated[Flag, about("Whether it was justified.", "是否正当")],
    ) -> Changes:
        """Review what was done, as another department; the reason is the finding.

        由其他部门审查，理由栏填写审查结论。
        """
        return {"justified": justified}

    @step(BreakGlass, ("open", "closed"), "unreviewed", by=ANYBODY, when_due=True, waits=_LATE)
    def miss_review(self, call: Call[BreakGlass]) -> Changes:
        """Record that nobody has reviewed it in time: it counts against the organisation.

        逾期未审查，计入该单位未审查次数。
        """

    @step(
        BreakGlass,
        "unreviewed",
        "settled",
        by=REVIEWER,
        reason=True,
        event=("organisation", "justified"),
    )
    def review_late(
        self,
        call: Call[BreakGlass],
        justified: Annotated[Flag, about("Whether it was justified.", "是否正当")],
    ) -> Changes:
        """Make up a missed review: it counts no longer against the organisation, whose suspension it may lift.

        补作审查，不再计入未审查次数，相应解除暂停。
        """
        return {"justified": justified}
