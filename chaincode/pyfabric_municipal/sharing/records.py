"""Records of sharing: a request, the grant that it leads to, leases of its quota, receipts, error reports."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from pyfabric_municipal.common.indexes import Claim, Index
from pyfabric_municipal.common.private import Blinded
from pyfabric_municipal.common.records import Fact, Tracked
from pyfabric_municipal.common.refusals import Rule
from pyfabric_municipal.common.values import (
    Count,
    Digest,
    FieldName,
    Flag,
    Model,
    MspId,
    Positive,
    ResourceCode,
    Text,
    Timestamp,
)
from pyfabric_municipal.directory.records import Resource
from pyfabric_municipal.sharing.terms import Application, FieldNames, Offer, Terms

Platform = Literal["on-platform", "off-platform"]
"""Whether the resource is on the sharing platform, by which its provider has less time to answer."""

Origin = Literal["provider", "law", "ruling"]
"""By whose word a grant is given: what the law or a ruling gave, the provider cannot take back."""

OPEN: Final = ("granted", "active")
"""The states of a grant that gives a right, also before the user accepts it."""

WorkerName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]
Subjects = Annotated[tuple[Blinded, ...], Field(max_length=100)]


def platform_of(resource: Resource) -> Platform:
    """Return where a resource is."""
    return "on-platform" if resource.description.on_platform else "off-platform"


class Request(Tracked):
    """A department's request for a resource, on the application that it last filed.

    部门对数据资源的使用申请，内容以最近一次提交为准。
    """

    KIND: ClassVar[str] = "request"
    STATES: ClassVar = {
        "applied": "已申请",
        "checked": "已审核",
        "granted": "已同意",
        "refused": "不同意",
        "offered": "协商中",
        "disputed": "复核中",
        "rejected": "已退回",
        "arbitration": "待裁定",
        "arbitrated": "已裁定同意",
        "dismissed": "已裁定不同意",
        "unresolved": "争议未决",
        "withdrawn": "已撤回",
        "lapsed": "已终止",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (Index("user", ("user",)), Index("resource", ("resource",)))

    application: Application
    user: MspId
    platform: Platform
    offer: Offer | None = None
    answered: Flag = False

    @property
    def resource(self) -> str:
        """The code of the resource."""
        return self.application.resource

    @property
    def scope(self) -> str:
        """The commitment to the row scope."""
        return self.application.scope


class Grant(Tracked):
    """The right to use a resource, with the id of the request that led to it.

    Receipts name the revision under which data was delivered. It is not written by them: leases count what is used.

    使用资源的权利，编号与申请相同。
    """

    KIND: ClassVar[str] = "grant"
    STATES: ClassVar = {
        "granted": "待接受",
        "active": "有效",
        "exhausted": "额度用尽",
        "revoked": "已撤销",
        "lapsed": "已终止",
        "expired": "已到期",
    }
    INDEXES: ClassVar = (
        Index("resource", ("resource",), OPEN),
        Index("user", ("user",)),
        Index("until", ("terms.valid_until",), ("active",)),
    )

    resource: ResourceCode
    resource_version: Positive
    user: MspId
    scope: Digest
    terms: Terms
    licence: Text
    origin: Origin
    active_since: Timestamp | None = None


class Leasing(Fact):
    """Rows of a grant that were leased to a worker of the provider, or that it gave back.

    租给提供部门交付进程的额度，或其退回的额度。
    """

    KIND: ClassVar[str] = "leasing"
    ID: ClassVar = "transaction"
    EDGES: ClassVar = {"grant": "grant"}

    grant: str
    resource: ResourceCode
    worker: WorkerName
    leased: Count = 0
    given_back: Count = 0


class Delivery(Model):
    """A delivery as its provider reports it; the data itself is never on the ledger.

    `exchange` is the commitment to the query and the digest of its result. `subjects` are those whom the rows are
    about, blinded, so that a query returns who read of a person.
    """

    revision: Positive
    exchange: Digest
    schema_digest: Digest
    fields: FieldNames
    rows: Positive
    delivered: Timestamp
    subjects: Subjects = ()
    late_reason: Text | None = None


class Exchange(Model):
    """What was asked, and the SHA-256 of what was returned; private."""

    query: Annotated[str, Field(min_length=1, max_length=20_000)]
    result: Digest


class Receipt(Tracked):
    """A delivery on the ledger; the transactions that recorded and confirmed it carry both signatures.

    一次交付的回执，登记与签收的交易即为双方签名。
    """

    KIND: ClassVar[str] = "receipt"
    STATES: ClassVar = {
        "issued": "待签收",
        "confirmed": "已签收",
        "deemed": "逾期未签收",
        "contested": "有异议",
        "defended": "待裁定",
        "conceded": "已退还",
        "upheld": "已裁定相符",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (
        Index("grant", ("grant",)),
        Index("subject", ("delivery.subjects", "delivery.delivered")),
    )
    CLAIMS: ClassVar = (
        Claim(
            "exchange",
            lambda one: [(one.grant, one.exchange)],
            rule=Rule(
                "receipt-replayed", "该次交付已由 {holder} 登记", "{holder} is of this delivery"
            ),
        ),
    )

    grant: str
    resource: ResourceCode
    user: MspId
    lease: str
    delivery: Delivery

    @property
    def exchange(self) -> str:
        """The commitment to query and result."""
        return self.delivery.exchange


class Fault(Model):
    """A fault in shared data, without the person that the data is about.

    `subject` is the blinded key of the record, `evidence` the commitment to what shows the fault.
    """

    field: FieldName
    subject: Blinded
    evidence: Digest
    description: Text


class Document(Model):
    """A document that is kept elsewhere: its title, and the SHA-256 of its bytes."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    digest: Digest


class Evidence(Model):
    """What shows a fault: a statement and documents; private, since it may name people."""

    statement: Annotated[str, Field(min_length=1, max_length=20_000)]
    documents: Annotated[tuple[Document, ...], Field(max_length=100)] = ()


class Report(Tracked):
    """A reported fault until it is corrected or rejected.

    对共享数据错误的校核，直至更正或驳回。
    """

    KIND: ClassVar[str] = "report"
    STATES: ClassVar = {
        "raised": "已提出",
        "accepted": "已受理",
        "corrected": "已更正",
        "rejected": "已驳回",
        "escalated": "待裁定",
        "upheld": "确认有误",
        "dismissed": "裁定无误",
    }
    ID: ClassVar = "transaction"
    INDEXES: ClassVar = (Index("resource", ("resource",)),)

    grant: str
    resource: ResourceCode
    user: MspId
    platform: Platform
    fault: Fault
    correction: Digest | None = None

    @property
    def evidence(self) -> str:
        """The commitment to the evidence."""
        return self.fault.evidence
