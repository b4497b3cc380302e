"""Who uses a resource: the grants that its provider must not take away. The one place where the directory reads them."""

from typing import Any, NamedTuple

from pyfabric_municipal.common.call import Call
from pyfabric_municipal.sharing.records import OPEN, Grant


class Use(NamedTuple):
    """A grant that is granted or active, with its fields."""

    grant: str
    fields: tuple[str, ...]


def open_uses(call: Call[Any], resource: str) -> tuple[Use, ...]:
    """Return the grants on a resource whose terms are not over for certain, also those not yet activated."""
    found = call.find(Grant, "resource", resource)
    return tuple(Use(one.id, one.terms.fields) for one in found if one.state in OPEN)
