"""Steps of a transfer: applied for, reviewed by departments side by side, registered (转移登记)."""

from dataclasses import replace
from typing import Annotated, Any, Final

from pyfabric_municipal.common import (
    ANYBODY,
    NEW,
    Call,
    Changes,
    Collection,
    Days,
    Example,
    Move,
    Sealed,
    Until,
    Verdict,
    Wait,
    guard,
    step,
)
from pyfabric_municipal.common.values import Digest, Model, Text, UnitCode
from pyfabric_municipal.estate.guards import (
    PASSING,
    consented_by_notice,
    has_consented,
    lies_on,
    lying,
    of_live_title,
    parties_at,
    pass_title,
    unseized,
)
from pyfabric_municipal.estate.ownership import Keys, Ownership
from pyfabric_municipal.estate.records import (
    NOTICED,
    OPEN,
    Case,
    Clearance,
    Grounds,
    Mortgage,
    Notice,
    Objection,
    Price,
    Title,
    Unit,
)
from pyfabric_municipal.estate.roles import (
    APPLICANT,
    CHECKER,
    FAMILY,
    FILING,
    IDENTITY,
    REGISTRAR,
    TAX,
    WINDOW,
)

PricePart = Annotated[Sealed[Price], Collection("prices")]

FOR_ACCEPTANCE: Final = Wait(REGISTRAR, Days("acceptance-days"), exit="deem_accepted")
FOR_SUPPLEMENT: Final = Wait(APPLICANT, Days("supplement-days"), exit="lapse_case")
FOR_REVIEWS: Final = tuple(
    Wait(role, Days("review-days"), exit="lapse_case", need=1)
    for role in (IDENTITY, FAMILY, FILING, TAX)
)
FOR_REGISTRATION: Final = (
    Wait(CHECKER, Days("registration-days"), exit="lapse_case"),
    Wait(None, Until("answer_by"), exit="lapse_case"),
)
"""The tax channel keeps a clearance longer than a case waits: what is registered never stands on one that was released."""

UNPAID: Final = ("gift", "inheritance")


of_transferred_title: Final = replace(
    of_live_title, example=Example(arguments={"transfer": {"title": "another"}})
)


class Transfer(Model):
    """What is applied for: who gives up what, and who holds the unit then."""

    unit: UnitCode
    title: str
    grounds: Grounds
    sellers: Keys
    ownership: Ownership


@guard(
    "sellers",
    "{seller} 不是现行权利人，或共同共有人未全部申请",
    "{seller} does not hold the unit, or not all joint owners apply",
    example=Example(arguments={"transfer": {"sellers": []}}),
)
def sold_by_holders(call: Call[Case]) -> Verdict:
    """Hold if holders give up their parts: all of them where they own jointly."""
    before, sellers = _owned(call, call.after.unit), {str(one) for one in call.after.sellers}
    holders = set(before.parts())
    missing = sellers ^ holders if before.form != "shares" else sellers - holders
    if missing or not sellers:
        return {"seller": min(missing, default="-")}
    return True


@guard(
    "others-share",
    "{holder} 未参加转移，其份额不得变动",
    "{holder} takes no part: the share must stay as it is",
    example=Example(),
)
def others_keep(call: Call[Case]) -> Verdict:
    """Hold if a holder who does not apply keeps the same part."""
    after, sellers = call.after.ownership.parts(), {str(one) for one in call.after.sellers}
    kept = {
        key: part
        for key, part in _owned(call, call.after.unit).parts().items()
        if key not in sellers
    }
    changed = (key for key, part in kept.items() if key not in after or after[key] != part)
    return next(({"holder": key} for key in changed), True)


@guard(
    "unpaid",
    "{grounds} 须有价款",
    "a {grounds} has a price",
    example=Example(private={"price": {"fen": 0}}),
)
def priced(call: Call[Case]) -> Verdict:
    """Hold if what is sold or exchanged has a price."""
    price: Price = call.private["price"].value
    grounds = call.after.grounds
    return price.fen > 0 or grounds in UNPAID or {"grounds": grounds}


@guard(
    "price-differs",
    "{what} 的价款承诺值与申请不符",
    "the {what} has another price than the application",
    example=Example(arguments={"price": "0" * 64}),
)
def of_this_price(call: Call[Case]) -> Verdict:
    """Hold if a filed contract has the commitment to the price that the application has."""
    return call.arguments["price"] == call.record.price or {"what": "contract"}


@guard(
    "clearance-differs",
    "完税凭证的 {what} 与申请不符",
    "the clearance is for another {what}",
    example=Example(arguments={"clearance": {"price": "0" * 64}}),
)
def cleared_for_this(call: Call[Case]) -> Verdict:
    """Hold if a clearance is for the application's unit, price and parties."""
    found: Clearance = call.arguments["clearance"]
    pairs = {name: (getattr(found, name), getattr(call.record, name)) for name in _CLEARED}
    wrong = (name for name, (one, other) in pairs.items() if _as_set(one) != _as_set(other))
    return next(({"what": name} for name in wrong), True)


@guard(
    "mortgaged",
    "抵押权 {id}（{mortgagee}）禁止转让或登记于民法典施行前，须经抵押权人同意（版本 {version}）",
    "mortgage {id} of {mortgagee} bars transfers or is older than the Civil Code: its version {version} needs consent",
    example=Example(first=("register_mortgage#barring",)),
    parameters=("free-transfer-since",),
    timed=True,
)
def mortgages_allow(call: Call[Case]) -> Verdict:
    """Hold if each mortgage lets the unit pass (Civil Code art. 406), or its mortgagee has consented to this."""
    since = call.parameter("free-transfer-since")
    for one in lying(call, Mortgage, call.record.unit):
        barring = one.no_transfer or (one.registered or since) < since
        if barring and not has_consented(one.consent, call.id, one.version):
            return {"id": one.id, "mortgagee": one.mortgagee, "version": one.version}
    return True


@guard(
    "objected",
    "不动产单元 {unit} 有异议登记 {id}",
    "objection {id} is registered on unit {unit}",
    example=Example(first=("register_objection",)),
    parameters=("objection-effect",),
    timed=True,
)
def not_held_up(call: Call[Case]) -> Verdict:
    """Hold if no objection lies on the unit, or objections only warn."""
    warns = call.parameter("objection-effect") == "warn"
    return warns or lies_on(call, (Objection,), call.record.unit)


class Transfers:
    """What is done with applications for transfers."""

    @step(
        Case,
        NEW,
        "applied",
        by=WINDOW,
        guards=(
            parties_at("transfer", "ownership"),
            of_transferred_title,
            unseized,
            sold_by_holders,
            others_keep,
            priced,
        ),
        waits=FOR_ACCEPTANCE,
        event=("unit", "window"),
        denies=(Case.CLAIMS[0].rule,),
    )
    def apply_transfer(self, call: Call[Case], transfer: Transfer, price: PricePart) -> Changes:
        """Apply for the transfer of a unit, which is locked for this application; a second one is recorded as denied.

        申请转移登记，不动产单元随即锁定；同一单元的第二份申请记为拒绝（防止一房二卖）。
        """
        buyers = transfer.ownership.gaining(_owned(call, transfer.unit))
        fields = {"buyers": buyers, "price": price.commitment(), "window": call.caller}
        return dict(transfer) | fields

    @step(Case, "applied", "reviewing", by=REGISTRAR, waits=FOR_REVIEWS)
    def accept(self, call: Call[Case]) -> Changes:
        """Accept an application: the departments review it side by side.

        受理申请，各部门并联核验。
        """

    @step(Case, "applied", "reviewing", by=ANYBODY, when_due=True, waits=FOR_REVIEWS)
    def deem_accepted(self, call: Call[Case]) -> Changes:
        """Count an application as accepted because the register is silent.

        登记机构逾期未告知不予受理的，视为受理。
        """

    @step(Case, "applied", "returned", by=REGISTRAR, reason=True, waits=FOR_SUPPLEMENT)
    def return_case(self, call: Call[Case]) -> Changes:
        """Return an application for what is missing.

        告知补正。
        """

    @step(Case, "returned", "applied", by=APPLICANT, waits=FOR_ACCEPTANCE)
    def supplement(self, call: Call[Case], evidence: Digest) -> Changes:
        """Supplement an application.

        补正后重新提交。
        """

    @step(Case, "reviewing", "reviewed", by=IDENTITY, joins=True, waits=FOR_REGISTRATION)
    def confirm_identity(self, call: Call[Case]) -> Changes:
        """Confirm that all parties are who they are, alive and of age, or represented.

        核验当事人身份真实、健在且具有民事行为能力（或依法代理）。
        """

    @step(Case, "reviewing", "reviewed", by=FAMILY, joins=True, waits=FOR_REGISTRATION)
    def confirm_family(self, call: Call[Case]) -> Changes:
        """Confirm that no spouse or heir with a right is missing.

        核验配偶共有人或继承人无遗漏。
        """

    @step(
        Case,
        "reviewing",
        "reviewed",
        by=FILING,
        guards=(of_this_price,),
        joins=True,
        waits=FOR_REGISTRATION,
    )
    def confirm_contract(self, call: Call[Case], instrument: Text, price: Digest) -> Changes:
        """Confirm the filed contract or the notarial instrument, and its price by commitment.

        核验网签备案合同或公证文书，价款以承诺值比对。
        """
        return {"instrument": instrument}

    @step(
        Case,
        "reviewing",
        "reviewed",
        by=TAX,
        guards=(cleared_for_this,),
        joins=True,
        waits=FOR_REGISTRATION,
        event=("unit", "clearance"),
    )
    def confirm_tax(self, call: Call[Case], clearance: Clearance) -> Changes:
        """Confirm that deed tax is cleared for this unit, price and parties; the clearance counts once, and until its time.

        确认契税完税或免税凭证与单元、价款、当事人一致；每份凭证只能使用一次，且须在其答复期限前登簿。
        """
        return {"clearance": clearance.number, "answer_by": clearance.answer_by}

    @step(
        Case,
        ("applied", "reviewing", "reviewed"),
        "refused",
        by=(REGISTRAR, IDENTITY, FAMILY, FILING, TAX),
        reason=True,
        event=("unit", "clearance"),
    )
    def refuse(self, call: Call[Case]) -> Changes:
        """Refuse a transfer, as the register or a reviewing department.

        登记机构或核验部门不予登记。
        """

    @step(Case, OPEN, "withdrawn", by=APPLICANT, event=("unit", "clearance"))
    def withdraw(self, call: Call[Case]) -> Changes:
        """Withdraw an application before it is registered.

        登簿前撤回申请。
        """

    @step(Case, OPEN, "lapsed", by=ANYBODY, when_due=True, event=("unit", "clearance"))
    def lapse_case(self, call: Call[Case]) -> Changes:
        """End an application that somebody left without an answer: the unit is free again.

        逾期无人办理，申请终止，不动产单元解锁。
        """

    @step(
        Case,
        "reviewed",
        "registered",
        by=CHECKER,
        guards=(of_live_title, unseized, consented_by_notice, mortgages_allow, not_held_up),
        moves=(*PASSING, Move(Notice, NOTICED, "fulfilled")),
        event=("unit", "clearance", "new_title", "warnings"),
    )
    def register(self, call: Call[Case]) -> Changes:
        """Register a transfer: the old title ends and the new one begins; mortgages are carried, their banks notified.

        登簿：原所有权终止、新所有权设立于同一笔交易；抵押权随之转移，并以事件通知抵押权人。
        """
        case = call.record
        buyers = {str(one) for one in case.buyers}
        for one in lying(call, Notice, case.unit):
            if str(one.holder) in buyers:
                call.move(Notice, one.id, "fulfilled")
        warnings = tuple(one.id for one in lying(call, Objection, case.unit))
        title = pass_title(call, case.unit, case.ownership, case.grounds)
        return {"new_title": title, "warnings": warnings}


_CLEARED: Final = ("unit", "price", "sellers", "buyers")


def _owned(call: Call[Case], unit: str) -> Ownership:
    """Return the ownership that an application would end."""
    return call.need(Title, str(call.need(Unit, unit).title)).ownership


def _as_set(value: Any) -> Any:
    """Return parties in no order, and any other value as it is."""
    return {str(one) for one in value} if isinstance(value, tuple) else value
