"""Resources on the ledger: the facts that their guards need, their versions and index entries."""

from pyfabric.chaincode import ContractError
from pyfabric_municipal.departments import Department
from pyfabric_municipal.description import Description
from pyfabric_municipal.ledger_access import LedgerAccess
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

DATUM_INDEX = "datum"
FIELD_INDEX = "field"
SHARE_INDEX = "share"


def facts_of(
    ledger: LedgerAccess,
    record: Resource,
    *,
    later: Description | None = None,
    successor: Resource | None = None,
) -> ResourceFacts:
    """Read from the ledger what the guards of a resource's steps look at."""
    duty = ledger.get(Duty, (later or record.description).duty)
    return ResourceFacts(
        now=ledger.now,
        today=ledger.today,
        duty_owner=None if duty is None else duty.owner,
        provider_uscc=ledger.need(Department, record.provider).uscc,
        live=live_uses(ledger, record.code),
        later=later,
        successor=successor,
    )


def new_draft(ledger: LedgerAccess, description: Description) -> Resource:
    """Return a new resource of the caller; raises ContractError if its code is taken."""
    known = ledger.get(Resource, description.code)
    if known is not None:
        raise ContractError(f"resource code {description.code} is taken by {known.provider}")
    record = Resource(
        state=NEW,
        updated=ledger.now,
        updated_by=ledger.actor.msp_id,
        code=description.code,
        provider=ledger.actor.msp_id,
        version=1,
        description=description,
        schema_digest=description.schema_digest(),
    )
    return ledger.advance(RESOURCE_LIFECYCLE, record, "draft", facts_of(ledger, record))


def step(ledger: LedgerAccess, code: str, action: str, reason: str = "") -> Resource:
    """Return the resource after a step that changes nothing but its state."""
    record = ledger.need(Resource, code)
    return ledger.advance(RESOURCE_LIFECYCLE, record, action, facts_of(ledger, record), reason)


def described(record: Resource, description: Description) -> Resource:
    """Return the resource with a new description."""
    digest = description.schema_digest()
    return record.model_copy(update={"description": description, "schema_digest": digest})


def put_version(ledger: LedgerAccess, record: Resource) -> None:
    """Write the live version, which is kept for ever; its publication counts as an update of the data."""
    ledger.create(
        ResourceVersion(
            code=record.code,
            version=record.version,
            description=record.description,
            published=ledger.now,
        )
    )


def duplicates_of(ledger: LedgerAccess, record: Resource) -> tuple[str, ...]:
    """Return the data that other departments collect too, each as `datum: MSP-id resource-code`."""
    return tuple(
        f"{datum}: {provider} {code}"
        for datum in record.description.collected()
        for _, provider, code in ledger.marked(DATUM_INDEX, datum)
        if provider != record.provider
    )


def datum_entries(record: Resource) -> set[tuple[str, ...]]:
    """Return the index entries of a submitted resource: who collects which datum."""
    collected = record.description.collected()
    return {(DATUM_INDEX, datum, record.provider, record.code) for datum in collected}


def published_entries(record: Resource) -> set[tuple[str, ...]]:
    """Return the index entries of a published resource: its fields and its share type."""
    fields = {(FIELD_INDEX, name, record.code) for name in record.description.field_names()}
    return fields | {(SHARE_INDEX, record.description.share.type.value, record.code)}


def last_update(ledger: LedgerAccess, record: Resource) -> str:
    """Return the time of the data's last update; publishing a version counts as an update."""
    refresh = ledger.get(Refresh, record.code)
    version = ledger.need(ResourceVersion, record.code, f"{record.version:06}")
    return version.published if refresh is None else max(refresh.at, version.published)
