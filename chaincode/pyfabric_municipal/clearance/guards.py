"""What must be true of single steps of the deed tax and its clearances."""

from typing import Any

from pyfabric_municipal.clearance.rates import Tax, tax_on
from pyfabric_municipal.clearance.records import Assessment, Payment, Price, TaxClearance
from pyfabric_municipal.common import Call, Example, Verdict, guard
from pyfabric_municipal.common.values import beijing_day, unix_seconds


@guard(
    "tax-wrong",
    "税额与税率表不符，或计税依据低于成交价格",
    "the tax is not what the table of rates gives, or its basis is below the price",
    parameters=("rates",),
    example=Example(private={"tax": {"fen": 1}}),
)
def is_by_the_table(call: Call[Assessment]) -> Verdict:
    """Hold if the private tax follows from the private price, or a higher basis, by the governed rates."""
    price: Price = call.unseal("price", Price).value
    tax: Tax = call.unseal("tax", Tax).value
    due = tax_on(call.parameter("rates"), call.after.use, call.after.area, tax.homes, tax.basis)
    return tax == due and tax.basis >= price.fen


@guard(
    "no-exemption",
    "免税代码 {exemption} 不在现行代码表中",
    "{exemption} is not among the exemptions in force",
    code_lists=("deed-tax-exemptions",),
    example=Example(arguments={"exemption": "new-year"}),
)
def is_an_exemption(call: Call[Assessment]) -> Verdict:
    """Hold if the code list of exemptions that is in force has the code."""
    codes = call.in_force("deed-tax-exemptions", on=beijing_day(call.now)).codes
    return call.after.exemption in codes or {"exemption": call.after.exemption}


@guard(
    "payment-differs",
    "缴款金额与应纳税额不一致",
    "what was paid is not the tax that is owed",
    example=Example(private={"payment": {"fen": 1}}),
)
def is_paid_exactly(call: Call[Assessment]) -> Verdict:
    """Hold if the private payment is the private tax."""
    paid: Payment = call.unseal("payment", Payment).value
    owed: Tax = call.unseal("tax", Tax).value
    return paid.fen == owed.fen


@guard(
    "clearance-in-use",
    "凭证 {clearance} 尚在使用",
    "clearance {clearance} of this sale is {state}",
    example=Example(first=("issue",)),
)
def has_no_clearance(call: Call[Assessment]) -> Verdict:
    """Hold if the sale has no clearance that counts today."""
    found = call.find(TaxClearance, "assessment", call.id)
    used = next((one for one in found if one.state != "expired"), None)
    return used is None or {"clearance": used.id, "state": used.state}


@guard(
    "not-settled",
    "税款未缴清：{assessment} 的状态是 {state}",
    "the deed tax is not settled: {assessment} is {state}",
    example=Example(first=("refund",)),
)
def is_settled(call: Call[TaxClearance]) -> Verdict:
    """Hold if the sale has paid its tax, or owes none."""
    found = call.need(Assessment, call.after.assessment)
    return found.state == "settled" or {"assessment": found.id, "state": found.state}


@guard(
    "other-sale",
    "凭证与本次转让不符：{differs}",
    "the clearance is of another sale: {differs} differ",
    example=Example(arguments={"price": "0" * 64}),
)
def is_of_this_sale(call: Call[TaxClearance]) -> Verdict:
    """Hold if unit, price and parties are those of the clearance; parties in any order."""
    names = ("unit", "price", "sellers", "buyers")
    given = {name: call.arguments[name] for name in names}
    differs = [name for name in names if _set(given[name]) != _set(getattr(call.record, name))]
    return not differs or {"differs": ", ".join(differs)}


@guard(
    "reservation-times",
    "答复时间须在现在之后、截止时间前至少 {margin} 秒；预留最长 {most} 秒",
    "the answer is due after now and {margin} s before the deadline, which is at most {most} s ahead",
    parameters=("reservation-margin-seconds", "reservation-most-seconds"),
    timed=True,
    example=Example(parameters={"reservation-most-seconds": 60}),
)
def answers_in_time(call: Call[TaxClearance]) -> Verdict:
    """Hold if the other channel's time is over before this one's, so that never both count (FACTS §12)."""
    margin, most = (call.parameter(f"reservation-{name}-seconds") for name in ("margin", "most"))
    given = call.arguments["reservation"]
    answer, deadline = unix_seconds(given.answer_by), unix_seconds(given.deadline)
    ahead = deadline <= call.clock.proposal + most
    if call.is_open(given.answer_by) and answer + margin <= deadline and ahead:
        return True
    return {"margin": margin, "most": most}


def _set(value: Any) -> frozenset[Any]:
    return frozenset(value if isinstance(value, tuple) else (value,))
