"""What a channel's departments agree on when they found its register of real estate: the first change of `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.founding import first_items, role, settings

ROLES: Final = ("registrar", "identity", "family", "filing", "tax")
"""Whom the register needs: itself, and those who review a transfer side by side."""


def founding_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    roles: Mapping[str, Sequence[str]],
    certifiers: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the items of `City:propose` that found a channel with these departments, and the roles by MSP ids.

    `certifiers` names, by the social credit code of each bank and court, the department whose CA certifies it.
    """
    organisations = [
        {"kind": "certifier", "uscc": code, "msp_id": one} for code, one in certifiers.items()
    ]
    return first_items(
        departments,
        calendars,
        roles=[*(role("estate", name, roles[name]) for name in ROLES), *organisations],
        parameters=settings("estate"),
    )
