"""JSON as contracts store and exchange it: strict to read, one form to write.

Reading refuses duplicate keys, NaN, infinities, unknown keys of dataclasses, and values of another
type than the hint says. Writing sorts keys, so that every peer writes the same bytes.
"""

import json
import math
from collections.abc import Hashable, Iterable
from functools import cache
from typing import Any, Generic, NewType, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from pyfabric.errors import ConfigError, ContractError

T = TypeVar("T")

_CONFIG = ConfigDict(
    extra="forbid", allow_inf_nan=False, ser_json_bytes="base64", val_json_bytes="base64"
)
_PLAIN = (dict, list, tuple, str, bool, int, float, type(None))


class JsonType(Generic[T]):
    """A type hint whose values travel as JSON: dataclasses, pydantic models, lists, dicts, unions.

    Raises ConfigError for a hint that cannot be read from JSON, or that has no fixed order (a set).
    """

    def __init__(self, hint: Any) -> None:
        try:
            self.adapter: TypeAdapter[T] = TypeAdapter(_configurable(hint), config=_CONFIG)
            schema = self.adapter.json_schema()
        except PydanticUserError as error:
            raise ConfigError(f"{_hint_name(hint)} cannot be written as JSON") from error
        if _has_set(schema):
            raise ConfigError(
                f"{_hint_name(hint)} holds a set, which has no fixed order: use a list"
            )

    def load(self, data: bytes) -> T:
        """Return the value; raises ContractError with the place that is wrong."""
        check_json(data)
        try:
            return self.adapter.validate_json(data, strict=True)
        except ValidationError as error:
            raise ContractError(_first_problem(error)) from error

    def dump(self, value: T) -> bytes:
        """Return the value's bytes; raises ContractError if it is not of this type."""
        try:
            return _write(self.adapter.dump_python(value, mode="json", warnings="error"))
        except PydanticSerializationError as error:
            raise ContractError(f"not a {type(value).__name__} that can be written") from error


@cache
def _json_type(hint: Hashable) -> JsonType[Any]:
    return JsonType(hint)


def to_json(value: object) -> bytes:
    """Return the JSON of a dataclass, model, list, dict or plain value, as state stores it."""
    if not isinstance(value, _PLAIN):
        return _json_type(cast("Hashable", type(value))).dump(value)
    try:
        return _write(to_jsonable_python(value, bytes_mode="base64"))
    except PydanticSerializationError as error:
        raise ContractError(f"cannot be written as JSON: {error}") from error


def from_json(kind: type[T], data: bytes) -> T:
    """Read what `to_json` wrote; raises ContractError if it is not a `kind`."""
    return cast("T", _json_type(cast("Hashable", kind)).load(data))


def check_json(data: bytes) -> None:
    """Raise ContractError for what is not JSON, or is JSON that two readers may read differently."""
    try:
        json.loads(
            data,
            object_pairs_hook=_unique,
            parse_constant=_not_finite,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise ContractError(f"not JSON: {error}") from error


def _configurable(hint: Any) -> Any:
    """Return a new name for the hint: pydantic lets a configuration reach plain dataclasses only so."""
    return NewType(_hint_name(hint), hint)


def _write(value: object) -> bytes:
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return text.encode()
    except ValueError as error:
        raise ContractError(f"cannot be written as JSON: {error}") from error


def _unique(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"key {key!r:.40} appears twice")
        found[key] = value
    return found


def _not_finite(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]


def _has_set(schema: object) -> bool:
    if isinstance(schema, dict):
        return schema.get("uniqueItems") is True or any(map(_has_set, schema.values()))
    return isinstance(schema, list) and any(map(_has_set, schema))


def _hint_name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint)
