"""What a channel's departments agree on for the contract `security`: items of the first change of the contract `city`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.common.break_glass import REVIEWERS
from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department
from pyfabric_municipal.founding import break_glass_parameters, first_items, role, settings

ROLES: Final[Mapping[str, Sequence[str]]] = {
    "approver": ("AuditMSP", "GovServiceDataMSP"),
    "police": ("PubSecMSP",),
    "reviewer": ("AuditMSP", "PubSecMSP"),
    REVIEWERS: ("AuditMSP", "PubSecMSP"),
}
"""Which departments of `network/city.yaml` have the roles of the contract; two review, since none reviews itself."""


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
        roles=[role("security", name, members) for name, members in roles.items()],
        parameters=[*settings("security"), *break_glass_parameters("security")],
    )
