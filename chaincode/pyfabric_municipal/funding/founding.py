"""What the departments of the credit channel agree on for the contract `Funding`: its roles, by MSP ids."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from pyfabric_municipal.founding import role

ROLES: Final[Mapping[str, Sequence[str]]] = {
    "registrar": ("MktSupMSP",),
    "funder": ("FinanceMSP", "HaidianMSP", "SciTechMSP", "ZgcMSP"),
    "payer": ("FinanceMSP",),
}
"""Which departments of `network/city.yaml` have the roles of the contract."""


def funding_roles(
    members: Collection[str], roles: Mapping[str, Sequence[str]] = ROLES
) -> list[dict[str, Any]]:
    """Return the roles as contents of a change of the contract `city`, on a channel with these members (MSP ids)."""
    found = {name: [one for one in named if one in members] for name, named in roles.items()}
    return [role("funding", name, named) for name, named in found.items() if named]
