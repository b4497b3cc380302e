"""How two definitions of a chaincode differ, field by field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pyfabric.admin.definition_documents import definition_document
from pyfabric.admin.definitions import ChaincodeDefinition

_PART_OF: Final[Mapping[str, str]] = {
    "version": "EndorsementInfo",
    "init_required": "EndorsementInfo",
    "endorsement_plugin": "EndorsementInfo",
    "endorsement_policy": "ValidationInfo",
    "validation_plugin": "ValidationInfo",
    "collections": "Collections",
}


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field with its value in one definition and in another; None where it is missing.

    `field` is a member of the definition's document, or `collections.NAME.MEMBER`. `part` is what Fabric calls
    the part of an approval that holds it: EndorsementInfo, ValidationInfo or Collections.
    """

    field: str
    part: str
    before: object
    after: object


def definition_differences(
    before: ChaincodeDefinition, after: ChaincodeDefinition
) -> tuple[FieldDifference, ...]:
    """Return what differs between two definitions; their sequences are not compared."""
    old, new = _fields(before), _fields(after)
    return tuple(
        FieldDifference(name, _PART_OF[name.partition(".")[0]], old.get(name), new.get(name))
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    )


def show_value(value: object) -> str:
    """Return the value of a field as people read it."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else str(value)


def _fields(definition: ChaincodeDefinition) -> dict[str, object]:
    document = definition_document(definition)
    collections: list[dict[str, Any]] = document.pop("collections")
    flat = {name: value for name, value in document.items() if name in _PART_OF}
    for one in collections:
        for member, value in one.items():
            if member != "name":
                (flat[f"collections.{one['name']}.{member}"],) = (
                    value.values() if isinstance(value, dict) else (value,)
                )
    flat["collections"] = [one["name"] for one in collections]
    return flat
