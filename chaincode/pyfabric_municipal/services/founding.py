"""What the departments of the directory's channel agree on for its services, beside what founds the directory."""

from collections.abc import Mapping
from typing import Any

from pyfabric_municipal.founding import role, settings


def service_contents(*, supervisor: str, licence_types: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the role, parameters and code lists of `Services`, for the change that founds the channel.

    `supervisor` is an MSP id; `licence_types` has the titles of the licences that departments issue, by their types.
    """
    types = {
        "kind": "codes",
        "name": "licence-types",
        "since": "2018-10-01",
        "codes": licence_types,
    }
    return [role("services", "supervisor", [supervisor]), *settings("services"), dict(types)]
