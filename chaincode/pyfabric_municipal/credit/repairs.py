"""Repairs: a subject that has complied, and has been published long enough, asks to be published no more.

Source: the rules of 2019 and 2023 (FACTS §4); the terms are the parameter `publication-months`. An authority that
is silent loses the matter to the reviewers; if they are silent, too, the subject may apply again.
"""

from typing import ClassVar

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.records import NEW, Fact
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Move, Wait, guard, step
from pyfabric_municipal.common.values import Digest, add_months, parse_date
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.credit.days import has_come, today
from pyfabric_municipal.credit.evidence import SealedProof
from pyfabric_municipal.credit.lists import SERIOUS, Listing
from pyfabric_municipal.credit.objections import reviewers_of
from pyfabric_municipal.credit.penalties import (
    ENDS,
    PUBLISHED,
    REPAIR_ESCALATED,
    REPAIR_SOUGHT,
    REPAIRED,
    STANDING,
    Penalty,
    after_step,
    months_of,
    stand,
)
from pyfabric_municipal.credit.roles import DECIDER, PLATFORM


class RepairApplication(Fact):
    """An application that the platform filed for a subject; `proof` is the commitment to what is private.

    信用修复申请；证明不公开，仅公开其承诺值。
    """

    KIND: ClassVar[str] = "repair_application"
    ID: ClassVar = "transaction"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("penalty", ("penalty",)),)

    penalty: str
    proof: Digest


@guard(
    "repair-barred",
    "该处罚不予修复：{why}",
    "the penalty cannot be repaired: {why}",
    example=Example(parameters={"unrepairable": ["fine"]}),
)
def is_not_barred(call: Call[RepairApplication]) -> Verdict:
    """Hold if neither a court, the penalty's type (`unrepairable`), nor the list of serious breaches bars the repair."""
    decision = call.need(Penalty, call.after.penalty).decision
    listings = call.find(Listing, "subject", decision.subject)
    barred = {str(one) for one in decision.types} & set(call.parameter("unrepairable"))
    barred |= {f"{one.state} ({one.number})" for one in listings if one.state == SERIOUS}
    why = decision.repair_barred or ", ".join(sorted(barred))
    return not why or {"why": why}


@guard(
    "repair-too-early",
    "最短公示期未满：{earliest}起可申请修复",
    "it is published since {published}: it can be repaired from {earliest} on",
    example=Example(later=-30 * 86_400),
)
def is_published_long_enough(call: Call[RepairApplication]) -> Verdict:
    """Hold if the minimum term of the penalty's sector has passed since its publication."""
    penalty = call.need(Penalty, call.after.penalty)
    begun = penalty.published or penalty.decision.publish_until
    months = months_of(call, penalty.decision.sector)
    earliest = add_months(parse_date(begun), months)
    facts = {"published": begun, "earliest": earliest.isoformat()}
    return has_come(call, earliest) or facts


class Repairs:
    """The steps by which a penalty is repaired."""

    @step(
        RepairApplication,
        NEW,
        by=PLATFORM,
        guards=(is_not_barred, is_published_long_enough),
        moves=(
            Move(
                Penalty,
                (PUBLISHED,),
                REPAIR_SOUGHT,
                (Wait(DECIDER, Days("repair-days"), exit="escalate_repair"), ENDS),
            ),
        ),
        event=("penalty",),
    )
    def seek_repair(
        self, call: Call[RepairApplication], penalty: str, proof: SealedProof
    ) -> Changes:
        """Apply for the repair of a penalty for its subject, with private proofs and its commitment.

        代当事人申请信用修复，附保密的履行证明与承诺书。
        """
        authority = call.need(Penalty, penalty).authority
        call.move(Penalty, penalty, REPAIR_SOUGHT, deciders=(authority,))
        return {"penalty": penalty, "proof": proof.commitment()}

    @step(
        Penalty,
        (REPAIR_SOUGHT, REPAIR_ESCALATED),
        REPAIRED,
        by=DECIDER,
        moves=(STANDING,),
    )
    def repair(self, call: Call[Penalty]) -> Changes:
        """Grant a repair: the penalty is no longer published, for good.

        准予修复：不再公示，不可恢复。
        """
        stand(call, after_step(call), counts=False)
        return {"repaired": today(call).isoformat()}

    @step(
        Penalty,
        (REPAIR_SOUGHT, REPAIR_ESCALATED),
        PUBLISHED,
        by=DECIDER,
        reason=True,
        waits=ENDS,
    )
    def refuse_repair(self, call: Call[Penalty]) -> Changes:
        """Refuse a repair.

        不予修复。
        """

    @step(
        Penalty,
        REPAIR_SOUGHT,
        REPAIR_ESCALATED,
        by=ANYBODY,
        when_due=True,
        waits=(Wait(DECIDER, Days("review-days"), exit="lapse_repair"), ENDS),
    )
    def escalate_repair(self, call: Call[Penalty]) -> Changes:
        """Bring an application before the reviewers, because the authority is silent.

        原机关逾期未答复，修复申请转复核部门。
        """
        return {"deciders": reviewers_of(call)}

    @step(Penalty, REPAIR_ESCALATED, PUBLISHED, by=ANYBODY, when_due=True, waits=ENDS)
    def lapse_repair(self, call: Call[Penalty]) -> Changes:
        """End an application to which the reviewers are silent, too; the subject may apply again.

        复核部门亦逾期未答复，本次申请终止，可再次申请。
        """
