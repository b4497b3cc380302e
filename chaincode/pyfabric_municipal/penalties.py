"""The life cycle of a penalty: recorded, published, held by an objection, repaired, withdrawn, expired."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import Day, Digest, Model, MspId, Positive, Timestamp
from pyfabric_municipal.common.values.timestamps import add_months, parse_date
from pyfabric_municipal.decisions import Decision, Sector
from pyfabric_municipal.lifecycle import MANAGER, NEW, Lifecycle, Transition
from pyfabric_municipal.records import Record, Tracked
from pyfabric_municipal.subjects import CANCELLED, Subject

AUTHORITY = "authority"
RECORDED = "recorded"
PUBLISHED = "published"
HELD = "held"
REPAIR_SOUGHT = "repair_sought"
REPAIRED = "repaired"
WITHDRAWN = "withdrawn"
EXPIRED = "expired"
EFFECTIVE = frozenset({PUBLISHED, REPAIR_SOUGHT})


class Terms(Model):
    """The number of months for which a penalty is published before it may be repaired.

    The rule of 2023 has 3, and 12 for food, drugs, special equipment, work safety and fire (not
    checked against its text).
    """

    general: Positive
    serious: Positive

    def months(self, sector: Sector) -> int:
        """Return the number of months for a sector."""
        return self.general if sector is Sector.GENERAL else self.serious


class Objection(Model):
    """A subject's objection, filed through the platform; the evidence itself is private."""

    evidence_digest: Digest
    raised: Timestamp


class Repair(Model):
    """A subject's application for repair: digests of its proof of compliance and of its commitment."""

    fulfilment_digest: Digest
    commitment_digest: Digest


class Penalty(Tracked):
    """A penalty, identified by authority and document number; `version` increases with corrections."""

    KIND: ClassVar[str] = "penalty"

    authority: MspId
    version: Positive
    decision: Decision
    published: Day | None = None
    objections: tuple[Objection, ...] = ()
    repair: Repair | None = None

    def key(self) -> tuple[str, ...]:
        return (self.authority, self.decision.number)

    def parties(self) -> dict[str, str]:
        return {AUTHORITY: self.authority}


class PenaltyVersion(Record):
    """A penalty's decision as it is from the step with the number `since` on."""

    KIND: ClassVar[str] = "penalty_version"

    authority: MspId
    since: Positive
    version: Positive
    decision: Decision

    def key(self) -> tuple[str, ...]:
        return (self.authority, self.decision.number, f"{self.since:06}")


@dataclass(frozen=True, slots=True)
class PenaltyFacts:
    """What a penalty's guards look at.

    These are the day, the subject, the social credit code of the authority, the terms of repair, and
    the correction or objection of the step.
    """

    today: date
    subject: Subject
    authority_uscc: str
    terms: Terms
    corrected: Decision | None = None
    objection: Objection | None = None


def _is_authoritys_own(record: Penalty, facts: PenaltyFacts) -> None:
    if record.decision.authority != facts.authority_uscc:
        raise ContractError(
            f"penalty {record.decision.number} was decided by {record.decision.authority}: "
            f"{record.authority} ({facts.authority_uscc}) cannot write it"
        )


def _is_decided(record: Penalty, facts: PenaltyFacts) -> None:
    if parse_date(record.decision.decided) > facts.today:
        raise ContractError(
            f"penalty {record.decision.number} is decided on {record.decision.decided}, "
            f"after today, {facts.today}"
        )


def _subject_exists(record: Penalty, facts: PenaltyFacts) -> None:
    if facts.subject.state == CANCELLED:
        raise ContractError(
            f"subject {facts.subject.uscc} is cancelled since {facts.subject.updated}"
        )


def _may_be_published(record: Penalty, facts: PenaltyFacts) -> None:
    if not record.decision.is_published():
        raise ContractError(f"penalty {record.decision.number} is a warning: it is not published")


def _is_published_long_enough(record: Penalty, facts: PenaltyFacts) -> None:
    """Refuse a publication that ends too early, counted from today and not from the decision."""
    end = add_months(facts.today, facts.terms.months(record.decision.sector)).isoformat()
    if record.decision.publish_until < end:
        raise ContractError(
            f"penalty {record.decision.number} would be published until "
            f"{record.decision.publish_until}, before its minimum term is over on {end}"
        )


def _corrects_the_same(record: Penalty, facts: PenaltyFacts) -> None:
    after, before = facts.corrected, record.decision
    if after is None or after == before:
        raise ContractError(f"penalty {before.number}: nothing is corrected")
    for what in ("number", "subject", "authority", "decided"):
        if getattr(after, what) != getattr(before, what):
            raise ContractError(
                f"penalty {before.number}: its {what} cannot be corrected, withdraw it instead"
            )
    if after.publish_until > before.publish_until:
        raise ContractError(f"penalty {before.number}: a correction cannot publish it for longer")
    _may_be_published(record.model_copy(update={"decision": after}), facts)


def _is_new_evidence(record: Penalty, facts: PenaltyFacts) -> None:
    seen = {objection.evidence_digest for objection in record.objections}
    if facts.objection is not None and facts.objection.evidence_digest in seen:
        raise ContractError(
            f"penalty {record.decision.number}: this evidence was used in an earlier objection"
        )


def _may_be_repaired(record: Penalty, facts: PenaltyFacts) -> None:
    if record.decision.repair_barred is not None:
        raise ContractError(
            f"penalty {record.decision.number} cannot be repaired: {record.decision.repair_barred}"
        )
    begun = parse_date(record.published or record.decision.publish_until)
    earliest = add_months(begun, facts.terms.months(record.decision.sector))
    if facts.today < earliest:
        raise ContractError(
            f"penalty {record.decision.number} is published since {record.published}: "
            f"it can be repaired from {earliest} on"
        )


def _is_over(record: Penalty, facts: PenaltyFacts) -> None:
    if facts.today <= parse_date(record.decision.publish_until):
        raise ContractError(
            f"penalty {record.decision.number} is published until {record.decision.publish_until}"
        )


def _is_not_over(record: Penalty, facts: PenaltyFacts) -> None:
    if facts.today > parse_date(record.decision.publish_until):
        raise ContractError(
            f"the publication of penalty {record.decision.number} ended on "
            f"{record.decision.publish_until}"
        )


PENALTY_LIFECYCLE: Lifecycle[Penalty, PenaltyFacts] = Lifecycle(
    Transition(
        "record",
        (NEW,),
        RECORDED,
        (AUTHORITY,),
        (_is_authoritys_own, _is_decided, _subject_exists),
        event="PenaltyRecorded",
    ),
    Transition(
        "publish",
        (RECORDED,),
        PUBLISHED,
        (AUTHORITY,),
        (_subject_exists, _may_be_published, _is_published_long_enough),
        event="PenaltyPublished",
    ),
    Transition(
        "object",
        (PUBLISHED, REPAIR_SOUGHT),
        HELD,
        (MANAGER,),
        (_is_not_over, _is_new_evidence),
        event="PenaltyHeld",
    ),
    Transition(
        "uphold", (HELD,), PUBLISHED, (AUTHORITY,), needs_reason=True, event="PenaltyUpheld"
    ),
    Transition(
        "correct",
        (HELD,),
        PUBLISHED,
        (AUTHORITY,),
        (_corrects_the_same,),
        needs_reason=True,
        event="PenaltyCorrected",
    ),
    Transition(
        "withdraw",
        (RECORDED, PUBLISHED, REPAIR_SOUGHT, HELD),
        WITHDRAWN,
        (AUTHORITY,),
        needs_reason=True,
        event="PenaltyWithdrawn",
    ),
    Transition(
        "seek_repair",
        (PUBLISHED,),
        REPAIR_SOUGHT,
        (MANAGER,),
        (_is_not_over, _may_be_repaired),
        event="RepairSought",
    ),
    Transition("repair", (REPAIR_SOUGHT,), REPAIRED, (AUTHORITY,), event="PenaltyRepaired"),
    Transition(
        "refuse_repair",
        (REPAIR_SOUGHT,),
        PUBLISHED,
        (AUTHORITY,),
        needs_reason=True,
        event="RepairRefused",
    ),
    Transition(
        "expire",
        (PUBLISHED, REPAIR_SOUGHT, HELD),
        EXPIRED,
        (AUTHORITY, MANAGER),
        (_is_over,),
        event="PenaltyExpired",
    ),
)
