"""Steps of a mortgage: applied for by the bank, registered, changed, consented on, released."""

from typing import Annotated, Any

from pyfabric_municipal.common import (
    ANYBODY,
    NEW,
    Call,
    Changes,
    Collection,
    Days,
    Example,
    Sealed,
    Verdict,
    Wait,
    guard,
    step,
)
from pyfabric_municipal.common.values import (
    Day,
    Flag,
    Positive,
    ProofNumber,
    Text,
    UnitCode,
    beijing_day,
)
from pyfabric_municipal.estate.guards import (
    consented_by_notice,
    lying,
    of_live_title,
    of_named_title,
    unseized,
)
from pyfabric_municipal.estate.records import Consent, Loan, Mortgage, Terms
from pyfabric_municipal.estate.roles import BANK, REGISTRAR

LoanPart = Annotated[Sealed[Loan], Collection("loans")]


@guard(
    "rank-behind",
    "顺位 {rank} 先于已登记的 {id}（顺位 {other}）",
    "rank {rank} would go before {id}, which has rank {other} already",
    example=Example(first=("apply_mortgage#second",)),
)
def behind_the_others(call: Call[Mortgage]) -> Verdict:
    """Hold if no mortgage on the unit would come behind a later one."""
    rank = call.after.rank
    others = (one for one in lying(call, Mortgage, call.after.unit) if one.rank > rank)
    return next(({"rank": rank, "id": one.id, "other": one.rank} for one in others), True)


@guard(
    "other-version",
    "抵押权现行版本为 {version}，同意针对的是版本 {consented}",
    "the mortgage stands at version {version}: the consent is to version {consented}",
    example=Example(arguments={"version": 2}),
)
def of_present_version(call: Call[Any]) -> Verdict:
    """Hold if a consent is to the mortgage as it stands now."""
    consented = call.arguments["version"]
    version = call.record.version
    return consented == version or {"version": version, "consented": consented}


class Mortgages:
    """What is done with mortgages."""

    @step(
        Mortgage,
        NEW,
        "applied",
        by=BANK,
        guards=(of_named_title, unseized, behind_the_others),
        waits=Wait(REGISTRAR, Days("registration-days"), exit="lapse_mortgage"),
        event=("unit", "mortgagee"),
    )
    def apply_mortgage(
        self, call: Call[Mortgage], unit: UnitCode, title: str, terms: Terms, loan: LoanPart
    ) -> Changes:
        """Apply for a mortgage on a unit, as the bank that lends; the loan is private.

        抵押权人申请抵押权登记；被担保债权数额不公开。
        """
        bank = call.client.attribute("uscc")
        fields = {"unit": unit, "title": title, "mortgagee": bank, "loan": loan.commitment()}
        return dict(terms) | fields

    @step(
        Mortgage,
        "applied",
        "live",
        by=REGISTRAR,
        guards=(of_live_title, unseized, consented_by_notice),
        event=("unit", "mortgagee", "rank"),
    )
    def register_mortgage(self, call: Call[Mortgage], proof: ProofNumber) -> Changes:
        """Register a mortgage today: no other day can be given.

        抵押权登簿；登记日期为当日，不得倒签。
        """
        return {"proof": proof, "registered": beijing_day(call.now).isoformat()}

    @step(Mortgage, "applied", "refused", by=REGISTRAR, reason=True)
    def refuse_mortgage(self, call: Call[Mortgage]) -> Changes:
        """Refuse a mortgage.

        不予登记抵押权。
        """

    @step(Mortgage, "applied", "lapsed", by=ANYBODY, when_due=True)
    def lapse_mortgage(self, call: Call[Mortgage]) -> Changes:
        """End an application that nobody decided in time; the bank may apply again.

        逾期未办结，申请终止，可重新申请。
        """

    @step(Mortgage, "live", "live", by=REGISTRAR, guards=(unseized,), reason=True)
    def change_mortgage(
        self, call: Call[Mortgage], no_transfer: Flag, matures: Day, loan: LoanPart
    ) -> Changes:
        """Change a mortgage: what was consented to before counts no more.

        变更抵押权内容；变更前作出的同意不再有效。
        """
        fields = {"no_transfer": no_transfer, "matures": matures, "loan": loan.commitment()}
        return fields | {"version": call.record.version + 1}

    @step(Mortgage, "live", "live", by=BANK, guards=(of_present_version,))
    def consent_transfer(self, call: Call[Mortgage], matter: Text, version: Positive) -> Changes:
        """Consent to a transfer, as the mortgagee, on the mortgage's version that it knows.

        抵押权人同意转让；须载明所依据的抵押权版本。
        """
        return {"consent": Consent(matter=matter, version=version)}

    @step(Mortgage, "live", "released", by=BANK, event=("unit", "mortgagee"))
    def release_mortgage(self, call: Call[Mortgage]) -> Changes:
        """Release a unit from a mortgage.

        注销抵押权。
        """
