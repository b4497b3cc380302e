"""What a channel's departments agree on when they found its directory: the first change of the contract `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.founding import first_items, role

LIMITS: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "directory": {
        "manager-days": (2, "a district's rule: sxgp.gov.cn"),
        "notice-days": (10, ""),
        "lapse-days": (20, ""),
        "duty-days": (10, ""),
        "ruling-days": (10, ""),
    },
    "sharing": {
        "manager-days": (2, "a district's rule: sxgp.gov.cn"),
        "provider-days-on-platform": (5, "a district's rule: sxgp.gov.cn"),
        "provider-days-off-platform": (10, "a district's rule: sxgp.gov.cn"),
        "user-days": (10, ""),
        "arbiter-days": (10, ""),
        "confirm-days": (10, ""),
        "remedy-days": (5, ""),
    },
}
"""Limits in working days by contract and parameter, with their source if one was read (FACTS 1)."""

MANAGER: Final = "EconInfoMSP"
DEPUTY: Final = "GovServiceDataMSP"
"""Who manages the directory of `network/city.yaml`, and who does where the manager is a party."""

RECEIPT_SECONDS: Final = 86_400
"""Within which a delivery is recorded, or with a reason."""


def founding_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    manager: str = MANAGER,
    deputy: str = DEPUTY,
) -> list[dict[str, Any]]:
    """Return the items of `City:propose` that found a channel with these departments, manager and deputy (MSP ids).

    Either of the two checks requests and rules on disputes to which it is no party.
    """
    both = {manager, deputy}
    limits = [
        _parameter(contract, name, days, "working days", source)
        for contract, named in LIMITS.items()
        for name, (days, source) in named.items()
    ]
    return first_items(
        departments,
        calendars,
        roles=[
            role("directory", "manager", [manager]),
            role("directory", "deputy", [deputy]),
            role("sharing", "manager", both),
            role("sharing", "arbiter", both),
        ],
        parameters=[
            *limits,
            _parameter("sharing", "receipt-seconds", RECEIPT_SECONDS, "seconds", ""),
        ],
    )


def _parameter(contract: str, name: str, value: int, unit: str, source: str) -> dict[str, Any]:
    return {
        "kind": "parameter",
        "contract": contract,
        "name": name,
        "type": "integer",
        "unit": unit,
        "mark": "S" if source else "K",
        "source": source,
        "value": value,
    }
