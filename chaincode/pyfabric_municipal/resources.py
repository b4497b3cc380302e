"""The life cycle of a resource: draft, submitted, published, suspended, retired, and its versions."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import (
    Count,
    Digest,
    DutyCode,
    MspId,
    Positive,
    ResourceCode,
    Text,
    Timestamp,
)
from pyfabric_municipal.description import Description
from pyfabric_municipal.lifecycle import MANAGER, NEW, PROVIDER, Lifecycle, Transition
from pyfabric_municipal.records import Record, Tracked

DRAFT = "draft"
SUBMITTED = "submitted"
PUBLISHED = "published"
SUSPENDED = "suspended"
RETIRED = "retired"


class Duty(Record):
    """A responsibility from the three-fixed plan. It has one owner; resources refer to it."""

    KIND: ClassVar[str] = "duty"

    code: DutyCode
    title: Text
    basis: Text
    owner: MspId

    def key(self) -> tuple[str, ...]:
        return (self.code,)


class Resource(Tracked):
    """An item of the directory: the live version, or the draft before the first publication."""

    KIND: ClassVar[str] = "resource"

    code: ResourceCode
    provider: MspId
    version: Positive
    description: Description
    schema_digest: Digest
    notice_until: Timestamp | None = None
    duplicates: tuple[str, ...] = ()
    successor: ResourceCode | None = None

    def key(self) -> tuple[str, ...]:
        return (self.code,)

    def parties(self) -> dict[str, str]:
        return {PROVIDER: self.provider}


class ResourceVersion(Record):
    """A version as it was published; it is written once and never changed."""

    KIND: ClassVar[str] = "version"

    code: ResourceCode
    version: Positive
    description: Description
    published: Timestamp

    def key(self) -> tuple[str, ...]:
        return (self.code, f"{self.version:06}")


class Refresh(Record):
    """The provider's last update of the data; a record of its own, as the resource does not change."""

    KIND: ClassVar[str] = "refresh"

    code: ResourceCode
    at: Timestamp
    rows: Count

    def key(self) -> tuple[str, ...]:
        return (self.code,)


@dataclass(frozen=True, slots=True)
class LiveUse:
    """A grant in force on a resource, with its fields."""

    grant: str
    user: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """What a resource's guards look at.

    These are the day, the duty's owner, the provider's social credit code, live grants, the description
    that would become live, and the successor.
    """

    now: str
    today: date
    duty_owner: str | None
    provider_uscc: str
    live: tuple[LiveUse, ...] = ()
    later: Description | None = None
    successor: Resource | None = None


def _is_current(record: Resource, facts: ResourceFacts) -> None:
    (facts.later or record.description).require_current(facts.today)


def _owns_duty(record: Resource, facts: ResourceFacts) -> None:
    description = facts.later or record.description
    if facts.duty_owner is None:
        raise ContractError(f"resource {record.code}: there is no duty {description.duty}")
    if facts.duty_owner != record.provider:
        raise ContractError(
            f"resource {record.code}: duty {description.duty} is owned by {facts.duty_owner}, "
            f"not by {record.provider}"
        )
    if description.provider != facts.provider_uscc:
        raise ContractError(
            f"resource {record.code}: provider code {description.provider} is not that of "
            f"{record.provider} ({facts.provider_uscc})"
        )


def _differs(record: Resource, facts: ResourceFacts) -> None:
    if facts.later == record.description:
        raise ContractError(f"resource {record.code}: the new version is the same as the live one")


def _is_announced(record: Resource, facts: ResourceFacts) -> None:
    """Refuse a change that takes something from users with live grants before the notice is over."""
    later = facts.later
    if later is None or not facts.live:
        return
    loss = _loss(record.description, later, facts.live)
    if loss is None:
        return
    if record.notice_until is None:
        raise ContractError(
            f"resource {record.code}: {loss} while {len(facts.live)} grants are live needs notice"
        )
    if facts.now <= record.notice_until:
        raise ContractError(
            f"resource {record.code}: {loss} is possible after the notice ends, "
            f"{record.notice_until}"
        )


def _loss(before: Description, after: Description, live: tuple[LiveUse, ...]) -> str | None:
    if after.share.type.strictness > before.share.type.strictness:
        return f"making it {after.share.type}"
    used = {name for use in live for name in use.fields}
    if gone := sorted(before.removed_or_retyped(after) & used):
        return f"removing or retyping field {gone[0]}"
    return None


def _not_shared_has_no_grants(record: Resource, facts: ResourceFacts) -> None:
    later = facts.later
    if later is not None and later.share.type == "not_shared" and facts.live:
        raise ContractError(
            f"resource {record.code} cannot become not_shared: grant {facts.live[0].grant} is live"
        )


def _is_replaced_or_unused(record: Resource, facts: ResourceFacts) -> None:
    successor = facts.successor
    if successor is not None:
        if successor.code == record.code or successor.state != PUBLISHED:
            raise ContractError(
                f"resource {record.code}: successor {successor.code} is not another published "
                "resource"
            )
    elif facts.live:
        raise ContractError(
            f"resource {record.code} has {len(facts.live)} live grants: name a successor"
        )


RESOURCE_LIFECYCLE: Lifecycle[Resource, ResourceFacts] = Lifecycle(
    Transition("draft", (NEW,), DRAFT, (PROVIDER,), (_is_current, _owns_duty)),
    Transition("revise", (DRAFT,), DRAFT, (PROVIDER,), (_is_current, _owns_duty)),
    Transition("submit", (DRAFT,), SUBMITTED, (PROVIDER,), (_is_current, _owns_duty)),
    Transition("send_back", (SUBMITTED,), DRAFT, (MANAGER,), needs_reason=True),
    Transition("publish", (SUBMITTED,), PUBLISHED, (MANAGER,), (_is_current, _owns_duty)),
    Transition("give_notice", (PUBLISHED,), PUBLISHED, (PROVIDER,), needs_reason=True),
    Transition(
        "change",
        (PUBLISHED,),
        PUBLISHED,
        (PROVIDER,),
        (
            _differs,
            _is_current,
            _owns_duty,
            _not_shared_has_no_grants,
            _is_announced,
        ),
    ),
    Transition("suspend", (PUBLISHED,), SUSPENDED, (PROVIDER, MANAGER), needs_reason=True),
    Transition("resume", (SUSPENDED,), PUBLISHED, (PROVIDER,)),
    Transition(
        "retire",
        (PUBLISHED, SUSPENDED),
        RETIRED,
        (PROVIDER,),
        (_is_replaced_or_unused,),
        needs_reason=True,
    ),
)
