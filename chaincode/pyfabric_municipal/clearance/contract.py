"""The contract `clearance`: deed tax declared, assessed and paid, and the clearance that the register uses once."""

from typing import Annotated

from pyfabric_municipal.clearance.guards import (
    answers_in_time,
    has_no_clearance,
    is_an_exemption,
    is_by_the_table,
    is_of_this_sale,
    is_paid_exactly,
    is_settled,
)
from pyfabric_municipal.clearance.rates import Tax, Use
from pyfabric_municipal.clearance.records import (
    Assessment,
    Parties,
    Payment,
    Price,
    Reservation,
    TaxClearance,
)
from pyfabric_municipal.clearance.roles import (
    ASSESSOR,
    CASHIER,
    DECLARER,
    OFFICER,
    REGISTER,
    RESERVER,
    WINDOW,
)
from pyfabric_municipal.common import (
    ANYBODY,
    NEW,
    Call,
    Changes,
    CityContract,
    Collection,
    Days,
    Example,
    Move,
    Sealed,
    Until,
    Wait,
    blinded_with,
    not_in_the_future,
    step,
)
from pyfabric_municipal.common.values import (
    Digest,
    PositiveArea,
    Text,
    Timestamp,
    UnitCode,
    add_days,
)

SALES = Collection("sales")
PAYS = Wait(None, Days("payment-days"), exit="lapse")
EXPIRES = Wait(None, Until("expires"), exit="expire")
HAS_COME = not_in_the_future("paid", Example(arguments={"paid": "2027-01-01T00:00:00Z"}))


class Clearance(CityContract):
    """Deed tax on sales of real estate: what they owe, what they paid, and the clearances for the register.

    不动产转让契税的申报、核定、缴纳，以及供不动产登记使用的完税凭证。
    """

    name = "Clearance"
    title = "契税完税 · Deed-tax clearance"
    RECORDS = (Assessment, TaxClearance)

    @step(
        Assessment,
        NEW,
        "declared",
        by=WINDOW,
        guards=(blinded_with("party-key", "sellers", "buyers"), is_by_the_table),
        waits=Wait(ASSESSOR, Days("assessment-days"), exit="deem"),
        event=("unit",),
    )
    def declare(
        self,
        call: Call[Assessment],
        unit: UnitCode,
        use: Use,
        area: PositiveArea,
        sellers: Parties,
        buyers: Parties,
        price: Annotated[Sealed[Price], SALES],
        tax: Annotated[Sealed[Tax], SALES],
    ) -> Changes:
        """Declare the tax on a sale: price and tax are private, the commitment to the price is the one on the estate channel.

        申报契税；价格和税额不公开，价格的承诺值与不动产通道一致。
        """
        private = {"price": price.commitment(), "tax": tax.commitment()}
        return {**call.arguments, **private, "window": call.caller}

    @step(Assessment, ("declared", "assessed"), "withdrawn", by=DECLARER, reason=True)
    def withdraw(self, call: Call[Assessment]) -> Changes:
        """Withdraw a declaration, before anything is paid.

        缴款前撤回申报。
        """

    @step(
        Assessment,
        ("declared", "assessed"),
        "assessed",
        by=ASSESSOR,
        guards=(is_by_the_table,),
        waits=PAYS,
    )
    def assess(self, call: Call[Assessment], tax: Annotated[Sealed[Tax], SALES]) -> Changes:
        """Assess the tax, on the price or on a higher basis where the price is too low; or correct an assessment.

        核定税额；成交价格明显偏低的，按核定的计税依据；缴款前可更正。
        """
        return {"tax": tax.commitment()}

    @step(Assessment, "declared", "assessed", by=ANYBODY, when_due=True, waits=PAYS)
    def deem(self, call: Call[Assessment]) -> Changes:
        """Count the declared tax as assessed, because the tax office was silent.

        税务部门逾期未核定，按申报的税额缴纳。
        """

    @step(
        Assessment,
        ("declared", "assessed"),
        "settled",
        by=ASSESSOR,
        guards=(is_an_exemption,),
    )
    def exempt(self, call: Call[Assessment], exemption: str, evidence: Digest) -> Changes:
        """Exempt a sale, by a code of the list in force and with the digest of the evidence.

        依现行免税代码表准予免税，并记录证明材料的摘要。
        """
        return call.arguments

    @step(
        Assessment,
        "assessed",
        "settled",
        by=CASHIER,
        guards=(is_paid_exactly, HAS_COME),
        event=("unit", "receipt"),
    )
    def pay(
        self,
        call: Call[Assessment],
        receipt: Text,
        paid: Timestamp,
        payment: Annotated[Sealed[Payment], SALES],
    ) -> Changes:
        """Record the payment of exactly the tax, by a receipt that counts once.

        登记缴款；金额须与应纳税额一致，一张缴款凭据只登记一次。
        """
        return {**call.arguments, "payment": payment.commitment()}

    @step(Assessment, "assessed", "lapsed", by=ANYBODY, when_due=True)
    def lapse(self, call: Call[Assessment]) -> Changes:
        """End an assessment that was not paid in time: the sale may be declared again.

        逾期未缴款，申报失效；可重新申报。
        """

    @step(Assessment, "settled", "refunded", by=OFFICER, guards=(has_no_clearance,), reason=True)
    def refund(self, call: Call[Assessment]) -> Changes:
        """Refund the tax of a sale that did not take place, while no clearance of it is in use.

        转让未成立的，退还税款；凭证须未在使用。
        """

    @step(
        TaxClearance,
        NEW,
        "open",
        by=OFFICER,
        guards=(is_settled,),
        parameters=("clearance-days",),
        waits=EXPIRES,
        event=("unit", "expires"),
    )
    def issue(self, call: Call[TaxClearance], assessment: str) -> Changes:
        """Issue the clearance of a sale whose tax is paid or not owed; its number is the record's id.

        税款缴清或免税后开具完税凭证；凭证号即记录编号。
        """
        sale = call.need(Assessment, assessment).model_dump(
            include={"unit", "sellers", "buyers", "price"}
        )
        expires = add_days(call.now, call.parameter("clearance-days"))
        return {**sale, "assessment": assessment, "expires": expires}

    @step(
        TaxClearance,
        "open",
        "reserved",
        by=REGISTER,
        guards=(is_of_this_sale, answers_in_time),
        waits=Wait(None, Until("reservation.deadline"), exit="free"),
        event=("unit", "reserved_by", "reservation"),
    )
    def reserve(
        self,
        call: Call[TaxClearance],
        unit: UnitCode,
        price: Digest,
        sellers: Parties,
        buyers: Parties,
        reservation: Reservation,
    ) -> Changes:
        """Keep a clearance for a case of another channel; unit, price and parties must be those of the clearance.

        为其他通道的案件预留凭证；单元、价格和当事人须与凭证一致。
        """
        return {"reserved_by": call.caller, "reservation": reservation}

    @step(
        TaxClearance,
        "reserved",
        "consumed",
        by=RESERVER,
        moves=(Move(Assessment, ("settled",), "closed"),),
        event=("unit", "reservation", "outcome"),
    )
    def consume(self, call: Call[TaxClearance], outcome: Digest) -> Changes:
        """Use the clearance for good; `outcome` is the digest of what the other channel has registered.

        登记完成后使用凭证；记录登记结果的摘要。
        """
        call.move(Assessment, call.record.assessment, "closed")
        return call.arguments

    @step(TaxClearance, "reserved", "open", by=RESERVER, reason=True, waits=EXPIRES)
    def release(self, call: Call[TaxClearance]) -> Changes:
        """Release a clearance that the case does not need.

        案件未登记的，解除预留。
        """
        return {"reserved_by": None, "reservation": None}

    @step(TaxClearance, "reserved", "open", by=ANYBODY, when_due=True, waits=EXPIRES)
    def free(self, call: Call[TaxClearance]) -> Changes:
        """Release a clearance whose reservation is over.

        预留逾期，自动解除。
        """
        return {"reserved_by": None, "reservation": None}

    @step(TaxClearance, "open", "revoked", by=OFFICER, reason=True)
    def revoke(self, call: Call[TaxClearance]) -> Changes:
        """Revoke a clearance that nobody has reserved: its sale may be refunded, or get another one.

        撤销未预留的凭证；可退税或另行开具。
        """

    @step(TaxClearance, "open", "expired", by=ANYBODY, when_due=True)
    def expire(self, call: Call[TaxClearance]) -> Changes:
        """End a clearance that was not used in time: its sale may get another one.

        凭证逾期未使用而失效；可另行开具。
        """
