"""Steps of an accepted case: reviewed side by side, stopped and resumed, decided, delivered, rated."""

from typing import Annotated, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Target, Timer, Wait, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import ELicence, Flag
from pyfabric_municipal.common.values.timestamps import beijing_day
from pyfabric_municipal.common.values.workdays import working_days_between
from pyfabric_municipal.common.waiting import Days, DaysOn
from pyfabric_municipal.services.accepting import Remedy
from pyfabric_municipal.services.guards import (
    due_of,
    in_time,
    is_low,
    may_still_stop,
    promised_result,
    reviewed,
    special_procedure,
    unopposed,
)
from pyfabric_municipal.services.records import (
    ACCEPTED,
    ANSWERED,
    CLOSED,
    COMPLAINT,
    DELIVERED,
    GRANTED,
    RATED,
    REFUSED,
    STOPPED,
    Case,
    Grade,
    Opinion,
)
from pyfabric_municipal.services.roles import APPLICANT, HANDLER, REVIEWER, WINDOW

TO_DELIVER: Final = Wait(HANDLER, Days("delivery-days"))


class Handling:
    """What is done with a case from its acceptance on."""

    @step(Case, ACCEPTED, ACCEPTED, by=REVIEWER, joins=True, reason=True)
    def advise(
        self,
        call: Call[Case],
        agrees: Annotated[Flag, about("Whether the department agrees.", "是否同意")],
    ) -> Changes:
        """Give an opinion in the joint review, as one of the departments that are asked side by side.

        会办部门反馈意见。
        """
        opinion = Opinion(department=call.actor.party, agrees=agrees)
        return {"opinions": (*call.record.opinions, opinion)}

    @step(Case, ACCEPTED, ACCEPTED, by=ANYBODY, when_due=True, joins=True)
    def pass_over(self, call: Call[Case]) -> Changes:
        """Go on without those who have not answered in the joint review.

        会办部门逾期未反馈的，视为没有不同意见。
        """

    @step(
        Case,
        ACCEPTED,
        STOPPED,
        by=HANDLER,
        guards=(special_procedure, may_still_stop, in_time),
        reason=True,
        timer=Timer.STOPS,
        waits=Wait(None, DaysOn("stop_left"), exit="wake"),
        event=("procedure",),
    )
    def stop(
        self,
        call: Call[Case],
        procedure: Annotated[str, about("A special procedure.", "特别程序")],
    ) -> Changes:
        """Stop the clock for a procedure whose days the law does not count; all stops of a case together are limited.

        进入特别程序，中止计时；一件办件累计中止时间有上限。
        """
        left = call.record.stop_left
        if left is None:
            left = call.parameter("stop-days")
        return {"procedure": procedure, "stopped": call.now, "stop_left": left}

    @step(Case, STOPPED, ACCEPTED, by=HANDLER, timer=Timer.RESUMES)
    def resume(self, call: Call[Case]) -> Changes:
        """Resume the clock: what was left of each limit goes on.

        特别程序结束，恢复计时。
        """
        since = call.record.stopped or call.now
        first, last = beijing_day(since), beijing_day(call.now)
        return _resumed(call.record, working_days_between(first, last, call.governance.calendar))

    @step(Case, STOPPED, ACCEPTED, by=ANYBODY, when_due=True, timer=Timer.RESUMES)
    def wake(self, call: Call[Case]) -> Changes:
        """Resume the clock because it has been stopped for as long as it may be.

        累计中止时间已满，自动恢复计时。
        """
        return _resumed(call.record, call.record.stop_left or 0)

    @step(Case, ACCEPTED, GRANTED, by=HANDLER, guards=(reviewed, unopposed), waits=TO_DELIVER)
    def grant(self, call: Call[Case]) -> Changes:
        """Grant what is applied for.

        作出准予决定。
        """
        return {"granted": True, "late": call.now > due_of(call.record)}

    @step(Case, ACCEPTED, REFUSED, by=HANDLER, guards=(reviewed,), reason=True, waits=TO_DELIVER)
    def refuse(self, call: Call[Case], remedy: Remedy) -> Changes:
        """Refuse what is applied for, with the reason and how to seek a remedy.

        作出不予决定，说明理由并告知救济途径。
        """
        late = call.now > due_of(call.record)
        return {"granted": False, "late": late, "remedy": remedy}

    @step(
        Case,
        (GRANTED, REFUSED),
        DELIVERED,
        by=(HANDLER, WINDOW),
        guards=(promised_result,),
        waits=Wait(None, Days("closing-days"), exit="close_silently"),
        event=("item",),
    )
    def deliver(
        self,
        call: Call[Case],
        licence: Annotated[ELicence | None, about("The licence issued.", "结果证照")] = None,
    ) -> Changes:
        """Deliver the decision, with the licence that was issued if the item has one.

        送达决定；事项有结果证照的，登记证照标识。
        """
        return {"licence": licence}

    @step(Case, DELIVERED, CLOSED, by=WINDOW)
    def close(self, call: Call[Case]) -> Changes:
        """Close a case whose result the applicant has received.

        申请人已领取结果，办结。
        """

    @step(Case, DELIVERED, CLOSED, by=ANYBODY, when_due=True)
    def close_silently(self, call: Call[Case]) -> Changes:
        """Close a case some days after its delivery.

        送达后逾期未登记领取，自动办结。
        """

    @step(
        Case,
        CLOSED,
        (Target(COMPLAINT, is_low), Target(RATED)),
        by=APPLICANT,
        waits=Wait(HANDLER, Days("answer-days"), states=(COMPLAINT,)),
        event=("department", "grade"),
    )
    def rate(
        self,
        call: Call[Case],
        grade: Annotated[
            Grade, about("From 5, very satisfied, to 1.", "5 为非常满意，1 为非常不满意")
        ],
    ) -> Changes:
        """Rate a closed case once, with the applicant's signature; a low grade must be answered.

        申请人凭签名评价一次；差评须由办理部门整改回复。
        """
        return {"grade": grade}

    @step(Case, COMPLAINT, ANSWERED, by=HANDLER, reason=True)
    def answer(self, call: Call[Case]) -> Changes:
        """Reply to a low grade: what was done about it.

        回复差评的整改情况。
        """


def _resumed(case: Case, days: int) -> dict[str, object]:
    """Return the fields of a case whose clock runs again after a stop of this number of working days."""
    left = max((case.stop_left or 0) - days, 0)
    return {"stopped": None, "stop_left": left, "stopped_days": case.stopped_days + days}
