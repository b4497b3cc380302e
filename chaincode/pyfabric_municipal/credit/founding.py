"""What a channel's departments agree on when they found its public credit: the first change of the contract `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.founding import first_items, role, settings
from pyfabric_municipal.funding.founding import funding_roles

ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "registrar": ("MktSupMSP",),
    "platform": ("EconInfoMSP",),
    "tax-authority": ("TaxMSP",),
    "reviewer": ("CourtMSP", "EconInfoMSP"),
}
"""Which departments of `network/city.yaml` have the roles of the contract."""


def credit_parameters() -> list[dict[str, Any]]:
    """Return the parameters that `Credit` reads, each with type, unit, mark, source and a value to begin with."""
    return settings("credit")


def founding_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    roles: Mapping[str, Sequence[str]] = ROLES,
) -> list[dict[str, Any]]:
    """Return the items of `City:propose` that found a channel with the contracts `Credit` and `Funding`, and roles of `Credit` by MSP ids."""
    return first_items(
        departments,
        calendars,
        roles=[
            *(role("credit", name, members) for name, members in roles.items()),
            *funding_roles({one.msp_id for one in departments}),
        ],
        parameters=[*credit_parameters(), *settings("funding")],
    )
