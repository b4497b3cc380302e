"""Records of services: items with their editions, and cases."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.invariants import Invariant
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.records import Fact, Tracked
from pyfabric_municipal.common.refusals import Example
from pyfabric_municipal.common.values import (
    Count,
    Datum,
    Digest,
    ELicence,
    FieldName,
    Flag,
    LicenceType,
    Model,
    MspId,
    Positive,
    ResourceCode,
    ServiceItem,
    Text,
    Timestamp,
)

DRAFT, PUBLISHED, REVISED, RETIRED = "draft", "published", "revised", "retired"
IN_USE = (PUBLISHED, REVISED)
"""The states of an item of which cases are submitted."""
SUBMITTED, SUPPLEMENT, ACCEPTED, STOPPED = "submitted", "supplement", "accepted", "stopped"
GRANTED, REFUSED, DELIVERED, CLOSED = "granted", "refused", "delivered", "closed"
NOT_ACCEPTED, LAPSED, WITHDRAWN = "not_accepted", "lapsed", "withdrawn"
RATED, COMPLAINT, ANSWERED = "rated", "complaint", "answered"
OPEN = (SUBMITTED, SUPPLEMENT, ACCEPTED, STOPPED)
"""The states of a case that is not decided yet."""

PublicKey = Annotated[str, Field(pattern=r"^([0-9a-f]{2}){40,100}$")]
"""A public key for P-256 or Ed25519, as SubjectPublicKeyInfo (DER) in hexadecimal."""

Grade = Annotated[Positive, Field(le=5)]
"""A grade of the rating 好差评: 5 very satisfied, 4 satisfied, 3 basically satisfied, 2 dissatisfied, 1 very dissatisfied."""


class Material(Model):
    """A material of an item, with the data elements that it shows.

    Resources of the directory supply it, or a licence; one that has neither is asked from the applicant.
    """

    code: FieldName
    title: Text
    data: Annotated[tuple[Datum, ...], Field(min_length=1, max_length=20)]
    sources: Annotated[tuple[ResourceCode, ...], Field(max_length=10)] = ()
    licence: LicenceType | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the applicant must bring it."""
        return not self.sources and self.licence is None


class Content(Model):
    """What an edition of an item says: limits in working days, who reviews, which materials, and the licence that is issued.

    `exclusive`: an applicant has one open case of it for an object.
    """

    title: Text
    basis: Text
    legal_days: Positive
    promised_days: Positive
    exclusive: Flag
    reviewers: Annotated[tuple[MspId, ...], Field(max_length=10)] = ()
    materials: Annotated[tuple[Material, ...], Field(max_length=30)] = ()
    result: LicenceType | None = None

    def asked(self) -> frozenset[str]:
        """Return the codes of the materials that the applicant must bring."""
        return frozenset(one.code for one in self.materials if one.is_asked)


def _twice(item: "Item") -> Any:
    coming = item.coming
    names = [] if coming is None else [*coming.reviewers, *(one.code for one in coming.materials)]
    twice = sorted({name for name in names if names.count(name) > 1})
    return not twice or {"name": twice[0]}


class Item(Tracked):
    """A service item by its implementation code: the content in force, and the one that is proposed.

    政务服务事项：现行内容和拟发布的内容。
    """

    KIND: ClassVar[str] = "item"
    ID_TYPE: ClassVar[Any] = ServiceItem
    HELD_BY: ClassVar[str] = "department"
    STATES: ClassVar = {
        DRAFT: "草拟",
        PUBLISHED: "已发布",
        REVISED: "变更待发布",
        RETIRED: "已取消",
    }
    INDEXES: ClassVar = (
        Index("department", ("department",)),
        Index("source", ("sources",), IN_USE),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "promise-too-long",
            "承诺办结时限 {promised} 个工作日超过法定办结时限 {legal} 个工作日",
            "{promised} working days are promised, more than the law's {legal}",
            lambda item: (
                item.coming is None
                or item.coming.promised_days <= item.coming.legal_days
                or {"promised": item.coming.promised_days, "legal": item.coming.legal_days}
            ),
            Example(step="revise", arguments={"content": {"promised_days": 99}}),
        ),
        Invariant(
            "named-twice",
            "{name} 重复",
            "{name} is named twice",
            _twice,
            Example(step="revise", arguments={"content": {"reviewers": ["TaxMSP", "TaxMSP"]}}),
        ),
    )

    department: MspId
    version: Count = 0
    content: Content | None = None
    coming: Content | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """The resources on which the item relies, under which it is found."""
        materials = () if self.content is None else self.content.materials
        return tuple(sorted({code for one in materials for code in one.sources}))


class Edition(Fact):
    """An edition of an item as it was published: it rules the cases that were submitted under it.

    事项已发布的一个版本，按该版本受理的办件始终适用该版本。
    """

    KIND: ClassVar[str] = "edition"
    EDGES: ClassVar = {"item": "item"}

    item: ServiceItem
    number: Positive
    content: Content
    published: Timestamp


class Opinion(Model):
    """What a department said in the joint review."""

    department: MspId
    agrees: Flag


class Application(Model):
    """The private part of a case: who applies, for what, and the digests of the documents, by materials' codes."""

    applicant: str
    identifier: str
    contact: str
    object: str = ""
    documents: dict[FieldName, Digest]


class Case(Tracked):
    """A case. Its applicant, object and documents are private: the public has blinded keys and a commitment.

    `received` is when the application came in as it is now, `accepted` when it was accepted or counts as accepted.
    Of `stop_left` working days the clock may still be stopped; it was stopped for `stopped_days`.

    办件：申请人、标的和材料不公开，链上只有不可识别的标识和承诺值。
    """

    KIND: ClassVar[str] = "case"
    HELD_BY: ClassVar[str] = "window"
    STATES: ClassVar = {
        SUBMITTED: "已收件",
        SUPPLEMENT: "待补正",
        ACCEPTED: "已受理",
        STOPPED: "特别程序",
        GRANTED: "准予",
        REFUSED: "不予",
        DELIVERED: "已送达",
        CLOSED: "已办结",
        NOT_ACCEPTED: "不予受理",
        LAPSED: "逾期未补正",
        WITHDRAWN: "已撤回",
        RATED: "已评价",
        COMPLAINT: "差评待整改",
        ANSWERED: "差评已回复",
    }
    INDEXES: ClassVar = (
        Index("department", ("department",)),
        Index("item", ("item",)),
        Index("applicant", ("applicant",)),
    )
    CLAIMS: ClassVar = (
        Claim(
            "open-case",
            lambda case: [(case.item, case.applicant, case.object)] if case.exclusive else [],
            OPEN,
        ),
        Claim(
            "result-licence",
            lambda case: [(case.licence,)] if case.licence else [],
            example=Example(step="deliver", first=("deliver#other",)),
        ),
    )

    item: ServiceItem
    edition: str
    department: MspId
    window: MspId
    reviewers: tuple[MspId, ...]
    applicant: Blinded
    object: Blinded | None
    public_key: PublicKey
    exclusive: Flag
    promised_days: Positive
    application: Digest
    given: tuple[FieldName, ...]
    shared: Count
    licences: Count
    received: Timestamp
    supplement: tuple[FieldName, ...] | None = None
    accepted: Timestamp | None = None
    opinions: tuple[Opinion, ...] = ()
    procedure: str | None = None
    stopped: Timestamp | None = None
    stop_left: Count | None = None
    stopped_days: Count = 0
    late: Flag = False
    granted: Flag | None = None
    remedy: Text | None = None
    licence: ELicence | None = None
    grade: Grade | None = None


def edition_id(code: str, number: int) -> str:
    """Return the id of an edition of an item: its code and the edition's number."""
    return f"{code}@{number}"
