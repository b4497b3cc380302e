"""What a channel's departments agree on for the contract `bills`: items of the first change of the contract `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.founding import first_items, role, settings

ROLES: Final[Mapping[str, Sequence[str]]] = {"supervisor": ("FinanceMSP",), "tax": ("TaxMSP",)}
"""Which departments of `network/city.yaml` have the roles of the contract."""

ORGANISATIONS: Final[Mapping[str, str]] = {
    "121100004006800175": "HealthMSP",
    "53110000500360010C": "CivilMSP",
    "91110102MA9F30062M": "MedInsMSP",
}
"""A hospital, a foundation and an insurer of `network/city.yaml`, and the departments whose CAs certify them."""


def founding_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    roles: Mapping[str, Sequence[str]] = ROLES,
    organisations: Mapping[str, str] = ORGANISATIONS,
) -> list[dict[str, Any]]:
    """Return the items of `City:propose` that found a channel with the contract, and its roles by MSP ids.

    `organisations` act without a peer: their social credit codes, each with the department that certifies it.
    """
    certifiers = [
        {"kind": "certifier", "uscc": uscc, "msp_id": msp_id}
        for uscc, msp_id in organisations.items()
    ]
    return first_items(
        departments,
        calendars,
        roles=[role("bills", name, members) for name, members in roles.items()],
        parameters=[*settings("bills"), *certifiers],
    )
