"""What must be true of an application for funding: who applies, for whom, and by which grade."""

from typing import Any, Final

from pyfabric_municipal.common import Call, Example, Verdict, guard
from pyfabric_municipal.common.roles import HOLDER
from pyfabric_municipal.common.values import parse_date
from pyfabric_municipal.credit.days import today
from pyfabric_municipal.credit.scores import COMPUTED, Score, inputs_on
from pyfabric_municipal.credit.scoring import ScoreModel, inputs_digest
from pyfabric_municipal.credit.subjects import IN_BUSINESS, Subject
from pyfabric_municipal.funding.records import Application, Delegation

MODEL: Final = "credit/score-model"


@guard(
    "not-in-business",
    "企业 {subject} 的状态是 {state}，不予资助",
    "{subject} is {state}: only enterprises in business are funded",
    example=Example(first=("Credit:cancel",)),
)
def is_in_business(call: Call[Any]) -> Verdict:
    """Hold if the register of credit has the enterprise in business."""
    found = call.need(Subject, getattr(call.after, "subject", call.id))
    return found.state == IN_BUSINESS or {"subject": found.id, "state": found.state}


@guard(
    "not-delegated",
    "授权 {delegation} 无效或属于其他企业",
    "the delegation {delegation} is over, or of another enterprise",
    timed=True,
    example=Example(first=("end_delegation",)),
)
def is_delegated(call: Call[Application]) -> Verdict:
    """Hold if no delegate acts, or one whose delegation is of this enterprise and counts today."""
    if call.actor.party != HOLDER:
        return True
    found = call.need(Delegation, call.after.delegation)
    is_valid = (found.state, found.subject) == ("active", call.after.subject)
    return is_valid or {"delegation": found.id}


@guard(
    "no-funder",
    "{funder} 不是资助部门",
    "{funder} funds nothing by this contract",
    roles=("funder",),
    example=Example(arguments={"funder": "BankMSP"}),
)
def is_to_a_funder(call: Call[Application]) -> Verdict:
    """Hold if the departments have appointed the one that is asked."""
    funder = call.after.funder
    return funder in call.appointed("funder") or {"funder": funder}


@guard(
    "score-of-another",
    "评分 {score} 属于 {subject}",
    "the score {score} is of {subject}",
    example=Example(
        first=("Credit:compute_score#other",), arguments={"score": "@Credit:compute_score#other"}
    ),
)
def cites_its_own_score(call: Call[Application]) -> Verdict:
    """Hold if the score that is cited is the applicant's."""
    score = _score(call)
    return score.subject == call.after.subject or {"score": score.id, "subject": score.subject}


@guard(
    "score-superseded",
    "评分已被取代，或其模型 {model} 不是现行模型",
    "the score is superseded, or its model {model} is",
    parameters=(MODEL,),
    example=Example(first=("Credit:compute_score#again",)),
)
def cites_the_model_in_force(call: Call[Application]) -> Verdict:
    """Hold if no score has taken the place of the one that is cited, and its model is in force."""
    score = _score(call)
    is_current = score.state == COMPUTED and score.model_digest == _model(call).digest()
    return is_current or {"model": score.model}


@guard(
    "score-old",
    "评分日期 {as_of} 距今超过 {most} 天",
    "the score of {as_of} is more than {most} days old",
    parameters=("grade-days",),
    timed=True,
    example=Example(later=9 * 86_400),
)
def cites_a_fresh_score(call: Call[Application]) -> Verdict:
    """Hold if the score is of a day that is not too long ago."""
    as_of, most = _score(call).as_of, call.parameter("grade-days")
    age = (today(call) - parse_date(as_of)).days
    return age <= most or {"as_of": as_of, "most": most}


@guard(
    "score-stale",
    "评分所引用的记录已有变化（异议、修复、撤销或新增），须重新评分",
    "what the score counts has changed since: compute it again",
    parameters=(MODEL,),
    timed=True,
    example=Example(first=("Credit:publish",)),
)
def counts_what_counts_today(call: Call[Application]) -> Verdict:
    """Hold if the score's inputs are those of today: none held by an objection, repaired, withdrawn or missing."""
    score = _score(call)
    inputs = inputs_on(call.session, score.subject, today(call), _model(call))
    return inputs_digest(inputs) == score.inputs_digest


@guard(
    "grade-too-low",
    "信用等级 {grade} 低于 {least}",
    "the grade {grade} is below {least}",
    parameters=("least-grade", MODEL),
    example=Example(
        first=("Credit:grade_taxpayer#low", "Credit:compute_score#low"),
        arguments={"score": "@Credit:compute_score#low"},
    ),
)
def has_the_grade(call: Call[Application]) -> Verdict:
    """Hold if the grade is at least the governed one, in the order of the model."""
    grade, least = _score(call).grade, call.parameter("least-grade")
    order = [one.grade for one in _model(call).grades]
    is_enough = least in order and order.index(grade) <= order.index(least)
    return is_enough or {"grade": grade, "least": least}


GRADED = (
    cites_its_own_score,
    cites_the_model_in_force,
    cites_a_fresh_score,
    counts_what_counts_today,
    has_the_grade,
)
"""What a decision by credit rests on, when it is applied for and when it is made."""


def citation(score: Score) -> dict[str, Any]:
    """Return the fields with which an application cites a score."""
    cited = score.model_dump(include={"grade", "model", "model_digest", "as_of"})
    return {"score": score.id, **cited}


def _score(call: Call[Application]) -> Score:
    return call.need(Score, call.after.score)


def _model(call: Call[Application]) -> ScoreModel:
    return ScoreModel.model_validate(call.parameter(MODEL))
