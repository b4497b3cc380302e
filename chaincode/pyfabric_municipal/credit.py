"""The contract `Credit`: subjects by their social credit code, and penalties from decision to repair."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pyfabric.chaincode import Context, Contract, ContractError, query, transaction
from pyfabric_municipal.credit_session import (
    CreditSession,
    CreditSettings,
    decide,
    put_version,
    step_penalty,
    step_subject,
)
from pyfabric_municipal.decisions import Decision, DocumentNumber, SubjectCode
from pyfabric_municipal.departments import Department, Founding
from pyfabric_municipal.effective import SUBJECT_INDEX, Effective, effective_at, steps_to
from pyfabric_municipal.evidence import Evidence, keep_evidence, read_evidence, take_evidence
from pyfabric_municipal.identifiers import require_uscc
from pyfabric_municipal.lifecycle import NEW
from pyfabric_municipal.penalties import RECORDED, REPAIRED, Objection, Penalty, Repair
from pyfabric_municipal.records import Day, Digest, MspId, Step, Text
from pyfabric_municipal.regions import require_region
from pyfabric_municipal.session import require_batch
from pyfabric_municipal.subjects import SUBJECT_LIFECYCLE, CodeException, Registration, Subject
from pyfabric_municipal.timestamps import beijing_day, parse_date

UploadDays = Annotated[int, Field(ge=1, le=365)]


class Credit(Contract):
    """Who is penalised by whom and since when. Nothing is ever deleted."""

    name = "Credit"
    title = "Public credit"

    @transaction
    def found(self, ctx: Context, settings: CreditSettings, departments: list[Department]) -> str:
        """Propose to found the credit chain; it is when every department named has confirmed."""
        session = CreditSession(ctx)
        _require_unfounded(session)
        if settings.registrar not in [department.msp_id for department in departments]:
            raise ContractError(
                f"the registrar ({settings.registrar}) is not among the departments"
            )
        for department in departments:
            require_region(department.region, session.today)
        proposal = Founding[CreditSettings](
            id=session.transaction_id,
            settings=settings,
            departments=tuple(departments),
            confirmed=(),
        )
        session.create(proposal.confirm(session.caller))
        session.emit("CreditProposed", founding=proposal.id, manager=settings.manager)
        return proposal.id

    @transaction
    def confirm_founding(self, ctx: Context, founding: Digest) -> bool:
        """Agree to a proposal; true if the credit chain is founded by this."""
        session = CreditSession(ctx)
        _require_unfounded(session)
        proposal = session.need(Founding[CreditSettings], founding).confirm(session.caller)
        session.put(proposal)
        if not proposal.is_complete():
            return False
        session.create(proposal.settings)
        for department in proposal.departments:
            session.create(department)
        session.emit("CreditFounded", manager=proposal.settings.manager)
        return True

    @transaction
    def except_code(self, ctx: Context, uscc: SubjectCode, reason: Text) -> None:
        """Let in a real code whose check characters are wrong (registrar)."""
        session = CreditSession(ctx)
        session.require_registrar()
        if _is_right(uscc):
            raise ContractError(f"social credit code {uscc} is right: it needs no exception")
        session.create(CodeException(uscc=uscc, reason=reason, at=session.now, by=session.caller))
        session.emit("CodeExcepted", uscc=uscc, reason=reason)

    @transaction
    def register(self, ctx: Context, subjects: list[Registration]) -> None:
        """Enter subjects (registrar). A code is for life: a cancelled one is never used again."""
        session = CreditSession(ctx)
        session.require_registrar()
        require_batch("subjects", [entry.uscc for entry in subjects])
        for entry in subjects:
            _require_code(session, entry.uscc)
            require_region(entry.region, session.today)
            record = Subject(
                state=NEW,
                updated=session.now,
                updated_by=session.caller,
                registrar=session.rules.registrar,
                **entry.model_dump(),
            )
            session.create(session.advance(SUBJECT_LIFECYCLE, record, "register", None))
        session.emit("SubjectsRegistered", subjects=[entry.uscc for entry in subjects])

    @transaction
    def revoke(self, ctx: Context, subject: SubjectCode, reason: str) -> None:
        """Note that a subject's licence was revoked (registrar)."""
        step_subject(ctx, subject, "revoke", reason)

    @transaction
    def move(self, ctx: Context, subject: SubjectCode, reason: str) -> None:
        """Note that a subject left for another place; its penalties stay (registrar)."""
        step_subject(ctx, subject, "move", reason)

    @transaction
    def take_back(self, ctx: Context, subject: SubjectCode) -> None:
        """Note that a subject that had left is back (registrar)."""
        step_subject(ctx, subject, "return")

    @transaction
    def cancel(self, ctx: Context, subject: SubjectCode, reason: str) -> None:
        """Note that a subject exists no more (registrar)."""
        step_subject(ctx, subject, "cancel", reason)

    @transaction
    def record(self, ctx: Context, decision: Decision) -> str:
        """Record a penalty that the caller decided; returns its number in its one spelling."""
        session = CreditSession(ctx)
        penalty = Penalty(
            state=NEW,
            updated=session.now,
            updated_by=session.caller,
            authority=session.actor.msp_id,
            version=1,
            decision=decision,
        )
        known = session.get(Penalty, *penalty.key())
        if known is not None:
            raise ContractError(
                f"penalty {decision.number} of {penalty.authority} is recorded already, "
                f"against {known.decision.subject}"
            )
        after = step_penalty(session, penalty, "record", session.facts(penalty))
        put_version(session, after)
        session.reindex(set(), {(SUBJECT_INDEX, decision.subject, *after.key())})
        return decision.number

    @transaction
    def publish(self, ctx: Context, number: DocumentNumber) -> None:
        """Publish a penalty of the caller; from now on it counts."""
        session = CreditSession(ctx)
        penalty = session.need(Penalty, session.caller, number)
        step_penalty(
            session,
            penalty,
            "publish",
            session.facts(penalty),
            published=session.today.isoformat(),
        )

    @transaction
    def object(self, ctx: Context, authority: MspId, number: DocumentNumber) -> str:
        """Object to a penalty on behalf of its subject (manager); it does not count meanwhile.

        The evidence comes as transient data and goes to the private collection; returns its digest.
        """
        session = CreditSession(ctx)
        penalty = session.need(Penalty, authority, number)
        evidence = take_evidence(ctx)
        objection = Objection(evidence_digest=evidence.digest(), raised=session.now)
        facts = session.facts(penalty, objection=objection)
        step_penalty(session, penalty, "object", facts, objections=(*penalty.objections, objection))
        keep_evidence(ctx, penalty, evidence)
        return objection.evidence_digest

    @transaction
    def uphold(self, ctx: Context, number: DocumentNumber, reason: str) -> None:
        """Reject an objection (authority): the penalty counts again."""
        decide(ctx, number, "uphold", reason)

    @transaction
    def correct(self, ctx: Context, decision: Decision, reason: str) -> int:
        """Follow an objection in part (authority): publish what is right; returns its version."""
        session = CreditSession(ctx)
        penalty = session.need(Penalty, session.caller, decision.number)
        after = step_penalty(
            session,
            penalty,
            "correct",
            session.facts(penalty, corrected=decision),
            reason,
            version=penalty.version + 1,
            decision=decision,
        )
        put_version(session, after)
        return after.version

    @transaction
    def withdraw(self, ctx: Context, number: DocumentNumber, reason: str) -> None:
        """Take a penalty back for good (authority)."""
        decide(ctx, number, "withdraw", reason)

    @transaction
    def seek_repair(
        self, ctx: Context, authority: MspId, number: DocumentNumber, repair: Repair
    ) -> None:
        """Ask for the repair of a penalty on behalf of its subject (manager)."""
        session = CreditSession(ctx)
        penalty = session.need(Penalty, authority, number)
        step_penalty(session, penalty, "seek_repair", session.facts(penalty), repair=repair)

    @transaction
    def repair(self, ctx: Context, number: DocumentNumber) -> None:
        """Grant a repair (authority): the penalty is not published any more."""
        decide(ctx, number, "repair")

    @transaction
    def refuse_repair(self, ctx: Context, number: DocumentNumber, reason: str) -> None:
        """Refuse a repair (authority)."""
        decide(ctx, number, "refuse_repair", reason)

    @transaction
    def expire(self, ctx: Context, authority: MspId, number: DocumentNumber) -> None:
        """Close a penalty whose publication is over; it stays in history."""
        session = CreditSession(ctx)
        penalty = session.need(Penalty, authority, number)
        step_penalty(session, penalty, "expire", session.facts(penalty))

    @query
    def settings(self, ctx: Context) -> CreditSettings:
        """What holds for the credit chain."""
        return CreditSession(ctx).rules

    @query
    def subject(self, ctx: Context, uscc: SubjectCode) -> Subject:
        """A subject as it is now."""
        return CreditSession(ctx).need(Subject, uscc)

    @query
    def exceptions(self, ctx: Context) -> list[CodeException]:
        """The codes that were let in although their check characters are wrong."""
        return list(CreditSession(ctx).scan(CodeException))

    @query
    def penalty(self, ctx: Context, authority: MspId, number: DocumentNumber) -> Penalty:
        """A penalty as it is now."""
        return CreditSession(ctx).need(Penalty, authority, number)

    @query
    def history(self, ctx: Context, authority: MspId, number: DocumentNumber) -> list[Step]:
        """Every step of a penalty, oldest first."""
        return list(CreditSession(ctx).scan(Step, Penalty.KIND, authority, number))

    @query
    def effective_at(self, ctx: Context, uscc: SubjectCode, day: Day) -> Effective:
        """The penalties that count against a subject at the end of a day."""
        session = CreditSession(ctx)
        return effective_at(session, session.need(Subject, uscc), parse_date(day))

    @query
    def hits(self, ctx: Context, subjects: list[SubjectCode], day: Day) -> list[Effective]:
        """Which of these subjects, such as bidders, have penalties that count on a day."""
        session = CreditSession(ctx)
        found = [
            effective_at(session, session.need(Subject, uscc), parse_date(day)) for uscc in subjects
        ]
        return [each for each in found if each.penalties]

    @query
    def repaired(self, ctx: Context, since: Day, until: Day) -> list[Step]:
        """The repairs that were granted in these days, both included."""
        session = CreditSession(ctx)
        return list(steps_to(session, REPAIRED, parse_date(since), parse_date(until)))

    @query
    def late(self, ctx: Context, days: UploadDays) -> list[Penalty]:
        """Penalties that were recorded more than so many days after their decision."""
        session = CreditSession(ctx)
        found = []
        for step in session.scan(Step, Penalty.KIND):
            penalty = session.need(Penalty, *step.subject_key)
            limit = parse_date(penalty.decision.decided) + timedelta(days=days)
            if step.state == RECORDED and beijing_day(step.at) > limit:
                found.append(penalty)
        return found

    @query
    def evidence(
        self, ctx: Context, authority: MspId, number: DocumentNumber, digest: Digest
    ) -> Evidence:
        """The evidence of an objection, at a peer of the collection's members."""
        penalty = CreditSession(ctx).need(Penalty, authority, number)
        return read_evidence(ctx, penalty, digest)


def _require_unfounded(session: CreditSession) -> None:
    if session.get(CreditSettings) is not None:
        raise ContractError("the credit chain is founded already")


def _is_right(uscc: str) -> bool:
    try:
        require_uscc(uscc)
    except ContractError:
        return False
    return True


def _require_code(session: CreditSession, uscc: str) -> None:
    """Both check characters are right, or the registrar has let the code in."""
    if session.get(CodeException, uscc) is None:
        require_uscc(uscc)
