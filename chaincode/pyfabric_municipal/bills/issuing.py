"""Bills are issued, one by one or many together, exchanged for paper and reversed; invoices are registered by Tax."""

from typing import Annotated, Any

from pyfabric_municipal.bills.allotting import (
    NOT_COPIED,
    NOT_ISSUED,
    NOT_VOIDED,
    RangeKey,
    is_in_range,
    issuer_of,
)
from pyfabric_municipal.bills.amounts import SealedContent, SealedFace
from pyfabric_municipal.bills.records import (
    ISSUED,
    LOCKED,
    RED,
    REVERSED,
    Bill,
    Paper,
    Printed,
    PublicKey,
    Range,
)
from pyfabric_municipal.bills.roles import ISSUER, TAX
from pyfabric_municipal.bills.totals import left_of, standing_of
from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.claimed_times import not_in_the_future
from pyfabric_municipal.common.records import NEW
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Guard, Mode, Move, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import BookKey, Timestamp, Uscc

Original = Annotated[BookKey, about("The bill that it is about.", "原票据")]
_LINE = {"item": "05", "name": "化验费", "unit": "项", "price": "1263.14", "amount": 126_314}


def _items(**changes: str) -> Example:
    return Example(private={"content": {"items": [_LINE | {"quantity": "1"} | changes]}})


def _content(call: Call[Bill]) -> Any:
    return call.private["content"].value


def _total(call: Call[Bill]) -> int:
    return int(call.private["face"].value.total)


@guard(
    "item-class",
    "项目{item}不在号段的项目范围内",
    "the range is not for items of the class {item}",
    example=_items(item="99"),
)
def has_allotted_items(call: Call[Bill]) -> Verdict:
    """Hold if the range is for each line's class of items."""
    allotted = call.need(Range, str(call.after.range)).items
    wrong = [one.item for one in _content(call).items if one.item not in allotted]
    return not wrong or {"item": wrong[0]}


@guard(
    "not-an-invoice",
    "{number}是财政票据号码，须由开票单位在其号段内开具",
    "{number} is a fiscal bill's number: its issuer issues it from its range",
    example=Example(id="11060126-0001859231"),
)
def is_invoice(call: Call[Bill]) -> Verdict:
    """Hold for an invoice, and a red one of an invoice; a fiscal bill's key has a code of 8 digits."""
    fiscal = [one for one in (call.id, call.after.original) if one and one[8] == "-"]
    return not fiscal or {"number": fiscal[0]}


@guard(
    "other-issuer",
    "原票据{bill}由{issuer}开具，只能由其办理",
    "{bill} was issued by {issuer}, who alone can do this",
    example=Example(by="foundation"),
)
def is_its_own(call: Call[Any]) -> Verdict:
    """Hold if the original is a fiscal bill that the same organisation issued."""
    bill = call.need(Bill, call.after.original)
    own = bill.range is not None and bill.issuer == issuer_of(call)
    return own or {"bill": bill.id, "issuer": bill.issuer}


@guard(
    "red-too-much",
    "红冲金额超过票据{bill}的剩余金额",
    "the red amount is more than is left of {bill}",
    example=Example(private={"face": {"total": -10_526_314}}),
)
def is_left(call: Call[Bill]) -> Verdict:
    """Hold if the original has as much left, after earlier red bills and what payers have awarded on it."""
    bill = str(call.after.original)
    return -_total(call) <= left_of(call, bill) or {"bill": bill}


NOT_LATER = not_in_the_future("issued", Example(arguments={"issued": "2026-12-31T00:00:00Z"}))
NOT_LATER_PRINTED = not_in_the_future(
    "issued", Example(arguments={"printed": {"issued": "2026-12-31T00:00:00Z"}})
)
HAS_ITS_SIGN = Guard(
    "total-sign",
    "票面金额须为正数，红字票据须为负数",
    "a bill's total is positive, a red one's negative",
    lambda call: (_total(call) < 0) if call.after.original else (_total(call) > 0),
    Example(private={"face": {"total": 0}}),
)
EXACT = Guard(
    "item-amount",
    "项目金额不等于数量乘单价",
    "the amount of an item is not quantity times price",
    lambda call: all(one.is_exact() for one in _content(call).items),
    _items(quantity="0"),
)
ADDS_UP = Guard(
    "items-total",
    "明细金额之和不等于票面金额",
    "the items do not come to the total",
    lambda call: sum(one.amount for one in _content(call).items) == _total(call),
    Example(private={"face": {"total": 10_526_314}}),
)
BORNE_WHOLE = Guard(
    "parts-total",
    "基金、其他、个人账户和现金支付之和不等于票面金额",
    "fund, other, account and cash do not come to the total",
    lambda call: _content(call).parts is None or _content(call).parts.total() == _total(call),
    Example(private={"content": {"parts": {"cash": 1}}}),
)
NUMBERED = (NOT_VOIDED, NOT_COPIED, is_in_range, HAS_ITS_SIGN)
RECEIPT = (*NUMBERED, NOT_LATER_PRINTED)
WITH_ITEMS = (*RECEIPT, EXACT, has_allotted_items, ADDS_UP, BORNE_WHOLE)
REVERSALS = (Move(Bill, (ISSUED,), ISSUED), Move(Bill, (ISSUED,), REVERSED))


class Issuing:
    """The steps by which bills come about, and are taken back."""

    @step(Bill, NEW, ISSUED, by=ISSUER, guards=WITH_ITEMS, event=("issuer", "issued"))
    def issue(
        self, call: Call[Bill], printed: Printed, face: SealedFace, content: SealedContent
    ) -> Changes:
        """Issue a bill with its items, by any free number of the issuer's range.

        开具票据及其明细，可用号段内任一未使用的号码。
        """
        return {"issuer": issuer_of(call), **dict(printed)}

    @step(Bill, NEW, ISSUED, by=ISSUER, guards=WITH_ITEMS, mode=Mode.BATCH)
    def issue_many(
        self, call: Call[Bill], printed: Printed, face: SealedFace, content: SealedContent
    ) -> Changes:
        """Issue many bills, all or none.

        批量开具票据，全部开具或全部不开具。
        """
        return {"issuer": issuer_of(call), **dict(printed)}

    @step(Bill, NEW, ISSUED, by=ISSUER, guards=RECEIPT, event=("issuer", "issued"))
    def issue_receipt(self, call: Call[Bill], printed: Printed, face: SealedFace) -> Changes:
        """Issue a receipt without items, as for a donation.

        开具无明细的票据，如公益事业捐赠票据。
        """
        return {"issuer": issuer_of(call), **dict(printed)}

    @step(Bill, NEW, ISSUED, by=TAX, guards=(is_invoice, NOT_LATER, HAS_ITS_SIGN))
    def register(
        self,
        call: Call[Bill],
        issuer: Annotated[Uscc, about("The seller.", "销售方")],
        holder: PublicKey,
        issued: Timestamp,
        face: SealedFace,
    ) -> None:
        """Register an invoice, so that it is reimbursed as bills are.

        登记发票，与财政票据一样办理报销。
        """

    @step(
        Bill,
        NEW,
        RED,
        by=ISSUER,
        guards=(is_its_own, *NUMBERED, NOT_LATER, is_left),
        moves=REVERSALS,
        reason=True,
        event=("issuer", "original"),
    )
    def reverse(
        self,
        call: Call[Bill],
        original: Original,
        range: RangeKey,
        issued: Timestamp,
        face: SealedFace,
    ) -> Changes:
        """Reverse a bill that is not locked, wholly or in part, by a red one beside it with a number of its own.

        开具红字票据，全部或部分冲销未锁定的原票据。
        """
        return _reversed(call, original) | {"issuer": issuer_of(call)}

    @step(
        Bill,
        NEW,
        RED,
        by=TAX,
        guards=(is_invoice, NOT_LATER, HAS_ITS_SIGN, is_left),
        moves=REVERSALS,
        reason=True,
        event=("issuer", "original"),
    )
    def register_red(
        self, call: Call[Bill], original: Original, issued: Timestamp, face: SealedFace
    ) -> Changes:
        """Register a red invoice beside the one that it reverses, wholly or in part.

        登记红字发票，全部或部分冲销原发票。
        """
        return _reversed(call, original)

    @step(
        Paper,
        NEW,
        by=ISSUER,
        guards=(is_its_own, NOT_ISSUED, NOT_VOIDED, is_in_range),
        moves=(Move(Bill, (ISSUED,), ISSUED),),
        event=("original",),
    )
    def exchange(self, call: Call[Paper], original: Original, range: RangeKey) -> Changes:
        """Exchange a bill for a paper copy with a number of its own: both are one bill, with one state.

        将电子票据换开为纸质票据，两者为同一票据，状态相同。
        """
        call.move(Bill, original, ISSUED, paper=call.id)
        return {"issuer": issuer_of(call)}

    @step(Bill, LOCKED, ISSUED, by=ANYBODY, when_due=True)
    def unlock(self, call: Call[Bill]) -> Changes:
        """Unlock a bill whose lock is over; anybody may, and everybody counts it as unlocked before.

        锁定到期后解锁，任何人均可办理；到期即视为已解锁。
        """
        return {"claim": None}


def _reversed(call: Call[Bill], original: str) -> dict[str, Any]:
    """Change the original, to `reversed` once nothing of it stands; return what the red bill has of it."""
    whole = standing_of(call, original) + _total(call) == 0
    bill = call.move(Bill, original, REVERSED if whole else ISSUED)
    return {"issuer": bill.issuer, "holder": bill.holder}
