"""Records of the directory: duties, resources with their versions and notices, and how fresh their data is."""

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from pyfabric_municipal.common.indexes import Index
from pyfabric_municipal.common.invariants import Invariant
from pyfabric_municipal.common.records import Fact, Tracked
from pyfabric_municipal.common.values import (
    Count,
    Digest,
    DutyCode,
    FieldName,
    Model,
    MspId,
    Positive,
    ResourceCode,
    Text,
    Timestamp,
)
from pyfabric_municipal.directory.description import Description

OWNED, OFFERED, DISPUTED = "owned", "offered", "disputed"
DRAFT, SUBMITTED, PUBLISHED, RETIRED = "draft", "submitted", "published", "retired"
SUSPENDED = "suspended"
"""Not usable for a while, by its provider."""
HELD = "held"
"""Not usable until the manager releases it, also against its provider."""
LISTED = (PUBLISHED, SUSPENDED, HELD)
CURRENT, ENDED = "current", "ended"


class Duty(Tracked):
    """A responsibility from the three-fixed plan. It has one owner; resources refer to it.

    “三定”规定的一项职责，只归一个部门，资源均指向职责。
    """

    KIND: ClassVar[str] = "duty"
    ID_TYPE: ClassVar[Any] = DutyCode
    HELD_BY: ClassVar[str] = "owner"
    INDEXES: ClassVar = (Index("owner", ("owner",)),)

    title: Text
    basis: Text
    owner: MspId
    offered_to: MspId | None = None
    claimant: MspId | None = None


class Notice(Model):
    """The announcement of a change that takes something from users: which, and when it is possible.

    `coming` is the digest of the description that will come. The change is possible after `until`, up to `lapses`.
    """

    coming: Digest
    until: Timestamp
    lapses: Timestamp


class Resource(Tracked):
    """An item of the directory: the live version, or the draft before the first publication.

    `version` is 0 before it. `promised_since` is the version since which sharing has not become stricter,
    `field_since` names for each field the version since which it has been there without a gap, with its type.

    目录中的一项资源：现行版本，或者首次发布前的草稿。
    """

    KIND: ClassVar[str] = "resource"
    ID_TYPE: ClassVar[Any] = ResourceCode
    HELD_BY: ClassVar[str] = "provider"
    INDEXES: ClassVar = (
        Index("provider", ("provider",)),
        Index("duty", ("description.duty",)),
        Index("field", ("field_names",), LISTED),
        Index("share", ("description.share.type",), (PUBLISHED,)),
        Index("datum", ("collected", "provider"), (SUBMITTED, *LISTED)),
    )
    INVARIANTS: ClassVar = (
        Invariant(
            "other-code",
            "资源代码须与描述中的代码 {code} 一致",
            "the resource has another code than its description, {code}",
            lambda one: one.id == one.description.code or {"code": one.description.code},
        ),
    )
    VIEWS: ClassVar = {"entry": ("provider", "version", "description", "published", "successor")}

    provider: MspId
    description: Description
    version: Count = 0
    schema_digest: Digest
    promised_since: Count = 0
    field_since: dict[FieldName, Positive] = Field(default_factory=dict)
    published: Timestamp | None = None
    notice: Notice | None = None
    duplicates: tuple[str, ...] = ()
    successor: ResourceCode | None = None

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of the fields, under which the resource is found."""
        return tuple(sorted(self.description.field_names()))

    @property
    def collected(self) -> tuple[str, ...]:
        """The data that the provider itself collects."""
        return self.description.collected()

    def carries(self, version: int, fields: Iterable[str]) -> bool:
        """Return whether what was granted of an earlier version still holds: these fields, shared as they were."""
        kept = (self.field_since.get(name, version + 1) for name in fields)
        return self.promised_since <= version <= self.version and all(
            since <= version for since in kept
        )


class Version(Fact):
    """A version as it was published; `previous` is the one before it (dcat:previousVersion).

    已发布的一个版本，不再改变。
    """

    KIND: ClassVar[str] = "version"
    EDGES: ClassVar = {"resource": "resource"}

    resource: ResourceCode
    number: Positive
    description: Description
    published: Timestamp
    previous: str | None


class Announcement(Fact):
    """A notice with the whole description that will come, for those who use the resource.

    变更公告，附即将发布的完整描述。
    """

    KIND: ClassVar[str] = "announcement"
    EDGES: ClassVar = {"resource": "resource"}

    resource: ResourceCode
    description: Description
    notice: Notice


class Freshness(Tracked):
    """The provider's last update of a resource's data: apart, because the resource itself does not change.

    资源数据的最近一次更新。
    """

    KIND: ClassVar[str] = "freshness"
    ID_TYPE: ClassVar[Any] = ResourceCode
    INDEXES: ClassVar = (Index("late", ("expected_by",), (CURRENT,)),)

    provider: MspId
    days: Positive
    data_updated: Timestamp
    expected_by: Timestamp
    rows: Count | None = None


def version_id(code: str, number: int) -> str:
    """Return the id of a version, such as 102001/000001@2."""
    return f"{code}@{number}"
