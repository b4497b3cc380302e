"""Who uses a resource: the grants that its provider must not take away. The one place where the directory reads them."""

from typing import Any, NamedTuple

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.grants import LIVE_INDEX, Grant


class Use(NamedTuple):
    """A grant that is granted or active, with its fields."""

    grant: str
    fields: tuple[str, ...]


def open_uses(call: Call[Any], resource: str) -> tuple[Use, ...]:
    """Return the grants on a resource whose terms are not over for certain, also those not yet activated."""
    stub, found = call.context.stub, []
    with stub.get_state_by_partial_composite_key(LIVE_INDEX, (resource,)) as marks:
        ids = [stub.split_composite_key(mark.key)[1][1] for mark in marks]
    for each in ids:
        value = stub.get_state(stub.create_composite_key(Grant.KIND, (each,)))
        grant = Grant.model_validate_json(value or b"")
        if not call.is_due(grant.terms.valid_until):
            found.append(Use(grant.id, grant.terms.fields))
    return tuple(found)
