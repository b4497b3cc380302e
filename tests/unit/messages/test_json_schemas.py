"""Names of types in JSON schemas."""

import pytest

from pyfabric.messages.json_schemas import type_name


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({"type": "string"}, "string"),
        ({"$ref": "#/components/schemas/Asset"}, "Asset"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Asset"}}, "list of Asset"),
        ({"type": "array"}, "list of -"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"enum": ["a", "b"]}, "-"),
    ],
)
def test_a_schema_has_a_short_name(schema: dict[str, object], name: str) -> None:
    assert type_name(schema) == name
