"""What the departments of the directory's channel agree on for the contract `Services`: items of the first change of `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.founding import first_items, role, settings

ROLES: Final[Mapping[str, Sequence[str]]] = {"supervisor": ("GovServiceDataMSP",)}
"""Which departments of `network/city.yaml` have the roles of the contract."""


def founding_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    roles: Mapping[str, Sequence[str]] = ROLES,
) -> list[dict[str, Any]]:
    """Return the items of `City:propose` that found a channel with the contract, and its roles by MSP ids."""
    return first_items(
        departments,
        calendars,
        roles=[role("services", name, members) for name, members in roles.items()],
        parameters=settings("services"),
    )
