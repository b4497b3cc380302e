"""Subjects of credit: enterprises and other bodies by their social credit code, which never changes."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.indexes import Index, at_path
from pyfabric_municipal.common.invariants import Invariant
from pyfabric_municipal.common.private import Collection, Sealed
from pyfabric_municipal.common.records import NEW, Fact, Tracked
from pyfabric_municipal.common.refusals import Example, Verdict
from pyfabric_municipal.common.steps import Changes, Guard, Mode, step
from pyfabric_municipal.common.values import (
    Digest,
    Model,
    RegionCode,
    ResidentId,
    Text,
    UsccException,
    UsccShape,
    require_region,
    require_resident_id,
    require_uscc,
)
from pyfabric_municipal.credit.days import today
from pyfabric_municipal.credit.entities import EntityType
from pyfabric_municipal.credit.roles import REGISTRAR

IN_BUSINESS: Final = "in_business"
REVOKED: Final = "revoked"
MOVED: Final = "moved"
CANCELLED: Final = "cancelled"
REPRESENTATIVES: Final = "representatives"


class CodeException(Fact):
    """A real code whose check characters are wrong, and the reason why the registrar admits it.

    经登记机关准许使用的校验码有误的真实代码及理由。
    """

    KIND: ClassVar[str] = "code_exception"
    ID_TYPE: ClassVar = UsccShape
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("registrar", ("by.department",)),)

    code: UsccException


class Subject(Tracked):
    """A subject of credit; its id is its social credit code, and names may be alike.

    A sole trader's name is a person's name: it is personal data and is not entered.

    信用主体，以统一社会信用代码标识。
    """

    KIND: ClassVar[str] = "subject"
    ID_TYPE: ClassVar = UsccShape
    STATES: ClassVar[Mapping[str, str]] = {
        IN_BUSINESS: "存续",
        REVOKED: "吊销",
        MOVED: "迁出",
        CANCELLED: "注销",
    }
    INDEXES: ClassVar[tuple[Index, ...]] = (Index("region", ("region",)),)
    INVARIANTS: ClassVar[tuple[Invariant, ...]] = (
        Invariant(
            "subject-name",
            "须填名称；个体工商户（92…）的名称是个人信息，不得填写",
            "a name is needed, but a sole trader's (92…) is personal data",
            lambda subject: subject.type.is_person == (subject.name is None),
            Example(step="register", arguments={"name": None}),
        ),
    )

    name: Text | None
    region: RegionCode
    type: EntityType
    representative: Digest | None = None


class LegalRepresentative(Model):
    """Who represents a subject by law: private data, of which the public has a commitment alone."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    resident_id: ResidentId


def not_cancelled(path: str, example: Example) -> Guard:
    """Return a guard: the subject whose code is at that path of the record is registered, and not cancelled."""

    def test(call: Call[Any]) -> Verdict:
        subject = call.need(Subject, at_path(call.after, path))
        return subject.state != CANCELLED or {"subject": subject.id, "since": subject.updated}

    return Guard(
        "subject-cancelled",
        "主体{subject}已于{since}注销",
        "subject {subject} is cancelled since {since}",
        test,
        example,
    )


class Subjects:
    """The steps of subjects, all by their registrar."""

    @step(CodeException, NEW, by=REGISTRAR)
    def except_code(self, call: Call[CodeException], why: Text) -> Changes:
        """Admit a real code whose check characters are wrong.

        登记机关说明理由，准许使用校验码有误的真实代码。
        """
        return {"code": {"uscc": call.id, "reason": why}}

    @step(Subject, NEW, IN_BUSINESS, by=REGISTRAR, mode=Mode.BATCH)
    def register(
        self, call: Call[Subject], region: RegionCode, name: Text | None = None
    ) -> Changes:
        """Register subjects by their codes; the code of a cancelled one is never used again.

        按统一社会信用代码批量登记主体；已注销主体的代码不再使用。
        """
        admitted = call.get(CodeException, call.id)
        require_uscc(call.id, () if admitted is None else (admitted.code,))
        place = require_region(region, today(call))
        return {"name": name, "region": place, "type": EntityType.of(call.id)}

    @step(Subject, IN_BUSINESS, IN_BUSINESS, by=REGISTRAR)
    def name_representative(
        self,
        call: Call[Subject],
        representative: Annotated[Sealed[LegalRepresentative], Collection(REPRESENTATIVES)],
    ) -> Changes:
        """Name the subject's legal representative, who stays private.

        登记法定代表人；其身份不公开，仅公开承诺值。
        """
        require_resident_id(representative.value.resident_id, today(call))
        return {"representative": representative.commitment()}

    @step(Subject, IN_BUSINESS, REVOKED, by=REGISTRAR, reason=True)
    def revoke(self, call: Call[Subject]) -> Changes:
        """Record that the subject's licence was revoked.

        登记主体被吊销执照。
        """

    @step(Subject, IN_BUSINESS, MOVED, by=REGISTRAR, reason=True)
    def move(self, call: Call[Subject]) -> Changes:
        """Record that the subject moved to another place; its penalties stay.

        登记主体迁出；处罚不受影响。
        """

    @step(Subject, MOVED, IN_BUSINESS, by=REGISTRAR)
    def take_back(self, call: Call[Subject]) -> Changes:
        """Record that a subject that had moved is back.

        登记已迁出的主体迁回。
        """

    @step(Subject, (IN_BUSINESS, REVOKED, MOVED), CANCELLED, by=REGISTRAR, reason=True)
    def cancel(self, call: Call[Subject]) -> Changes:
        """Record that the subject no longer exists.

        登记主体注销。
        """
