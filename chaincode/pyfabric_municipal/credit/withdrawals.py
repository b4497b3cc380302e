"""Withdrawals: an authority takes its penalty back by a decision or judgment, and another department confirms it."""

from collections.abc import Mapping
from typing import ClassVar, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.records import NEW, Tracked
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Move, Wait, step
from pyfabric_municipal.common.values import MspId, Text
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.credit.evidence import Basis
from pyfabric_municipal.credit.penalties import (
    ESCALATED,
    HELD,
    PUBLISHED,
    RECORDED,
    REPAIR_ESCALATED,
    REPAIR_SOUGHT,
    STANDING,
    WITHDRAWN,
    Penalty,
    stand,
)
from pyfabric_municipal.credit.roles import AUTHORITY, REVIEWER

SOUGHT: Final = "sought"
CONFIRMED: Final = "confirmed"
REFUSED: Final = "refused"
LAPSED: Final = "lapsed"
_OPEN = (RECORDED, PUBLISHED, HELD, ESCALATED, REPAIR_SOUGHT, REPAIR_ESCALATED)


class Withdrawal(Tracked):
    """An authority's wish to withdraw a penalty, and the decision on which it rests.

    撤回处罚的申请及其依据。
    """

    KIND: ClassVar[str] = "withdrawal"
    STATES: ClassVar[Mapping[str, str]] = {
        SOUGHT: "待确认",
        CONFIRMED: "已确认",
        REFUSED: "不同意",
        LAPSED: "逾期终止",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("penalty", ("penalty",)),)
    CLAIMS: ClassVar[tuple[Claim, ...]] = (
        Claim("open-withdrawal", lambda one: [(one.penalty,)], (SOUGHT,)),
    )

    penalty: str
    authority: MspId
    basis: Basis
    why: Text


class Withdrawals:
    """The steps by which a penalty is withdrawn for good."""

    @step(
        Withdrawal,
        NEW,
        SOUGHT,
        by=AUTHORITY,
        waits=Wait(REVIEWER, Days("withdrawal-days"), exit="lapse_withdrawal"),
        event=("penalty",),
    )
    def seek_withdrawal(
        self, call: Call[Withdrawal], penalty: str, basis: Basis, why: Text
    ) -> Changes:
        """Ask that a penalty of the caller's be withdrawn, because of a decision or judgment.

        原机关依据决定或判决申请撤回其处罚。
        """
        authority = call.need(Penalty, penalty).authority
        return {"penalty": penalty, "authority": authority, "basis": basis, "why": why}

    @step(
        Withdrawal,
        SOUGHT,
        CONFIRMED,
        by=REVIEWER,
        moves=(Move(Penalty, _OPEN, WITHDRAWN), STANDING),
    )
    def confirm_withdrawal(self, call: Call[Withdrawal]) -> None:
        """Withdraw the penalty for good.

        确认撤回处罚。
        """
        digest = call.record.basis.digest
        after = call.move(Penalty, call.record.penalty, WITHDRAWN, withdrawn_by=digest)
        stand(call, after, counts=False)

    @step(Withdrawal, SOUGHT, REFUSED, by=REVIEWER, reason=True)
    def refuse_withdrawal(self, call: Call[Withdrawal]) -> Changes:
        """Refuse the withdrawal: the penalty stays as it is.

        不同意撤回：处罚不变。
        """

    @step(Withdrawal, SOUGHT, LAPSED, by=ANYBODY, when_due=True)
    def lapse_withdrawal(self, call: Call[Withdrawal]) -> Changes:
        """End a withdrawal that no reviewer has confirmed in time.

        复核部门逾期未确认，撤回申请终止。
        """
