"""The life cycle of a grant. A receipt counts only under a live grant."""

from dataclasses import dataclass
from typing import ClassVar

from pyfabric.chaincode import ContractError
from pyfabric_municipal.common.values import (
    Count,
    Digest,
    MspId,
    Positive,
    ResourceCode,
    Text,
    Timestamp,
)
from pyfabric_municipal.common.values.timestamps import require_not_before
from pyfabric_municipal.directory.records import PUBLISHED, Resource
from pyfabric_municipal.lifecycle import MANAGER, NEW, PROVIDER, USER, Lifecycle, Transition
from pyfabric_municipal.records import Record, Tracked
from pyfabric_municipal.terms import Terms

LIVE_INDEX = "live"

OFFERED = "granted"
ACTIVE = "active"
EXPIRED = "expired"
REVOKED = "revoked"
EXHAUSTED = "exhausted"


class Grant(Tracked):
    """The right to use a resource, with the id of the request that led to it.

    `version` starts at 1 and increases with every change, so that a receipt under an older version
    is recognised.
    """

    KIND: ClassVar[str] = "grant"

    id: str
    version: Positive
    resource: ResourceCode
    resource_version: Positive
    schema_digest: Digest
    provider: MspId
    user: MspId
    terms: Terms
    licence: Text
    active_since: Timestamp | None = None
    reason: str = ""

    def key(self) -> tuple[str, ...]:
        return (self.id,)

    def parties(self) -> dict[str, str]:
        return {USER: self.user, PROVIDER: self.provider}

    def in_force(self, now: str) -> bool:
        """Return whether the grant is active and its term is not over at that time."""
        return self.state == ACTIVE and now < self.terms.valid_until


class Usage(Record):
    """The rows and receipts that a grant has used, and the time of the last use.

    It is a record of its own, so that only deliveries under the same grant conflict.
    """

    KIND: ClassVar[str] = "usage"

    grant: str
    rows: Count = 0
    receipts: Count = 0
    last: Timestamp | None = None

    def key(self) -> tuple[str, ...]:
        return (self.grant,)


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """What a grant's guards look at: the time, and the resource in its current state."""

    now: str
    resource: Resource


def require_live(grant: Grant, resource: Resource, now: str) -> None:
    """Refuse a grant that is not active, is outside its term, or whose resource has changed."""
    name = f"grant {grant.id}"
    if grant.state != ACTIVE:
        raise ContractError(f"{name} is {grant.state}, not active")
    if now < grant.terms.valid_from:
        raise ContractError(f"{name} begins at {grant.terms.valid_from}, after {now}")
    if now >= grant.terms.valid_until:
        raise ContractError(f"{name} expired at {grant.terms.valid_until}")
    require_not_before(name, now, grant.updated)
    _require_resource(grant, resource)


def _require_resource(grant: Grant, resource: Resource) -> None:
    if resource.state != PUBLISHED:
        raise ContractError(f"resource {resource.id} is {resource.state}, not published")
    if not resource.carries(grant.resource_version, grant.terms.fields):
        raise ContractError(
            f"grant {grant.id} names version {grant.resource_version} of resource {resource.id}, "
            f"which is at {resource.version} and has changed what it gives: renew the grant"
        )


def _names_live_version(record: Grant, facts: GrantFacts) -> None:
    _require_resource(record, facts.resource)


def _term_is_open(record: Grant, facts: GrantFacts) -> None:
    if facts.now >= record.terms.valid_until:
        raise ContractError(f"grant {record.id} expired at {record.terms.valid_until}")


def _term_is_over(record: Grant, facts: GrantFacts) -> None:
    if facts.now < record.terms.valid_until:
        raise ContractError(f"grant {record.id} is valid until {record.terms.valid_until}")


def _fits_new_version(record: Grant, facts: GrantFacts) -> None:
    resource = facts.resource
    if resource.state != PUBLISHED:
        raise ContractError(f"resource {resource.id} is {resource.state}, not published")
    if resource.version == record.resource_version:
        raise ContractError(f"grant {record.id} names the live version {resource.version} already")
    record.terms.require_possible(resource.description, facts.now)


GRANT_LIFECYCLE: Lifecycle[Grant, GrantFacts] = Lifecycle(
    Transition("offer", (NEW,), OFFERED, (PROVIDER, USER, MANAGER), (_term_is_open,)),
    Transition(
        "activate",
        (OFFERED,),
        ACTIVE,
        (USER,),
        (_term_is_open, _names_live_version),
        event="GrantActivated",
    ),
    Transition(
        "renew",
        (ACTIVE,),
        ACTIVE,
        (PROVIDER,),
        (_term_is_open, _fits_new_version),
        event="GrantRenewed",
    ),
    Transition(
        "renew_offer",
        (OFFERED,),
        OFFERED,
        (PROVIDER,),
        (_term_is_open, _fits_new_version),
        event="GrantRenewed",
    ),
    Transition(
        "revoke",
        (OFFERED, ACTIVE),
        REVOKED,
        (PROVIDER, MANAGER),
        needs_reason=True,
        event="GrantRevoked",
    ),
    Transition("exhaust", (ACTIVE,), EXHAUSTED, (PROVIDER,)),
    Transition(
        "expire",
        (OFFERED, ACTIVE),
        EXPIRED,
        (PROVIDER, USER, MANAGER),
        (_term_is_over,),
        event="GrantExpired",
    ),
)
