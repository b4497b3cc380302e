"""Steps of preliminary notices, of objections and of rights of residence (预告登记、异议登记、居住权)."""

from pyfabric_municipal.common import ANYBODY, NEW, Blinded, Call, Changes, Until, Wait, step
from pyfabric_municipal.common.values import (
    Digest,
    DocumentNumber,
    ProofNumber,
    Text,
    Timestamp,
    UnitCode,
)
from pyfabric_municipal.estate.guards import last_moment, parties_at
from pyfabric_municipal.estate.records import Consent, Notice, Objection, Residence
from pyfabric_municipal.estate.roles import ANY_COURT, COURT, NOTICE_HOLDER, REGISTRAR


class Notices:
    """What is done with preliminary notices."""

    @step(Notice, NEW, "live", by=REGISTRAR, guards=(parties_at("holder"),), event=("unit",))
    def register_notice(
        self,
        call: Call[Notice],
        unit: UnitCode,
        holder: Blinded,
        public_key: str,
        proof: ProofNumber,
    ) -> Changes:
        """Register a preliminary notice for the holder of a key.

        预告登记；权利人以公钥对应的私钥作出同意。
        """
        return {"unit": unit, "holder": holder, "public_key": public_key, "proof": proof}

    @step(
        Notice,
        "live",
        "running",
        by=REGISTRAR,
        waits=Wait(None, Until("until"), exit="expire_notice"),
        event=("unit", "until"),
    )
    def start_notice(self, call: Call[Notice]) -> Changes:
        """Record that the right can be registered from today on: the notice ends some days later.

        记载自当日起能够进行不动产登记，预告登记期限开始计算。
        """
        return {"until": last_moment(call, "notice-days")}

    @step(Notice, "live", "live", by=NOTICE_HOLDER)
    def consent_early(self, call: Call[Notice], matter: Text) -> Changes:
        """Consent to a disposal while the right cannot be registered yet.

        预告登记权利人同意处分（期限尚未起算）。
        """
        return _consented(matter)

    @step(Notice, "running", "running", by=NOTICE_HOLDER)
    def consent_notice(self, call: Call[Notice], matter: Text) -> Changes:
        """Consent to a disposal, with the notice holder's signature, at any desk.

        预告登记权利人同意处分，凭其签名在任一窗口办理。
        """
        return _consented(matter)

    @step(Notice, ("live", "running"), "given_up", by=NOTICE_HOLDER)
    def give_up_notice(self, call: Call[Notice]) -> Changes:
        """Give a notice up, with its holder's signature.

        权利人放弃预告登记。
        """

    @step(Notice, "running", "expired", by=ANYBODY, when_due=True)
    def expire_notice(self, call: Call[Notice]) -> Changes:
        """End a notice whose holder did not have the right registered in time.

        自能够登记之日起逾期未申请登记，预告登记失效。
        """


class Objections:
    """What is done with objections."""

    @step(
        Objection,
        NEW,
        "live",
        by=REGISTRAR,
        guards=(parties_at("objector"),),
        waits=Wait(None, Until("until"), exit="expire_objection"),
        event=("unit", "until"),
    )
    def register_objection(
        self, call: Call[Objection], unit: UnitCode, objector: Blinded, grounds: Digest
    ) -> Changes:
        """Register an objection to a unit's title: it ends unless its objector sues in time.

        异议登记；申请人逾期不起诉的，异议登记失效。
        """
        until = last_moment(call, "objection-days")
        return {"unit": unit, "objector": objector, "grounds": grounds, "until": until}

    @step(Objection, "live", "suing", by=ANY_COURT, event=("unit",))
    def record_suit(self, call: Call[Objection], suit: DocumentNumber) -> Changes:
        """Record, as the court, that the objector has sued: the objection stays until the court has decided.

        法院记载已受理诉讼，异议登记继续有效。
        """
        return {"suit": suit, "court": call.client.attribute("uscc")}

    @step(Objection, ("live", "suing"), "ended", by=(COURT, REGISTRAR), reason=True)
    def end_objection(self, call: Call[Objection]) -> Changes:
        """End an objection: it was withdrawn, or the court has decided.

        注销异议登记：申请人撤回或法院已裁判。
        """

    @step(Objection, "live", "expired", by=ANYBODY, when_due=True)
    def expire_objection(self, call: Call[Objection]) -> Changes:
        """End an objection whose objector did not sue in time.

        申请人逾期未起诉，异议登记失效。
        """


class Residences:
    """What is done with rights of residence."""

    @step(
        Residence,
        NEW,
        "live",
        by=REGISTRAR,
        guards=(parties_at("resident"),),
        waits=Wait(None, Until("until"), exit="expire_residence"),
    )
    def register_residence(
        self,
        call: Call[Residence],
        unit: UnitCode,
        resident: Blinded,
        until: Timestamp | None = None,
    ) -> Changes:
        """Register a right of residence, for life or until a time.

        居住权登记；未约定期限的至居住权人死亡时止。
        """
        return {"unit": unit, "resident": resident, "until": until}

    @step(Residence, "live", "ended", by=REGISTRAR, reason=True)
    def end_residence(self, call: Call[Residence]) -> Changes:
        """End a right of residence.

        注销居住权。
        """

    @step(Residence, "live", "expired", by=ANYBODY, when_due=True)
    def expire_residence(self, call: Call[Residence]) -> Changes:
        """End a right of residence whose term is over.

        居住权期限届满。
        """


def _consented(matter: Text) -> Changes:
    return {"consent": Consent(matter=matter, version=1)}
