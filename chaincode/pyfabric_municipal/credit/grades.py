"""Grades of taxpayers (纳税信用级别): A, B, M, C or D, for each year that is over (FACTS §4 [K])."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.records import NEW, Fact
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import Changes, guard, step
from pyfabric_municipal.common.values import UsccShape
from pyfabric_municipal.credit.days import today
from pyfabric_municipal.credit.roles import TAX_AUTHORITY
from pyfabric_municipal.credit.subjects import not_cancelled

TaxGrade = Literal["A", "B", "M", "C", "D"]
Year = Annotated[int, Field(ge=2014, le=9998)]
"""Taxpayers have been graded since 2014."""


class TaxGrading(Fact):
    """A taxpayer's grade for a year.

    纳税人某年度的纳税信用级别。
    """

    KIND: ClassVar[str] = "tax_grading"
    ID: ClassVar = "transaction"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("subject", ("subject",)),)
    CLAIMS: ClassVar[tuple[Claim, ...]] = (
        Claim("tax-grade", lambda one: [] if one.corrects else [(one.subject, one.year)]),
    )

    subject: UsccShape
    year: Year
    grade: TaxGrade


@guard(
    "year-not-over",
    "{year}年度尚未结束",
    "the year {year} is not over",
    example=Example(arguments={"year": 2026}),
)
def is_over(call: Call[TaxGrading]) -> Verdict:
    """Hold if the graded year is over."""
    return call.after.year < today(call).year or {"year": call.after.year}


@guard(
    "grading-of-another",
    "只能更正同一纳税人同一年度的级别",
    "a correction is of the same taxpayer's grade for the same year",
    example=Example(
        first=("grade_taxpayer",), arguments={"corrects": "@grade_taxpayer", "year": 2024}
    ),
)
def corrects_the_same(call: Call[TaxGrading]) -> Verdict:
    """Hold if the grade that is corrected is this one as it was."""
    after = call.after
    if after.corrects is None:
        return True
    before = call.need(TaxGrading, after.corrects)
    return (before.subject, before.year) == (after.subject, after.year)


class Grades:
    """The step by which taxpayers are graded."""

    @step(
        TaxGrading,
        NEW,
        by=TAX_AUTHORITY,
        guards=(not_cancelled("subject", Example(first=("cancel",))), is_over, corrects_the_same),
        event=("subject", "year"),
    )
    def grade_taxpayer(
        self,
        call: Call[TaxGrading],
        subject: UsccShape,
        year: Year,
        grade: TaxGrade,
        corrects: str | None = None,
    ) -> Changes:
        """Enter a taxpayer's grade for a year that is over, or correct one.

        录入或更正纳税人已结束年度的纳税信用级别。
        """
        return {"subject": subject, "year": year, "grade": grade, "corrects": corrects}
