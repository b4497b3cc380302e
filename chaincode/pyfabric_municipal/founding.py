"""What a channel's departments agree on at first, as the first change of the contract `city` has it."""

import json
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from pyfabric_municipal.common.break_glass import PARAMETERS
from pyfabric_municipal.common.values.workdays import YearCalendar
from pyfabric_municipal.departments import Department


def first_items(
    departments: Sequence[Department],
    calendars: Iterable[YearCalendar],
    *,
    roles: Iterable[dict[str, Any]],
    parameters: Iterable[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Return the items of `City:propose` that found a channel; roles are those of `role`, parameters those of `settings`."""
    contents: list[dict[str, Any]] = [
        {"kind": "department", **one.model_dump(mode="json")} for one in departments
    ]
    contents += [*roles, *parameters]
    contents += [{"kind": "calendar", "calendar": one.model_dump(mode="json")} for one in calendars]
    return [{"builds_on": 0, "content": content} for content in contents]


def settings(contract: str) -> list[dict[str, Any]]:
    """Return the parameters and code lists of data/CONTRACT.json, with their marks and sources, to begin with."""
    file = resources.files("pyfabric_municipal") / "data" / f"{contract}.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    parameters = [{"kind": "parameter", "contract": contract, **one} for one in found["parameters"]]
    return parameters + [{"kind": "codes", **one} for one in found.get("code_lists", [])]


def break_glass_parameters(contract: str) -> list[dict[str, Any]]:
    """Return the parameters of a contract that takes break-glass, to begin with; the role of its reviewers is the channel's own."""
    return [
        {
            "kind": "parameter",
            "contract": contract,
            "name": name,
            "type": "integer",
            "unit": "seconds" if name.endswith("-seconds") else "",
            "mark": "K",
            "value": value,
        }
        for name, value in PARAMETERS.items()
    ]


def role(contract: str, name: str, msp_ids: Iterable[str]) -> dict[str, Any]:
    """Return which departments have a role in a contract."""
    return {"kind": "role", "contract": contract, "name": name, "departments": sorted(msp_ids)}
