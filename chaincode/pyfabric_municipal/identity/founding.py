"""What a channel's departments agree on when they found its digital identity: the first change of the contract `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.founding import first_items, role, settings

ROLES: Final[Mapping[str, Sequence[str]]] = {
    "operator": ("GovServiceDataMSP",),
    "person-registrar": ("PubSecMSP",),
    "organisation-registrar": ("MktSupMSP", "CivilMSP", "GovServiceDataMSP"),
}
"""Which of the city's departments have the roles of the contract (FACTS 0.1 and 3)."""


def founding_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    roles: Mapping[str, Sequence[str]] = ROLES,
) -> list[dict[str, Any]]:
    """Return the items of `City:propose` that found a channel with these departments, and roles by MSP ids."""
    return first_items(
        departments,
        calendars,
        roles=[role("identity", name, members) for name, members in roles.items()],
        parameters=settings("identity"),
    )
