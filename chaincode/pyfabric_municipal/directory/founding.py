"""What a channel's departments agree on when they found its directory: the first change of the contract `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department

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
    },
}
"""Limits in working days by contract and parameter, with their source if one was read (FACTS 1)."""


def founding_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    manager: str,
    deputy: str,
) -> list[dict[str, Any]]:
    """Return the items of `City:propose` that found a channel with these departments, manager and deputy (MSP ids)."""
    contents: list[dict[str, Any]] = [
        {"kind": "department", **one.model_dump(mode="json")} for one in departments
    ]
    contents += [_role("manager", manager), _role("deputy", deputy)]
    contents += [
        {
            "kind": "parameter",
            "contract": contract,
            "name": name,
            "type": "integer",
            "unit": "working days",
            "mark": "S" if source else "K",
            "source": source,
            "value": days,
        }
        for contract, limits in LIMITS.items()
        for name, (days, source) in limits.items()
    ]
    contents += [{"kind": "calendar", "calendar": one.model_dump(mode="json")} for one in calendars]
    return [{"builds_on": 0, "content": content} for content in contents]


def _role(name: str, msp_id: str) -> dict[str, Any]:
    return {"kind": "role", "contract": "directory", "name": name, "departments": [msp_id]}
