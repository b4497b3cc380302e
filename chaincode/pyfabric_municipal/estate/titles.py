"""Steps of a title: certified, its holders named, corrected, passed on by a judgment."""

from typing import Annotated

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
    Verdict,
    Wait,
    guard,
    step,
)
from pyfabric_municipal.common.values import Digest, DocumentNumber, TitleNumber, UnitCode
from pyfabric_municipal.estate.guards import (
    PASSING,
    lying,
    of_live_title,
    of_named_title,
    parties_at,
    pass_title,
    unseized,
)
from pyfabric_municipal.estate.ownership import Ownership
from pyfabric_municipal.estate.records import (
    SEIZED,
    Correction,
    Identities,
    Judgment,
    Seizure,
    Title,
)
from pyfabric_municipal.estate.roles import ANY_COURT, CHECKER, REGISTRAR

IdentitiesPart = Annotated[Sealed[Identities], Collection("holders")]


@guard(
    "other-holders",
    "所列人员与权利人不一致",
    "the persons are not the title's holders",
    example=Example(),
)
def of_its_holders(call: Call[Title]) -> Verdict:
    """Hold if the private identities are those of the title's holders, by their blinded keys."""
    named: Identities = call.private["identities"].value
    return sorted(str(one.key) for one in named.persons) == sorted(call.record.keys)


@guard(
    "seized-by-another",
    "不动产单元 {unit} 由 {court} 首先查封",
    "unit {unit} was seized first by {court}",
    example=Example(first=("seize#other",)),
    timed=True,
)
def not_seized_by_another(call: Call[Judgment]) -> Verdict:
    """Hold if no seizure is in force but the court's own, by which the others end."""
    left = lying(call, Seizure, call.after.unit)
    return next(({"unit": one.unit, "court": one.court} for one in left), True)


class Titles:
    """What is done with titles."""

    @step(Title, "registered", "certified", by=REGISTRAR, event=("certificate",))
    def certify(self, call: Call[Title], certificate: TitleNumber, digest: Digest) -> Changes:
        """Issue the certificate of a title; its number is used once, for ever.

        发证；证号终身唯一。
        """
        return {"certificate": certificate, "certificate_digest": digest}

    @step(Title, "registered", "registered", by=REGISTRAR, guards=(of_its_holders,))
    def name_holders(self, call: Call[Title], identities: IdentitiesPart) -> Changes:
        """Name the holders of a title, who stay private, before its certificate is issued.

        记载权利人身份信息，不公开；应在发证前办理。
        """
        return {"identities": identities.commitment()}

    @step(
        Correction,
        NEW,
        "proposed",
        by=REGISTRAR,
        guards=(parties_at("ownership"), of_named_title, unseized),
        waits=Wait(CHECKER, Days("registration-days"), exit="lapse_correction"),
    )
    def propose_correction(
        self,
        call: Call[Correction],
        unit: UnitCode,
        title: str,
        ownership: Ownership,
        evidence: Digest,
    ) -> Changes:
        """Propose to correct who owns a unit.

        提出更正登记。
        """
        return {"unit": unit, "title": title, "ownership": ownership, "evidence": evidence}

    @step(
        Correction,
        "proposed",
        "made",
        by=CHECKER,
        guards=(of_live_title, unseized),
        moves=PASSING,
        event=("unit",),
    )
    def confirm_correction(self, call: Call[Correction]) -> Changes:
        """Confirm a correction, as another person than who proposed it.

        另一名登记人员审核通过，予以更正。
        """
        pass_title(call, call.record.unit, call.record.ownership, "correction")
        return None

    @step(Correction, "proposed", "dropped", by=REGISTRAR, reason=True)
    def drop_correction(self, call: Call[Correction]) -> Changes:
        """Drop a correction.

        不予更正。
        """

    @step(Correction, "proposed", "lapsed", by=ANYBODY, when_due=True)
    def lapse_correction(self, call: Call[Correction]) -> Changes:
        """End a correction that nobody confirmed in time.

        逾期未审核，更正终止。
        """

    @step(
        Judgment,
        NEW,
        by=ANY_COURT,
        guards=(parties_at("ownership"), of_named_title, not_seized_by_another),
        moves=(*PASSING, Move(Seizure, SEIZED, "lifted")),
        event=("unit", "court", "document"),
    )
    def vest(
        self,
        call: Call[Judgment],
        unit: UnitCode,
        title: str,
        document: DocumentNumber,
        ownership: Ownership,
    ) -> Changes:
        """Pass a title by judgment; where the court seized first, all seizures end. No tax, mortgage or notice holds it up.

        依生效法律文书转移所有权：本院首封的，全部查封随之解除；不受完税、抵押权、预告登记限制，仍只有一个现行所有权。
        """
        court = str(call.client.attribute("uscc"))
        seized = lying(call, Seizure, unit)
        if any(one.court == court and one.state == "active" for one in seized):
            for one in seized:
                call.move(Seizure, one.id, "lifted")
        pass_title(call, unit, ownership, "judgment")
        return {"unit": unit, "title": title, "court": court, "document": document}
