"""The contract `Credit`: subjects by their social credit code, and penalties from decision to repair."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction
from pyfabric_municipal.common.values import Day, Digest, MspId, Text, UsccShape
from pyfabric_municipal.common.values.documents import DocumentNumber
from pyfabric_municipal.common.values.regions import require_beijing_region, require_region
from pyfabric_municipal.common.values.timestamps import beijing_day, parse_date
from pyfabric_municipal.common.values.uscc import require_uscc
from pyfabric_municipal.credit_access import (
    CreditAccess,
    CreditSettings,
    decide,
    put_version,
    step_penalty,
    step_subject,
)
from pyfabric_municipal.decisions import Decision
from pyfabric_municipal.departments import Department, Founding
from pyfabric_municipal.effective import SUBJECT_INDEX, Effective, effective_at, steps_to
from pyfabric_municipal.evidence import Evidence, keep_evidence, read_evidence, take_evidence
from pyfabric_municipal.ledger_access import require_batch
from pyfabric_municipal.lifecycle import NEW
from pyfabric_municipal.penalties import RECORDED, REPAIRED, Objection, Penalty, Repair
from pyfabric_municipal.records import Step
from pyfabric_municipal.subjects import SUBJECT_LIFECYCLE, CodeException, Registration, Subject

UploadDays = Annotated[int, Field(ge=1, le=365)]


class Credit(Contract):
    """Records who is penalised by whom and since when. Nothing is ever deleted."""

    name = "Credit"
    title = "Public credit"

    @transaction
    def found(self, ctx: Context, settings: CreditSettings, departments: list[Department]) -> str:
        """Propose the credit chain's founding, which takes effect when every named department has confirmed.

        Returns the proposal's id.
        """
        ledger = CreditAccess(ctx)
        _require_unfounded(ledger)
        if settings.registrar not in [department.msp_id for department in departments]:
            raise ContractError(
                f"the registrar ({settings.registrar}) is not among the departments"
            )
        for department in departments:
            require_beijing_region(department.region, ledger.today)
        proposal = Founding[CreditSettings](
            id=ledger.transaction_id,
            settings=settings,
            departments=tuple(departments),
            confirmed=(),
        )
        ledger.create(proposal.confirm(ledger.caller))
        ledger.emit("CreditProposed", founding=proposal.id, manager=settings.manager)
        return proposal.id

    @transaction
    def confirm_founding(self, ctx: Context, founding: Digest) -> bool:
        """Confirm a proposed founding; returns true if this was the last confirmation."""
        ledger = CreditAccess(ctx)
        _require_unfounded(ledger)
        proposal = ledger.need(Founding[CreditSettings], founding).confirm(ledger.caller)
        ledger.put(proposal)
        if not proposal.is_complete():
            return False
        ledger.create(proposal.settings)
        for department in proposal.departments:
            ledger.create(department)
        ledger.emit("CreditFounded", manager=proposal.settings.manager)
        return True

    @transaction
    def except_code(self, ctx: Context, uscc: UsccShape, reason: Text) -> None:
        """Admit a real code whose check characters are wrong (registrar)."""
        ledger = CreditAccess(ctx)
        ledger.require_registrar()
        ledger.create(CodeException(uscc=uscc, reason=reason, at=ledger.now, by=ledger.caller))
        ledger.emit("CodeExcepted", uscc=uscc, reason=reason)

    @transaction
    def register(self, ctx: Context, subjects: list[Registration]) -> None:
        """Register subjects (registrar). The code of a cancelled subject is never used again."""
        ledger = CreditAccess(ctx)
        ledger.require_registrar()
        require_batch("subjects", [entry.uscc for entry in subjects])
        for entry in subjects:
            _require_code(ledger, entry.uscc)
            require_region(entry.region, ledger.today)
            record = Subject(
                state=NEW,
                updated=ledger.now,
                updated_by=ledger.caller,
                registrar=ledger.rules.registrar,
                **entry.model_dump(),
            )
            ledger.create(ledger.advance(SUBJECT_LIFECYCLE, record, "register", None))
        ledger.emit("SubjectsRegistered", subjects=[entry.uscc for entry in subjects])

    @transaction
    def revoke(self, ctx: Context, subject: UsccShape, reason: str) -> None:
        """Record that a subject's licence was revoked (registrar)."""
        step_subject(ctx, subject, "revoke", reason)

    @transaction
    def move(self, ctx: Context, subject: UsccShape, reason: str) -> None:
        """Record that a subject moved to another place; its penalties stay (registrar)."""
        step_subject(ctx, subject, "move", reason)

    @transaction
    def take_back(self, ctx: Context, subject: UsccShape) -> None:
        """Record that a subject that had moved is back (registrar)."""
        step_subject(ctx, subject, "return")

    @transaction
    def cancel(self, ctx: Context, subject: UsccShape, reason: str) -> None:
        """Record that a subject no longer exists (registrar)."""
        step_subject(ctx, subject, "cancel", reason)

    @transaction
    def record(self, ctx: Context, decision: Decision) -> str:
        """Record a penalty that the caller decided; returns its document number in normal form."""
        ledger = CreditAccess(ctx)
        penalty = Penalty(
            state=NEW,
            updated=ledger.now,
            updated_by=ledger.caller,
            authority=ledger.actor.msp_id,
            version=1,
            decision=decision,
        )
        known = ledger.get(Penalty, *penalty.key())
        if known is not None:
            raise ContractError(
                f"penalty {decision.number} of {penalty.authority} is recorded already, "
                f"against {known.decision.subject}"
            )
        after = step_penalty(ledger, penalty, "record", ledger.facts(penalty))
        put_version(ledger, after)
        ledger.reindex(set(), {(SUBJECT_INDEX, decision.subject, *after.key())})
        return decision.number

    @transaction
    def publish(self, ctx: Context, number: DocumentNumber) -> None:
        """Publish a penalty of the caller; it counts against the subject from now on."""
        ledger = CreditAccess(ctx)
        penalty = ledger.need(Penalty, ledger.caller, number)
        step_penalty(
            ledger,
            penalty,
            "publish",
            ledger.facts(penalty),
            published=ledger.today.isoformat(),
        )

    @transaction
    def object(self, ctx: Context, authority: MspId, number: DocumentNumber) -> str:
        """Object to a penalty on behalf of its subject (manager); it does not count meanwhile.

        The evidence is transient data and is stored in the private collection; returns its digest.
        """
        ledger = CreditAccess(ctx)
        penalty = ledger.need(Penalty, authority, number)
        evidence = take_evidence(ctx)
        objection = Objection(evidence_digest=evidence.digest(), raised=ledger.now)
        facts = ledger.facts(penalty, objection=objection)
        step_penalty(ledger, penalty, "object", facts, objections=(*penalty.objections, objection))
        keep_evidence(ctx, penalty, evidence)
        return objection.evidence_digest

    @transaction
    def uphold(self, ctx: Context, number: DocumentNumber, reason: str) -> None:
        """Reject an objection (authority): the penalty counts again."""
        decide(ctx, number, "uphold", reason)

    @transaction
    def correct(self, ctx: Context, decision: Decision, reason: str) -> int:
        """Accept an objection in part (authority): publish the correction; returns its version."""
        ledger = CreditAccess(ctx)
        penalty = ledger.need(Penalty, ledger.caller, decision.number)
        after = step_penalty(
            ledger,
            penalty,
            "correct",
            ledger.facts(penalty, corrected=decision),
            reason,
            version=penalty.version + 1,
            decision=decision,
        )
        put_version(ledger, after)
        return after.version

    @transaction
    def withdraw(self, ctx: Context, number: DocumentNumber, reason: str) -> None:
        """Withdraw a penalty permanently (authority)."""
        decide(ctx, number, "withdraw", reason)

    @transaction
    def seek_repair(
        self, ctx: Context, authority: MspId, number: DocumentNumber, repair: Repair
    ) -> None:
        """Apply for the repair of a penalty on behalf of its subject (manager)."""
        ledger = CreditAccess(ctx)
        penalty = ledger.need(Penalty, authority, number)
        step_penalty(ledger, penalty, "seek_repair", ledger.facts(penalty), repair=repair)

    @transaction
    def repair(self, ctx: Context, number: DocumentNumber) -> None:
        """Grant a repair (authority): the penalty is no longer published."""
        decide(ctx, number, "repair")

    @transaction
    def refuse_repair(self, ctx: Context, number: DocumentNumber, reason: str) -> None:
        """Refuse a repair (authority)."""
        decide(ctx, number, "refuse_repair", reason)

    @transaction
    def expire(self, ctx: Context, authority: MspId, number: DocumentNumber) -> None:
        """Close a penalty whose publication is over; it stays in history."""
        ledger = CreditAccess(ctx)
        penalty = ledger.need(Penalty, authority, number)
        step_penalty(ledger, penalty, "expire", ledger.facts(penalty))

    @query
    def settings(self, ctx: Context) -> CreditSettings:
        """Return the settings of the credit chain."""
        return CreditAccess(ctx).rules

    @query
    def subject(self, ctx: Context, uscc: UsccShape) -> Subject:
        """Return a subject in its current state."""
        return CreditAccess(ctx).need(Subject, uscc)

    @query
    def exceptions(self, ctx: Context) -> list[CodeException]:
        """Return the codes that were admitted although their check characters are wrong."""
        return list(CreditAccess(ctx).scan(CodeException))

    @query
    def penalty(self, ctx: Context, authority: MspId, number: DocumentNumber) -> Penalty:
        """Return a penalty in its current state."""
        return CreditAccess(ctx).need(Penalty, authority, number)

    @query
    def history(self, ctx: Context, authority: MspId, number: DocumentNumber) -> list[Step]:
        """Return every step of a penalty, oldest first."""
        return list(CreditAccess(ctx).scan(Step, Penalty.KIND, authority, number))

    @query
    def effective_at(self, ctx: Context, uscc: UsccShape, day: Day) -> Effective:
        """Return the penalties that count against a subject at the end of a day."""
        ledger = CreditAccess(ctx)
        return effective_at(ledger, ledger.need(Subject, uscc), parse_date(day))

    @query
    def hits(self, ctx: Context, subjects: list[UsccShape], day: Day) -> list[Effective]:
        """Return those of the subjects (bidders, for example) that have effective penalties on a day."""
        ledger = CreditAccess(ctx)
        found = [
            effective_at(ledger, ledger.need(Subject, uscc), parse_date(day)) for uscc in subjects
        ]
        return [each for each in found if each.penalties]

    @query
    def repaired(self, ctx: Context, since: Day, until: Day) -> list[Step]:
        """Return the repairs that were granted from the first day to the second, both included."""
        ledger = CreditAccess(ctx)
        return list(steps_to(ledger, REPAIRED, parse_date(since), parse_date(until)))

    @query
    def late(self, ctx: Context, days: UploadDays) -> list[Penalty]:
        """Return the penalties that were recorded more than `days` days after their decision."""
        ledger = CreditAccess(ctx)
        found = []
        for step in ledger.scan(Step, Penalty.KIND):
            penalty = ledger.need(Penalty, *step.subject_key)
            limit = parse_date(penalty.decision.decided) + timedelta(days=days)
            if step.state == RECORDED and beijing_day(step.at) > limit:
                found.append(penalty)
        return found

    @query
    def evidence(
        self, ctx: Context, authority: MspId, number: DocumentNumber, digest: Digest
    ) -> Evidence:
        """Return the evidence of an objection; only peers of the collection's members have it."""
        penalty = CreditAccess(ctx).need(Penalty, authority, number)
        return read_evidence(ctx, penalty, digest)


def _require_unfounded(ledger: CreditAccess) -> None:
    if ledger.get(CreditSettings) is not None:
        raise ContractError("the credit chain is founded already")


def _require_code(ledger: CreditAccess, uscc: str) -> None:
    """Refuse a code with wrong check characters, unless the registrar has admitted it."""
    admitted = ledger.get(CodeException, uscc)
    require_uscc(uscc, () if admitted is None else (admitted,))
