"""Objections: a subject contests its penalty, which does not count until the authority, or a reviewer, answers.

An authority that is silent loses the matter to the reviewers. If they are silent, too, the penalty counts again:
a decision is in force until another one takes it away.
"""

from typing import ClassVar

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.records import NEW, Fact
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Move, Wait, guard, step
from pyfabric_municipal.common.values import Digest
from pyfabric_municipal.common.waiting import Days, change_by_time
from pyfabric_municipal.credit.corrections import CORRECTION
from pyfabric_municipal.credit.decisions import Decision
from pyfabric_municipal.credit.evidence import Basis, Evidence, SealedEvidence
from pyfabric_municipal.credit.penalties import (
    ENDS,
    ESCALATED,
    HELD,
    PUBLISHED,
    REPAIR_ESCALATED,
    REPAIR_SOUGHT,
    STANDING,
    WITHDRAWN,
    Penalty,
    after_step,
    stand,
)
from pyfabric_municipal.credit.roles import AUTHORITY, DECIDER, PLATFORM


class Objection(Fact):
    """An objection that the platform filed for a subject; `evidence` is the commitment to what is private.

    异议；证据不公开，仅公开其承诺值。
    """

    KIND: ClassVar[str] = "objection"
    ID: ClassVar = "transaction"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("penalty", ("penalty",)),)

    penalty: str
    evidence: Digest


@guard(
    "objection-by-the-authority",
    "{department}是作出决定的机关，不得代当事人提出异议",
    "{department} decided the penalty and cannot object to it for the subject",
    example=Example(by="market desk"),
)
def is_filed_by_another(call: Call[Objection]) -> Verdict:
    """Hold if the department that files the objection is not the one that answers it."""
    authority = call.need(Penalty, call.after.penalty).authority
    return authority != call.caller or {"department": call.caller}


@guard(
    "evidence-known",
    "再次提出异议须有此前未提交过的文件",
    "a further objection needs a document that no earlier one had",
    example=Example(first=("object", "uphold")),
)
def has_new_evidence(call: Call[Objection]) -> Verdict:
    """Hold for the first objection, and for one with a document that is new, whatever its salt."""
    earlier = call.find(Objection, "penalty", call.after.penalty)
    known = {
        one.digest
        for each in earlier
        for one in call.unseal("evidence", Evidence, each.id).value.documents
    }
    given = {one.digest for one in call.unseal("evidence", Evidence).value.documents}
    return not earlier or bool(given - known)


class Objections:
    """The steps by which a penalty is contested, and the matter decided."""

    @step(
        Objection,
        NEW,
        by=PLATFORM,
        guards=(is_filed_by_another, has_new_evidence),
        moves=(
            Move(
                Penalty,
                (PUBLISHED, REPAIR_SOUGHT, REPAIR_ESCALATED),
                HELD,
                (Wait(DECIDER, Days("objection-days"), exit="escalate"), ENDS),
            ),
            STANDING,
        ),
        event=("penalty",),
    )
    def object(self, call: Call[Objection], penalty: str, evidence: SealedEvidence) -> Changes:
        """Object to a penalty for its subject, with private evidence; it does not count meanwhile.

        代当事人提出异议并提交保密证据；异议期间该处罚不计入。
        """
        held = call.need(Penalty, penalty)
        after = call.move(Penalty, penalty, HELD, deciders=(held.authority,))
        stand(call, after, counts=False)
        return {"penalty": penalty, "evidence": evidence.commitment()}

    @step(
        Penalty,
        (HELD, ESCALATED),
        PUBLISHED,
        by=DECIDER,
        reason=True,
        waits=ENDS,
        moves=(STANDING,),
    )
    def uphold(self, call: Call[Penalty]) -> None:
        """Reject an objection: the penalty counts again.

        驳回异议：处罚恢复计入。
        """
        stand(call, after_step(call), counts=True)

    @step(
        Penalty,
        HELD,
        PUBLISHED,
        by=AUTHORITY,
        guards=CORRECTION,
        reason=True,
        waits=ENDS,
        moves=(STANDING,),
    )
    def correct(self, call: Call[Penalty], decision: Decision) -> Changes:
        """Accept an objection in part: publish the corrected decision as a new version.

        部分采纳异议：公示更正后的决定（新版本）。
        """
        changes = {"version": call.record.version + 1, "decision": decision}
        stand(call, after_step(call, **changes), counts=True)
        return changes

    @step(Penalty, ESCALATED, WITHDRAWN, by=DECIDER, reason=True, moves=(STANDING,))
    def annul(self, call: Call[Penalty], basis: Basis) -> Changes:
        """Accept an objection to which the authority was silent, by a decision that annuls the penalty.

        原机关逾期未答复时，复核部门依据决定或判决撤销处罚。
        """
        stand(call, after_step(call), counts=False)
        return {"withdrawn_by": basis.digest}

    @step(
        Penalty,
        HELD,
        ESCALATED,
        by=ANYBODY,
        when_due=True,
        waits=(Wait(DECIDER, Days("review-days"), exit="restore"), ENDS),
    )
    def escalate(self, call: Call[Penalty]) -> Changes:
        """Bring an objection before the reviewers, because the authority is silent.

        原机关逾期未答复，异议转复核部门。
        """
        return {"deciders": reviewers_of(call)}

    @step(Penalty, ESCALATED, PUBLISHED, by=ANYBODY, when_due=True, waits=ENDS, moves=(STANDING,))
    def restore(self, call: Call[Penalty]) -> None:
        """Return the penalty to those that count, because the reviewers are silent, too.

        复核部门亦逾期未答复，处罚恢复计入。
        """
        change = change_by_time(call.record.waiting)
        stand(call, after_step(call), counts=True, since="" if change is None else change.due)


def reviewers_of(call: Call[Penalty]) -> tuple[str, ...]:
    """Return the reviewers of another department than the penalty's authority."""
    return tuple(one for one in call.appointed("reviewer") if one != call.record.authority)
