"""How a resource of the directory is classified: raised by its provider at once, lowered only with approval."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.records import NEW, Tracked
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.roles import ANYBODY
from pyfabric_municipal.common.steps import Changes, Wait, guard, step
from pyfabric_municipal.common.texts import about
from pyfabric_municipal.common.values import Model, MspId, ResourceCode, Text
from pyfabric_municipal.common.waiting import Days
from pyfabric_municipal.security.roles import APPROVER, PROVIDER

Level = Literal["general", "important", "core"]
Personal = Literal["none", "general", "sensitive"]

_LEVELS: Final = ("general", "important", "core")
_PERSONAL: Final = ("none", "general", "sensitive")


class Grade(Model):
    """The level of data, and whether it has personal information (FACTS 2, from general knowledge)."""

    level: Level
    personal: Personal

    def __str__(self) -> str:
        return f"{self.level}/{self.personal}"

    def is_below(self, other: "Grade") -> bool:
        """Return whether anything is lower than in another grade."""
        return _LEVELS.index(self.level) < _LEVELS.index(other.level) or _PERSONAL.index(
            self.personal
        ) < _PERSONAL.index(other.personal)


GivenGrade = Annotated[Grade, about("Its level and personal data.", "数据级别和个人信息")]
Basis = Annotated[Text, about("By which rule it is graded.", "定级依据")]
_NONE_PROPOSED: Final = {"proposed": None, "proposer": None}


class Classification(Tracked):
    """The grade of a resource of the directory, which has the resource's code.

    目录资源的定级，编号即资源代码。
    """

    KIND: ClassVar[str] = "classification"
    ID_TYPE: ClassVar[Any] = ResourceCode
    STATES: ClassVar = {"classified": "已定级", "lowering": "降级待审批"}
    INDEXES: ClassVar = (Index("grade", ("grade.level", "grade.personal")),)

    grade: Grade
    basis: Text
    proposed: Grade | None = None
    proposer: MspId | None = None

    @property
    def resource(self) -> str:
        """The code of the resource."""
        return self.id

    @property
    def level(self) -> Level:
        """The level, as long as no lower one is approved."""
        return self.grade.level


@guard(
    "not-raised",
    "{given} 不高于现定级 {grade}，降级须经审批",
    "{given} is not above {grade}: a lower grade is proposed and approved",
    example=Example(arguments={"grade": {"level": "general"}}),
)
def is_raised(call: Call[Classification]) -> Verdict:
    """Hold if nothing becomes lower, and something higher."""
    before, given = call.record.grade, call.after.grade
    is_above = given != before and not given.is_below(before)
    return is_above or {"given": str(given), "grade": str(before)}


@guard(
    "not-lowered",
    "{given} 不低于现定级 {grade}",
    "{given} is not below {grade}: the provider raises it without approval",
    example=Example(arguments={"grade": {"level": "core", "personal": "sensitive"}}),
)
def is_lowered(call: Call[Classification]) -> Verdict:
    """Hold if something becomes lower."""
    before, given = call.record.grade, call.after.proposed
    is_lower = given is not None and given.is_below(before)
    return is_lower or {"given": str(given), "grade": str(before)}


@guard(
    "same-department-high",
    "{level}级事项须由提出部门 {proposer} 以外的部门审批",
    "what is of the level {level} is approved by another department than {proposer}, which proposed it",
    example=Example(by="colleague"),
)
def apart_if_high(call: Call[Any]) -> Verdict:
    """Hold for general data, or if another department approves than proposed."""
    record = call.record
    is_apart = record.level == "general" or call.caller != record.proposer
    return is_apart or {"level": record.level, "proposer": record.proposer}


class Classifications:
    """The steps of a classification."""

    @step(Classification, NEW, "classified", by=PROVIDER, event=("grade",))
    def classify(self, call: Call[Classification], grade: GivenGrade, basis: Basis) -> Changes:
        """Grade a resource of one's own.

        对本部门的目录资源定级。
        """
        return call.arguments

    @step(
        Classification,
        ("classified", "lowering"),
        "classified",
        by=PROVIDER,
        guards=(is_raised,),
        reason=True,
        event=("grade",),
    )
    def raise_grade(self, call: Call[Classification], grade: GivenGrade) -> Changes:
        """Raise the grade at once; a proposal to lower it is over.

        提高定级，立即生效；原降级提议随之终止。
        """
        return {"grade": grade} | _NONE_PROPOSED

    @step(
        Classification,
        "classified",
        "lowering",
        by=PROVIDER,
        guards=(is_lowered,),
        reason=True,
        waits=Wait(APPROVER, Days("approval-days"), exit="drop_lowering", need=1),
        event=("proposed",),
    )
    def propose_lowering(self, call: Call[Classification], grade: GivenGrade) -> Changes:
        """Propose a lower grade; the present one counts until it is approved.

        提议降级，批准前仍按现定级管理。
        """
        return {"proposed": grade, "proposer": call.caller}

    @step(
        Classification,
        "lowering",
        "classified",
        by=APPROVER,
        guards=(apart_if_high,),
        event=("grade",),
    )
    def lower_grade(self, call: Call[Classification]) -> Changes:
        """Approve the lower grade, as another person; of high levels, as another department.

        批准降级：审批人不得为提议人，高级别数据还须由其他部门审批。
        """
        return {"grade": call.record.proposed} | _NONE_PROPOSED

    @step(Classification, "lowering", "classified", by=APPROVER, reason=True)
    def refuse_lowering(self, call: Call[Classification]) -> Changes:
        """Keep the grade.

        不同意降级。
        """
        return _NONE_PROPOSED

    @step(Classification, "lowering", "classified", by=ANYBODY, when_due=True)
    def drop_lowering(self, call: Call[Classification]) -> Changes:
        """Keep the grade because nobody has approved the lower one in time.

        逾期未审批，维持现定级。
        """
        return _NONE_PROPOSED
