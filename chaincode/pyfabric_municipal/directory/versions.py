"""Versions of a resource: what a new one writes, what it keeps of earlier ones, and who else collects its data."""

from typing import Any

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.common.records import WRITTEN
from pyfabric_municipal.common.values.timestamps import add_days
from pyfabric_municipal.directory.description import Description
from pyfabric_municipal.directory.records import CURRENT, Freshness, Resource, Version, version_id


def described(description: Description) -> dict[str, Any]:
    """Return the fields of a resource that its description decides."""
    return {"description": description, "schema_digest": description.schema_digest()}


def put_version(call: Call[Resource], description: Description) -> dict[str, Any]:
    """Write the next version, which is an update of the data; return what it changes of the resource."""
    before = call.record
    number = before.version + 1
    call.create(
        Version,
        version_id(call.id, number),
        WRITTEN,
        resource=call.id,
        number=number,
        description=description,
        published=call.now,
        previous=version_id(call.id, before.version) if before.version else None,
    )
    _put_freshness(call, description)
    notice = before.notice
    return described(description) | {
        "version": number,
        "published": call.now,
        "promised_since": _promised_since(before, description, number),
        "field_since": _field_since(before, description, number),
        "notice": None if notice and notice.coming == description.digest() else notice,
        "duplicates": duplicates_of(call, before.provider, description),
    }


def duplicates_of(call: Call[Resource], provider: str, description: Description) -> tuple[str, ...]:
    """Return the data that other departments collect too, each as `datum: MSP-id resource-code`."""
    return tuple(
        f"{datum}: {other} {code}"
        for datum in description.collected()
        for _, other, code in sorted(call.session.entries(Resource, "datum", datum))
        if other != provider
    )


def _put_freshness(call: Call[Resource], description: Description) -> None:
    days = description.cycle.days
    fields = {
        "provider": call.record.provider,
        "days": days,
        "data_updated": call.now,
        "expected_by": add_days(call.now, days),
    }
    if call.record.version:
        call.move(Freshness, call.id, CURRENT, **fields)
    else:
        call.create(Freshness, call.id, CURRENT, **fields)


def _promised_since(before: Resource, later: Description, number: int) -> int:
    stricter = later.share.type.strictness > before.description.share.type.strictness
    return number if stricter or not before.version else before.promised_since


def _field_since(before: Resource, later: Description, number: int) -> dict[str, int]:
    kept = before.description.kept_by(later) if before.version else frozenset()
    return {
        name: before.field_since[name] if name in kept else number for name in later.field_names()
    }
