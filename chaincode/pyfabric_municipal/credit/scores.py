"""Scores of subjects: computed by the platform from what was effective on a day, with all that they cite."""

from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Final

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.records import NEW, Tracked
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.steps import Changes, Move, guard, step
from pyfabric_municipal.common.values import (
    Count,
    Day,
    Digest,
    Text,
    UsccShape,
    end_of_day,
    parse_date,
)
from pyfabric_municipal.credit.days import has_come
from pyfabric_municipal.credit.effective import effective_on
from pyfabric_municipal.credit.entities import EntityType
from pyfabric_municipal.credit.grades import TaxGrading
from pyfabric_municipal.credit.roles import PLATFORM
from pyfabric_municipal.credit.scoring import Input, ScoreModel, count, inputs_digest
from pyfabric_municipal.credit.subjects import Subject, not_cancelled

COMPUTED: Final = "computed"
SUPERSEDED: Final = "superseded"


class Score(Tracked):
    """A subject's score on a day: its points, its grade, what it cites and by which model.

    主体某日的信用评分，附引用的记录与模型版本。
    """

    KIND: ClassVar[str] = "score"
    STATES: ClassVar[Mapping[str, str]] = {COMPUTED: "有效", SUPERSEDED: "已被取代"}
    ID: ClassVar = "transaction"
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("current", ("subject",), (COMPUTED,)),)

    subject: UsccShape
    as_of: Day
    legal_basis: Text | None
    model: Text
    model_digest: Digest
    inputs: tuple[Input, ...]
    inputs_digest: Digest
    points: Count
    grade: str


@guard(
    "sole-trader-basis",
    "个体工商户的评分涉及个人信息：须有法律依据",
    "a score of a sole trader is of a person: it needs a legal basis",
    example=Example(arguments={"subject": "92110108MA00C1D24K"}),
)
def has_legal_basis(call: Call[Score]) -> Verdict:
    """Hold if the subject is no sole trader, or the score has a legal basis."""
    score = call.after
    return bool(score.legal_basis) or not EntityType.of(score.subject).is_person


@guard(
    "score-of-a-day-to-come",
    "评分日期{as_of}尚未到来",
    "the score is of {as_of}, a day to come",
    example=Example(arguments={"as_of": "2026-06-01"}),
)
def is_of_a_day_that_has_come(call: Call[Score]) -> Verdict:
    """Hold if the day of the score has begun."""
    as_of = call.after.as_of
    return has_come(call, parse_date(as_of)) or {"as_of": as_of}


@guard(
    "score-superseded",
    "已有{newer}的评分",
    "there is a score of {newer} already",
    example=Example(first=("compute_score",), arguments={"as_of": "2026-03-10"}),
)
def is_newer(call: Call[Score]) -> Verdict:
    """Hold if no score of a later day is there."""
    for other in call.find(Score, "current", call.after.subject):
        if other.id != call.id and other.as_of > call.after.as_of:
            return {"newer": other.as_of}
    return True


class Scores:
    """The step by which subjects are scored."""

    @step(
        Score,
        NEW,
        COMPUTED,
        by=PLATFORM,
        guards=(
            has_legal_basis,
            not_cancelled("subject", Example(first=("cancel",))),
            is_of_a_day_that_has_come,
            is_newer,
        ),
        moves=(Move(Score, (COMPUTED,), SUPERSEDED),),
        event=("subject", "as_of", "points", "grade", "model"),
    )
    def compute_score(
        self, call: Call[Score], subject: UsccShape, as_of: Day, legal_basis: Text | None = None
    ) -> Changes:
        """Compute a subject's score on a day; the one before is superseded.

        计算主体某日的信用评分；此前的评分被取代。
        """
        model = ScoreModel.model_validate(call.parameter("score-model"))
        inputs = inputs_on(call.session, subject, parse_date(as_of), model)
        for other in call.find(Score, "current", subject):
            if other.as_of <= as_of:
                call.move(Score, other.id, SUPERSEDED)
        return {
            "subject": subject,
            "as_of": as_of,
            "legal_basis": legal_basis,
            "model": model.version,
            "model_digest": model.digest(),
            "inputs": inputs,
            "inputs_digest": inputs_digest(inputs),
            **count(model, inputs).model_dump(),
        }


def inputs_on(session: Session, uscc: str, day: date, model: ScoreModel) -> tuple[Input, ...]:
    """Return what was effective for a subject on a day, with the points that the model gives for it.

    Left out are penalties that are held, repaired or withdrawn, and gradings that were corrected.
    """
    subject = session.get(Subject, uscc)
    if subject is None:
        return ()
    effective = effective_on(session, subject, day)
    penalties = [
        Input(
            kind="penalty",
            id=one.id,
            version=one.version,
            factor=one.decision.sector.value,
            points=model.penalties[one.decision.sector],
        )
        for one in effective.penalties
    ]
    listings = [
        Input(kind="listing", id=one.id, version=1, factor=one.list, points=model.lists[one.list])
        for one in effective.lists
    ]
    grading = _grading_on(session, uscc, day)
    graded = [] if grading is None else [_of(grading, model)]
    return tuple(sorted([*penalties, *listings, *graded], key=lambda one: (one.kind, one.id)))


def _of(grading: TaxGrading, model: ScoreModel) -> Input:
    points = model.tax[grading.grade]
    return Input(kind=grading.KIND, id=grading.id, version=1, factor=grading.grade, points=points)


def _grading_on(session: Session, uscc: str, day: date) -> TaxGrading | None:
    """Return the newest year's grade that was known at the end of a day, as it was corrected by then."""
    end = end_of_day(day)
    found = [one for one in session.find(TaxGrading, "subject", uscc) if one.updated <= end]
    corrected = {one.corrects for one in found}
    return max(
        (one for one in found if one.id not in corrected),
        key=lambda one: (one.year, one.updated),
        default=None,
    )
