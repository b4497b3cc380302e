"""Ledger access of the contract `Credit`: its settings, its caller, and the steps of its records."""

from functools import cached_property
from typing import ClassVar

from pyfabric.chaincode import Context, ContractError
from pyfabric_municipal.common.values import MspId
from pyfabric_municipal.decisions import Decision
from pyfabric_municipal.departments import Department, Governed
from pyfabric_municipal.ledger_access import LedgerAccess
from pyfabric_municipal.lifecycle import Actor
from pyfabric_municipal.penalties import (
    PENALTY_LIFECYCLE,
    Objection,
    Penalty,
    PenaltyFacts,
    PenaltyVersion,
    Terms,
)
from pyfabric_municipal.subjects import SUBJECT_LIFECYCLE, Subject


class CreditSettings(Governed):
    """Settings of the credit chain: its manager runs the credit platform, its registrar keeps subjects."""

    KIND: ClassVar[str] = "credit_settings"

    registrar: MspId
    repair: Terms

    def key(self) -> tuple[str, ...]:
        return ()


class CreditAccess(LedgerAccess):
    """Reads and writes of one transaction of the credit chain."""

    @cached_property
    def rules(self) -> CreditSettings:
        """The settings; raises ContractError before the departments have agreed on them."""
        rules = self.get(CreditSettings)
        if rules is None:
            raise ContractError(
                "the credit chain is not founded yet: call Credit:found, then confirm_founding"
            )
        return rules

    @cached_property
    def actor(self) -> Actor:
        """The caller; raises ContractError if it is not a department of the credit chain."""
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
        """Read from the ledger what the guards of a penalty's steps look at."""
        return PenaltyFacts(
            today=self.today,
            subject=self.need(Subject, penalty.decision.subject),
            authority_uscc=self.need(Department, penalty.authority).uscc,
            terms=self.rules.repair,
            corrected=corrected,
            objection=objection,
        )


def step_subject(ctx: Context, uscc: str, action: str, reason: str = "") -> None:
    """Apply a step to a subject, write it and set the event (registrar)."""
    ledger = CreditAccess(ctx)
    subject = ledger.need(Subject, uscc)
    after = ledger.advance(SUBJECT_LIFECYCLE, subject, action, None, reason)
    ledger.put(after)
    event = SUBJECT_LIFECYCLE.transitions[action].event
    ledger.emit(event, subject=uscc, state=after.state, reason=reason)


def step_penalty(
    ledger: CreditAccess,
    penalty: Penalty,
    action: str,
    facts: PenaltyFacts,
    reason: str = "",
    **changes: object,
) -> Penalty:
    """Apply a step to a penalty, write it with `changes` and set the event; returns the penalty."""
    after = ledger.advance(PENALTY_LIFECYCLE, penalty, action, facts, reason)
    after = after.model_copy(update=changes)
    ledger.put(after)
    ledger.emit(
        PENALTY_LIFECYCLE.transitions[action].event,
        authority=after.authority,
        number=after.decision.number,
        subject=after.decision.subject,
        state=after.state,
        reason=reason,
    )
    return after


def decide(ctx: Context, number: str, action: str, reason: str = "") -> None:
    """Apply a step to a penalty of the caller's own."""
    ledger = CreditAccess(ctx)
    penalty = ledger.need(Penalty, ledger.caller, number)
    step_penalty(ledger, penalty, action, ledger.facts(penalty), reason)


def put_version(ledger: CreditAccess, penalty: Penalty) -> None:
    """Write the decision as it is from this step on, for queries about past days."""
    ledger.put(
        PenaltyVersion(
            authority=penalty.authority,
            since=penalty.steps,
            version=penalty.version,
            decision=penalty.decision,
        )
    )
