"""Licences: what authorities permitted, published beside penalties (双公示), each written once and corrected by another."""

from typing import ClassVar

from pydantic import model_validator

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.records import NEW, Fact
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import Changes, guard, step
from pyfabric_municipal.common.values import (
    Day,
    DocumentNumber,
    Model,
    MspId,
    Text,
    Uscc,
    UsccShape,
)
from pyfabric_municipal.credit.decisions import Source, require_validity, require_year
from pyfabric_municipal.credit.recording import TAKEN, is_decided, is_its_authority
from pyfabric_municipal.credit.roles import AUTHORITY
from pyfabric_municipal.credit.samples import sample_licence
from pyfabric_municipal.credit.subjects import not_cancelled
from pyfabric_municipal.credit.uploads import UPLOAD_INDEX, Upload, upload_of


class LicenceDecision(Model):
    """A licence as its authority granted it; `certificate` is the number of the paper, if there is one."""

    number: DocumentNumber
    subject: UsccShape
    authority: Uscc
    source: Source
    type: Text
    certificate: Text | None = None
    content: Text
    decided: Day
    valid_from: Day
    valid_until: Day | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "LicenceDecision":
        require_year(self.number, self.decided)
        require_validity(self.valid_from, self.valid_until)
        return self


class Licence(Fact):
    """A licence of a subject.

    行政许可。
    """

    KIND: ClassVar[str] = "licence"
    ID: ClassVar = "transaction"
    INDEXES: ClassVar[tuple[Index, ...]] = (
        Index("subject", ("decision.subject",)),
        Index("number", ("decision.number",)),
        UPLOAD_INDEX,
    )
    CLAIMS: ClassVar[tuple[Claim, ...]] = (Claim("licence", lambda one: _first(one), rule=TAKEN),)

    authority: MspId
    decision: LicenceDecision
    upload: Upload


@guard(
    "licence-of-another",
    "只能更正同一机关同一文号的许可",
    "a correction is of the same authority's licence with the same number, for the same subject",
    example=Example(
        first=("record_licence",),
        arguments={
            "corrects": "@record_licence",
            "decision": sample_licence(number="京市监许〔2026〕8号"),
        },
    ),
)
def corrects_its_own(call: Call[Licence]) -> Verdict:
    """Hold if the licence that is corrected is this one as it was."""
    if call.after.corrects is None:
        return True
    before, after = call.need(Licence, call.after.corrects).decision, call.after.decision
    return all(
        getattr(before, what) == getattr(after, what) for what in ("number", "subject", "authority")
    )


class Licences:
    """The step by which a licence is recorded."""

    @step(
        Licence,
        NEW,
        by=AUTHORITY,
        guards=(
            is_its_authority,
            is_decided,
            not_cancelled("decision.subject", Example(first=("cancel",))),
            corrects_its_own,
        ),
        event=("authority", "upload"),
    )
    def record_licence(
        self, call: Call[Licence], decision: LicenceDecision, corrects: str | None = None
    ) -> Changes:
        """Record a licence that the caller's department granted, or correct one.

        录入或更正本部门作出的行政许可。
        """
        return {
            "authority": call.caller,
            "decision": decision,
            "upload": upload_of(call, decision.decided),
            "corrects": corrects,
        }


def _first(licence: Licence) -> list[tuple[str, str]]:
    """Return the number that a licence claims; a correction claims none."""
    if licence.corrects is not None:
        return []
    return [(licence.decision.authority, licence.decision.number)]
