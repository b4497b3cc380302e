"""JSON schemas of a chaincode's metadata, as far as tables need them: what a text means, and what a value must be."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from pyfabric_cli.data.faults import CellError, Problem

Schema: TypeAlias = Mapping[str, Any]

_TRUTH: Final = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}
_INTEGER: Final = re.compile(r"-?[0-9]{1,40}")
_LISTED: Final = re.compile(r"[;；]")
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


class Schemas:
    """The schemas of one chaincode, with those that they refer to."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self._known: Mapping[str, Schema] = (metadata.get("components") or {}).get("schemas") or {}

    def resolved(self, schema: Schema) -> Schema:
        """Return the schema that a reference names, and of `T | None` that of T."""
        for _ in range(32):
            if "$ref" in schema:
                schema = self._known.get(str(schema["$ref"]).rpartition("/")[2], {})
            elif len(some := _not_null(schema)) == 1 and "anyOf" in schema:
                schema = some[0]
            else:
                break
        return schema

    def is_nullable(self, schema: Schema) -> bool:
        """Return whether nothing is a value of the schema."""
        return schema.get("type") == "null" or any(
            self.is_nullable(one) for one in schema.get("anyOf", ())
        )

    def properties(self, schema: Schema) -> Mapping[str, Schema]:
        """Return the members of an object's schema, none for any other."""
        found = self.resolved(schema)
        given: Mapping[str, Schema] = found.get("properties", {})
        return given if found.get("type") == "object" else {}

    def value(self, schema: Schema, text: str) -> Any:
        """Return what a cell's text means; raises CellError. Lists are `a;b`, or JSON as objects are."""
        kind = self.resolved(schema).get("type")
        match kind:
            case "string":
                return text
            case "integer":
                if _INTEGER.fullmatch(text.strip()) is None:
                    raise CellError(
                        "data.integer", "must be an integer, such as 42", "须为整数，如 42"
                    )
                return int(text)
            case "boolean":
                if (truth := _TRUTH.get(text.strip().lower())) is None:
                    raise CellError("data.boolean", "must be true or false", "须为 true 或 false")
                return truth
            case "array" if not text.lstrip().startswith("["):
                items = self.resolved(schema).get("items", {})
                parts = [one.strip() for one in _LISTED.split(text)]
                return [self.value(items, one) for one in parts if one]
            case _:
                return _json(text)

    def problems(self, schema: Schema, value: Any, place: str) -> Iterator[tuple[str, Problem]]:
        """Yield where a value is not what the schema says, with what is wrong there."""
        if value is None and self.is_nullable(schema):
            return
        found = self.resolved(schema)
        if "anyOf" in found:
            tried = [list(self.problems(one, value, place)) for one in found["anyOf"]]
            yield from min(tried, key=len)
            return
        kind = str(found.get("type"))
        if kind in _KINDS and not _is(value, kind):
            yield (
                place,
                Problem("data.type", f"must be of the type {kind}", f"类型须为 {kind}"),
            )
            return
        yield from ((place, one) for one in _bounds(found, value))
        if isinstance(value, list):
            for number, one in enumerate(value, start=1):
                yield from self.problems(found.get("items", {}), one, f"{place}.{number}")
        elif isinstance(value, dict) and "properties" in found:
            yield from self._members(found, value, place)

    def _members(
        self, found: Schema, value: Mapping[str, Any], place: str
    ) -> Iterator[tuple[str, Problem]]:
        before = f"{place}." if place else ""
        for name in found.get("required", ()):
            if name not in value:
                yield (before + name, Problem("data.required", "is required", "必填"))
        for name, one in value.items():
            if name in found["properties"]:
                yield from self.problems(found["properties"][name], one, before + name)
            elif found.get("additionalProperties") is False:
                yield (
                    before + name,
                    Problem("data.column", "the function has no such field", "函数没有该字段"),
                )


def _not_null(schema: Schema) -> list[Schema]:
    return [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _KINDS[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _bounds(found: Schema, value: Any) -> Iterator[Problem]:
    """Yield what a schema's bounds say against a value of the right type."""
    allowed = found.get("enum", [found["const"]] if "const" in found else None)
    if allowed is not None and value not in allowed:
        names = ", ".join(map(str, allowed))
        yield Problem("data.choice", f"must be one of {names}", f"须为其一：{names}")
    size = len(value) if isinstance(value, (str, list)) else value
    for key in ("minimum", "minLength", "minItems"):
        if key in found and size < found[key]:
            yield Problem("data.bound", f"{key} is {found[key]}", f"{key} 为 {found[key]}")
    for key in ("maximum", "maxLength", "maxItems"):
        if key in found and size > found[key]:
            yield Problem("data.bound", f"{key} is {found[key]}", f"{key} 为 {found[key]}")
    pattern = found.get("pattern")
    if pattern is not None and isinstance(value, str) and not _matches(pattern, value):
        yield Problem("data.pattern", f"must match {pattern}", f"须符合 {pattern}")


def _matches(pattern: str, value: str) -> bool:
    """Return whether a value has a pattern's form; patterns of other kinds of expressions are left to the contract."""
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return True


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CellError("data.json", "must be JSON", "须为 JSON") from error
