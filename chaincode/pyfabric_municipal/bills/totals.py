"""What is left of a bill: its total less red bills, less what payers have awarded on it; from private amounts."""

from typing import Any

from pyfabric_municipal.bills.amounts import Award, Face
from pyfabric_municipal.bills.records import Bill, Reimbursement
from pyfabric_municipal.common.call import Call


def standing_of(call: Call[Any], bill: str) -> int:
    """Return a bill's total less its red bills, in fen."""
    faces = (bill, *(one.id for one in call.find(Bill, "original", bill)))
    totals: list[int] = [call.unseal("face", Face, one, of=Bill).value.total for one in faces]
    return sum(totals)


def left_of(call: Call[Any], bill: str) -> int:
    """Return what no red bill and no payer's award has taken of a bill, in fen."""
    claims = call.find(Reimbursement, "bill", bill)
    awards: list[Award] = [
        call.unseal("award", Award, one.id, of=Reimbursement).value for one in claims
    ]
    return standing_of(call, bill) - sum(one.amounts[bill] for one in awards)
