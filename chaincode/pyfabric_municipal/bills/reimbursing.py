"""Reimbursement: a holder claims, a payer locks the bills, awards and pays, each payer's role once for a bill.

No silence holds a claim or a lock for ever; what was awarded is taken back only by its payer, or where it does not
pay, by the supervising department.
"""

from typing import Annotated, Any, Final

from pyfabric_municipal.bills.amounts import Face, SealedAward, SealedShown
from pyfabric_municipal.bills.records import (
    ADJUDICATED,
    AWARDED,
    ISSUED,
    LAPSED,
    LOCKED,
    PAID,
    REFUNDED,
    REJECTED,
    ROLE_TAKEN,
    SETTLED,
    SUBMITTED,
    UNPAID,
    WITHDRAWN,
    Bill,
    Reimbursement,
    RoleName,
)
from pyfabric_municipal.bills.roles import HOLDER, PAYER, PAYERS, SUPERVISOR
from pyfabric_municipal.bills.totals import left_of
from pyfabric_municipal.common.authorisation import WRONG
from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import STATE, Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Move, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import BookKey, Digest, Text, beijing_day
from pyfabric_municipal.common.waiting import Days, Seconds

LOCK: Final = Move(Bill, (ISSUED,), LOCKED, (Wait(None, Seconds("lock-seconds"), exit="unlock"),))
FREE: Final = Move(Bill, (LOCKED,), ISSUED)
REOPEN: Final = Move(Bill, (SETTLED,), ISSUED)


@guard(
    "several-holders",
    "票据{bill}的持票人不同",
    "{bill} has another holder",
    example=Example(
        first=("issue#other",), arguments={"bills": ["11060126-0001859231", "11060126-0001859239"]}
    ),
)
def has_one_holder(call: Call[Reimbursement]) -> Verdict:
    """Hold if all bills are of the holder who signs."""
    held = {one: call.need(Bill, one).holder for one in call.after.bills}
    others = [bill for bill, holder in held.items() if holder != call.after.holder]
    return not others or {"bill": others[0]}


@guard(
    "payer-role",
    "{payer}不得以{role}身份报销{bill}",
    "{payer} does not reimburse {bill} in the role {role}",
    example=Example(arguments={"payer": "HealthMSP"}),
    code_lists=("payer-roles",),
)
def is_payer_in_role(call: Call[Reimbursement]) -> Verdict:
    """Hold if the list in force today has the role, with the payer if it names any, and with each bill's kind."""
    after = call.after
    roles: Any = call.in_force("payer-roles", on=beijing_day(call.now)).codes
    role = roles.get(after.role, {"kinds": []})
    for bill in after.bills:
        known = call.need(Bill, bill).kind in role["kinds"]
        if not known or after.payer not in role.get("payers", [after.payer]):
            return {"payer": after.payer, "role": after.role, "bill": bill}
    return True


@guard(
    "face-differs",
    "票据{bill}的金额或校验码与票面不符",
    "{bill}: total or check code are not those on its face",
    example=Example(private={"shown": {"faces": {"11060126-0001859231": {"total": 10_526_314}}}}),
)
def shows_the_faces(call: Call[Reimbursement]) -> Verdict:
    """Hold if total and check code of each bill are shown as they are."""
    shown = call.private["shown"].value.faces
    faces = {one: call.unseal("face", Face, one, of=Bill).value for one in call.after.bills}
    wrong = [bill for bill, face in faces.items() if shown.get(bill) != face]
    return not wrong or {"bill": wrong[0]}


@guard(
    "bills-awarded",
    "核定须且只须列出申请的全部票据",
    "the award is not for the claim's bills, each of them",
    example=Example(private={"award": {"amounts": {"11060126-0001859239": 1}}}),
)
def awards_each_bill(call: Call[Reimbursement]) -> Verdict:
    """Hold if the award has an amount for each bill of the claim, and for no other."""
    return set(call.private["award"].value.amounts) == set(call.record.bills)


@guard(
    "award-too-much",
    "核定金额超过票据{bill}的剩余金额",
    "the award is more than is left of {bill}",
    example=Example(private={"award": {"amounts": {"11060126-0001859231": 10_526_314}}}),
)
def awards_what_is_left(call: Call[Reimbursement]) -> Verdict:
    """Hold if each bill has as much left, after red bills and what other payers have awarded."""
    amounts = call.private["award"].value.amounts
    over = [bill for bill, amount in amounts.items() if amount > left_of(call, bill)]
    return not over or {"bill": over[0]}


class Reimbursing:
    """The steps of a reimbursement."""

    @step(
        Reimbursement,
        NEW,
        SUBMITTED,
        by=HOLDER,
        guards=(has_one_holder, is_payer_in_role, shows_the_faces),
        waits=Wait(PAYER, Days("answer-days"), exit="lapse"),
        event=("bills", "role", "payer"),
        denies=(WRONG, has_one_holder, is_payer_in_role, shows_the_faces, ROLE_TAKEN),
    )
    def submit(
        self,
        call: Call[Reimbursement],
        bills: Annotated[tuple[BookKey, ...], about("All of one holder.", "同一持票人的票据")],
        role: Annotated[
            RoleName, about("A role of the list `payer-roles`.", "代码表 payer-roles 中的报销身份")
        ],
        payer: Annotated[
            Text, about("The MSP id, or social credit code.", "报销方的 MSP 标识或统一社会信用代码")
        ],
        shown: SealedShown,
    ) -> Changes:
        """Claim bills of a payer, with the holder's signature at any desk; a second claim in a role is recorded as denied.

        持票人签名申请报销，可在任一窗口办理；同一身份的第二次申请记为拒绝。
        """
        return {"holder": call.need(Bill, bills[0]).holder}

    @step(
        Reimbursement,
        SUBMITTED,
        LOCKED,
        by=PAYERS,
        waits=Wait(PAYER, Seconds("lock-seconds"), exit="lapse"),
        moves=(LOCK,),
        denies=(STATE,),
    )
    def lock(self, call: Call[Reimbursement]) -> None:
        """Lock the bills for this claim, all or none, for a limited time; who comes too late is recorded as denied.

        受理申请并限期锁定全部票据；票据已被他人锁定的，记为拒绝。
        """
        for bill in call.record.bills:
            call.move(Bill, bill, LOCKED, claim=call.id)

    @step(
        Reimbursement,
        LOCKED,
        ADJUDICATED,
        by=PAYERS,
        guards=(awards_each_bill, awards_what_is_left),
        waits=Wait(PAYER, Days("payment-days"), exit="fall_behind"),
        moves=(FREE, Move(Bill, (LOCKED,), SETTLED)),
        event=("bills", "role", "payer"),
        denies=(awards_what_is_left,),
    )
    def adjudicate(self, call: Call[Reimbursement], award: SealedAward) -> Changes:
        """Award an amount on each bill, which then is free for the other payers' roles, or settled if nothing is left.

        核定每张票据的报销金额；票据有余额的可由其他身份继续报销，无余额的全额入账。
        """
        for bill in call.record.bills:
            left = left_of(call, bill) - award.value.amounts.get(bill, 0)
            target = ISSUED if left else SETTLED
            call.move(Bill, bill, target, claim=None)
        return {"award": award.commitment()}

    @step(Reimbursement, (ADJUDICATED, UNPAID), PAID, by=PAYERS)
    def pay(
        self,
        call: Call[Reimbursement],
        payment: Annotated[
            Digest, about("The SHA-256 of the bank's receipt.", "银行回单的SHA-256")
        ],
    ) -> Changes:
        """Enter that the award was paid.

        登记报销款已支付。
        """
        return {"payment": payment}

    @step(Reimbursement, (SUBMITTED, LOCKED), REJECTED, by=PAYERS, reason=True, moves=(FREE,))
    def reject(self, call: Call[Reimbursement]) -> None:
        """Reject a claim; its bills are free.

        不予报销，解锁票据。
        """
        _free(call, LOCKED)

    @step(Reimbursement, (SUBMITTED, LOCKED), WITHDRAWN, by=HOLDER, moves=(FREE,))
    def withdraw(self, call: Call[Reimbursement]) -> None:
        """Withdraw a claim that is not decided, with the holder's signature; its bills are free.

        持票人签名撤回尚未核定的申请，解锁票据。
        """
        _free(call, LOCKED)

    @step(Reimbursement, (SUBMITTED, LOCKED), LAPSED, by=ANYBODY, when_due=True)
    def lapse(self, call: Call[Reimbursement]) -> Changes:
        """End a claim whose payer was silent; its bills are unlocked by themselves.

        报销方逾期未办，申请失效，票据自动解锁。
        """

    @step(Reimbursement, ADJUDICATED, UNPAID, by=ANYBODY, when_due=True)
    def fall_behind(self, call: Call[Reimbursement]) -> Changes:
        """Show that an award was not paid in time.

        核定后逾期未支付。
        """

    @step(Reimbursement, AWARDED, REFUNDED, by=PAYERS, reason=True, moves=(REOPEN,))
    def refund(self, call: Call[Reimbursement]) -> None:
        """Take an award back, as when the money came back: its bills have the amount left again.

        退回报销款，恢复票据余额。
        """
        _free(call, SETTLED)

    @step(Reimbursement, UNPAID, REFUNDED, by=SUPERVISOR, reason=True, moves=(REOPEN,))
    def annul(self, call: Call[Reimbursement]) -> None:
        """Annul an award that its payer has not paid in time.

        撤销逾期未付的核定，恢复票据余额。
        """
        _free(call, SETTLED)


def _free(call: Call[Reimbursement], state: str) -> None:
    """Bring the bills that are in this state back to `issued`."""
    for bill in call.record.bills:
        if call.need(Bill, bill).state == state:
            call.move(Bill, bill, ISSUED, claim=None)
