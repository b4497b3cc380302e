"""Resources as they are kept: the facts that their guards need, their versions and index entries."""

from pyfabric.chaincode import ContractError
from pyfabric_municipal.departments import Department
from pyfabric_municipal.description import Description
from pyfabric_municipal.lifecycle import NEW
from pyfabric_municipal.live import live_uses
from pyfabric_municipal.resources import (
    RESOURCE_LIFECYCLE,
    Duty,
    Refresh,
    Resource,
    ResourceFacts,
    ResourceVersion,
)
from pyfabric_municipal.session import Session

DATUM_INDEX = "datum"
FIELD_INDEX = "field"
SHARE_INDEX = "share"


def facts_of(
    session: Session,
    record: Resource,
    *,
    later: Description | None = None,
    successor: Resource | None = None,
) -> ResourceFacts:
    """What the ledger says that matters for a step of a resource."""
    duty = session.get(Duty, (later or record.description).duty)
    return ResourceFacts(
        now=session.now,
        today=session.today,
        duty_owner=None if duty is None else duty.owner,
        provider_uscc=session.need(Department, record.provider).uscc,
        live=live_uses(session, record.code),
        later=later,
        successor=successor,
    )


def new_draft(session: Session, description: Description) -> Resource:
    """The caller's new resource; a code that anybody has is refused."""
    known = session.get(Resource, description.code)
    if known is not None:
        raise ContractError(f"resource code {description.code} is taken by {known.provider}")
    record = Resource(
        state=NEW,
        updated=session.now,
        updated_by=session.actor.msp_id,
        code=description.code,
        provider=session.actor.msp_id,
        version=1,
        description=description,
        schema_digest=description.schema_digest(),
    )
    return session.advance(RESOURCE_LIFECYCLE, record, "draft", facts_of(session, record))


def step(session: Session, code: str, action: str, reason: str = "") -> Resource:
    """The resource after a step that brings nothing new with it."""
    record = session.need(Resource, code)
    return session.advance(RESOURCE_LIFECYCLE, record, action, facts_of(session, record), reason)


def described(record: Resource, description: Description) -> Resource:
    """The resource with another description."""
    digest = description.schema_digest()
    return record.model_copy(update={"description": description, "schema_digest": digest})


def put_version(session: Session, record: Resource) -> None:
    """Keep the live version for good, and count its publication as an update of the data."""
    session.create(
        ResourceVersion(
            code=record.code,
            version=record.version,
            description=record.description,
            published=session.now,
        )
    )


def duplicates_of(session: Session, record: Resource) -> tuple[str, ...]:
    """The data of this resource that other departments collect too, as `datum: MSP id code`."""
    return tuple(
        f"{datum}: {provider} {code}"
        for datum in record.description.collected()
        for _, provider, code in session.marked(DATUM_INDEX, datum)
        if provider != record.provider
    )


def datum_entries(record: Resource) -> set[tuple[str, ...]]:
    """Who collects which datum; entered when the resource is submitted."""
    collected = record.description.collected()
    return {(DATUM_INDEX, datum, record.provider, record.code) for datum in collected}


def published_entries(record: Resource) -> set[tuple[str, ...]]:
    """Where a field is found, and what is shared how; entered when the resource is published."""
    fields = {(FIELD_INDEX, name, record.code) for name in record.description.field_names()}
    return fields | {(SHARE_INDEX, record.description.share.type.value, record.code)}


def last_update(session: Session, record: Resource) -> str:
    """When the data was last updated; the publication of a version counts as an update."""
    refresh = session.get(Refresh, record.code)
    version = session.need(ResourceVersion, record.code, f"{record.version:06}")
    return version.published if refresh is None else max(refresh.at, version.published)
