"""Names of types, read from their JSON schemas."""

from collections.abc import Mapping
from typing import Any


def type_name(schema: Mapping[str, Any]) -> str:
    """Return the short name of a schema's type, such as `string`, `list of Asset` or `integer or null`; `-` without one."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    return " or ".join(type_name(one) for one in schema.get("anyOf", ())) or schema.get("type", "-")
