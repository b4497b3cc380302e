"""One transaction of the credit chain: its settings, who acts, and the steps of its records."""

from functools import cached_property
from typing import ClassVar

from pyfabric.chaincode import Context, ContractError
from pyfabric_municipal.decisions import Decision
from pyfabric_municipal.departments import Department, Governed
from pyfabric_municipal.lifecycle import Actor
from pyfabric_municipal.penalties import (
    PENALTY_LIFECYCLE,
    Objection,
    Penalty,
    PenaltyFacts,
    PenaltyVersion,
    Terms,
)
from pyfabric_municipal.records import MspId
from pyfabric_municipal.session import Session
from pyfabric_municipal.subjects import SUBJECT_LIFECYCLE, Subject


class CreditSettings(Governed):
    """What holds for the credit chain: its manager keeps the credit platform, its registrar subjects."""

    KIND: ClassVar[str] = "credit_settings"

    registrar: MspId
    repair: Terms

    def key(self) -> tuple[str, ...]:
        return ()


class CreditSession(Session):
    """A transaction of the credit chain."""

    @cached_property
    def rules(self) -> CreditSettings:
        """The settings; ContractError before the departments have agreed on them."""
        rules = self.get(CreditSettings)
        if rules is None:
            raise ContractError("the credit chain is not founded yet: Credit:found, then confirm")
        return rules

    @cached_property
    def actor(self) -> Actor:
        """The caller, who must be a department of the credit chain."""
        self.need(Department, self.caller)
        return Actor(self.caller, self.now, self.rules.manager)

    def require_registrar(self) -> None:
        """Refuse anyone but the registrar of subjects."""
        if self.caller != self.rules.registrar:
            raise ContractError(
                f"only the registrar ({self.rules.registrar}) may do this, "
                f"the caller is of {self.caller}"
            )

    def facts(
        self,
        penalty: Penalty,
        *,
        corrected: Decision | None = None,
        objection: Objection | None = None,
    ) -> PenaltyFacts:
        """What the ledger says that matters for a step of a penalty."""
        return PenaltyFacts(
            today=self.today,
            subject=self.need(Subject, penalty.decision.subject),
            authority_uscc=self.need(Department, penalty.authority).uscc,
            terms=self.rules.repair,
            corrected=corrected,
            objection=objection,
        )


def step_subject(ctx: Context, uscc: str, action: str, reason: str = "") -> None:
    """Take a subject one step further (registrar), and tell."""
    session = CreditSession(ctx)
    subject = session.need(Subject, uscc)
    after = session.advance(SUBJECT_LIFECYCLE, subject, action, None, reason)
    session.put(after)
    event = SUBJECT_LIFECYCLE.transitions[action].event
    session.emit(event, subject=uscc, state=after.state, reason=reason)


def step_penalty(
    session: CreditSession,
    penalty: Penalty,
    action: str,
    facts: PenaltyFacts,
    reason: str = "",
    **changes: object,
) -> Penalty:
    """The penalty after a step, written with what else changes; everybody is told."""
    after = session.advance(PENALTY_LIFECYCLE, penalty, action, facts, reason)
    after = after.model_copy(update=changes)
    session.put(after)
    session.emit(
        PENALTY_LIFECYCLE.transitions[action].event,
        authority=after.authority,
        number=after.decision.number,
        subject=after.decision.subject,
        state=after.state,
        reason=reason,
    )
    return after


def decide(ctx: Context, number: str, action: str, reason: str = "") -> None:
    """A step of the caller's own penalty."""
    session = CreditSession(ctx)
    penalty = session.need(Penalty, session.caller, number)
    step_penalty(session, penalty, action, session.facts(penalty), reason)


def put_version(session: CreditSession, penalty: Penalty) -> None:
    """Keep what the decision says from this step on, for questions about days past."""
    session.put(
        PenaltyVersion(
            authority=penalty.authority,
            since=penalty.steps,
            version=penalty.version,
            decision=penalty.decision,
        )
    )
