"""The contract `Bills`: what is issued, by whom, and how often it is reimbursed."""

from typing import Annotated, ClassVar

from pydantic import Field

from pyfabric.chaincode import Context, query
from pyfabric_municipal.bills.allotting import Numbers
from pyfabric_municipal.bills.amounts import AMOUNTS, Face
from pyfabric_municipal.bills.issuing import Issuing
from pyfabric_municipal.bills.records import Bill, Paper, Range, Reimbursement, Voided
from pyfabric_municipal.bills.reimbursing import Reimbursing
from pyfabric_municipal.common.contract import CityContract
from pyfabric_municipal.common.private import Sealed
from pyfabric_municipal.common.records import Record
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.values import (
    BillKey,
    BillNumber,
    BookKey,
    Count,
    Day,
    Flag,
    Model,
    Uscc,
    beijing_day,
)

Month = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
Most = Annotated[int, Field(ge=1, le=200)]


class Verified(Model):
    """Whether what a bearer shows is on the ledger, and the state in which the bill is."""

    state: str
    paper: BillKey | None
    total: Flag
    check: Flag
    issued: Flag


class NumberUse(Model):
    """What has become of a number of a range: `unused`, or the kind of the record that has it."""

    number: BillKey
    use: str


class RedRate(Model):
    """How many bills an issuer issued in a month, red ones among them."""

    bills: Count
    red: Count
    per_thousand: Count


class Bills(Numbers, Issuing, Reimbursing, CityContract):
    """Fiscal electronic bills and invoices: numbers, issue, reversal, and reimbursement once for each payer's role.

    财政电子票据与发票：号段、开具、红冲、换开，以及每种身份只报销一次。
    """

    name = "Bills"
    title = "电子票据 · Electronic bills"
    RECORDS: ClassVar[tuple[type[Record], ...]] = (Range, Voided, Paper, Bill, Reimbursement)

    @query
    def verify(self, ctx: Context, bill: BookKey, issued: Day) -> Verified:
        """Return whether total, check code and day of a bill, or a paper copy, are those shown; the transient value `face` has them.

        查验票据或其纸质票据：票面金额和校验码以临时数据 face 提交。
        """
        session = Session(ctx.stub, self.contract_name())
        shown = session.vault.argument(Face, "face")
        copy = session.get(Paper, bill)
        found = self._reading(ctx).record(Bill, bill if copy is None else copy.original)
        face = session.vault.unseal(AMOUNTS, Sealed[Face], Bill.KIND, found["id"], "face").value
        return Verified(
            state=found["state"],
            paper=found["paper"],
            total=shown.total == face.total,
            check=shown.check == face.check,
            issued=beijing_day(found["issued"]).isoformat() == issued,
        )

    @query
    def numbers(
        self, ctx: Context, allotted: BillKey, first: BillNumber, most: Most
    ) -> list[NumberUse]:
        """Return what has become of the numbers of a range, from one on.

        查询号段内各号码的使用情况，自某号起。
        """
        session = Session(ctx.stub, self.contract_name())
        found = session.need(Range, allotted)
        start = max(int(first), found.first)
        numbers = range(start, min(int(found.last), start + most - 1) + 1)
        keys = [f"{found.id[:9]}{number:010}" for number in numbers]
        return [NumberUse(number=key, use=_use(session, key)) for key in keys]

    @query
    def red_rate(self, ctx: Context, issuer: Uscc, month: Month) -> RedRate:
        """Return how many bills an issuer issued in a month (2026-11), and how many red ones.

        查询开票单位某月的开票张数和红冲张数。
        """
        session = Session(ctx.stub, self.contract_name())
        bills, red = (
            len(session.entries(Bill, index, issuer, month)) for index in ("month", "red")
        )
        return RedRate(bills=bills, red=red, per_thousand=red * 1000 // bills if bills else 0)


def _use(session: Session, number: str) -> str:
    kinds: tuple[type[Record], ...] = (Bill, Paper, Voided)
    return next((one.KIND for one in kinds if session.get(one, number) is not None), "unused")
