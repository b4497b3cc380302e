"""What a channel's departments agree on when they found its register of real estate: the first change of `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.founding import first_items, role, settings

ROLES: Final[Mapping[str, Sequence[str]]] = {
    "registrar": ("PlanNatResMSP",),
    "identity": ("PubSecMSP",),
    "family": ("CivilMSP",),
    "filing": ("GovServiceDataMSP",),
    "tax": ("TaxMSP",),
}
"""Which departments of `network/city.yaml` have the roles: the register, and who reviews a transfer side by side."""

CERTIFIERS: Final[Mapping[str, str]] = {
    "91110108MA9A30017R": "BankMSP",
    "11110108MB9U20013U": "CourtMSP",
}
"""Whose CA certifies the bank and the court of `network/city.yaml`, by their social credit codes."""


def founding_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    roles: Mapping[str, Sequence[str]] = ROLES,
    certifiers: Mapping[str, str] = CERTIFIERS,
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
        roles=[*(role("estate", name, members) for name, members in roles.items()), *organisations],
        parameters=settings("estate"),
    )
