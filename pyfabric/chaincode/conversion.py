"""Arguments from bytes and results to bytes, by type hint.

Text, numbers, truth values, dates and enumerations travel as plain text; bytes as they are; all else as
JSON. The text of a value is the one that Fabric's other runtimes read and write, and each value has one
text only: "1_000", " 1" and full-width digits are refused. An empty argument for `T | None` is None.
"""

import re
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from pyfabric.errors import ConfigError, ContractError
from pyfabric.messages.json_values import JsonType
from pyfabric.messages.values import PLAIN, encode_value, finite

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)

Read = Callable[[bytes], Any]
Write = Callable[[Any], bytes]


@dataclass(frozen=True, slots=True)
class Conversion:
    """How values of one type hint travel; `schema_hint` is the type whose JSON schema describes them."""

    read: Read
    write: Write
    schema_hint: Any
    optional: bool = False


def conversion(hint: Any) -> Conversion:
    """Return the conversion of a type hint; raises ConfigError if contracts cannot use it."""
    base, constraints = _unwrapped(hint)
    inner = _optional_of(base)
    found = _conversion(base) if inner is None else _optional(conversion(inner))
    return _constrained(found, hint) if constraints else found


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ContractError("is not valid UTF-8") from error


def _matching(pattern: re.Pattern[str], data: bytes, wanted: str) -> str:
    text = _text(data)
    if pattern.fullmatch(text) is None:
        raise ContractError(f"{text!r:.40} is not {wanted}")
    return text


def _read_integer(data: bytes) -> int:
    text = _matching(_INTEGER, data, "an integer (digits, like 42)")
    try:
        return int(text)
    except ValueError as error:
        raise ContractError("an integer of that length is not read") from error


def _read_float(data: bytes) -> float:
    value = float(_matching(_FLOAT, data, "a number (like 1.5)"))
    return finite(value)


def _read_boolean(data: bytes) -> bool:
    text = _text(data)
    if text not in ("true", "false"):
        raise ContractError(f"{text!r:.40} is not true or false")
    return text == "true"


def _read_decimal(data: bytes) -> Decimal:
    return Decimal(_matching(_DECIMAL, data, "a decimal number (like 12.50)"))


def _read_date(data: bytes) -> date:
    text = _matching(_DATE, data, "a date (like 2026-01-31)")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ContractError(f"{text} is not a date: {error}") from error


def _read_moment(data: bytes) -> datetime:
    text = _matching(_MOMENT, data, "a time with its zone (like 2026-01-31T08:00:00Z)")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ContractError(f"{text} is not a time: {error}") from error


_READERS: dict[type, Read] = {
    str: _text,
    bytes: bytes,
    bool: _read_boolean,
    int: _read_integer,
    float: _read_float,
    Decimal: _read_decimal,
    datetime: _read_moment,
    date: _read_date,
}


def _conversion(hint: Any) -> Conversion:
    if hint is None or hint is types.NoneType:
        return Conversion(_refuse_all, _checked(types.NoneType, lambda _: b""), types.NoneType)
    if get_origin(hint) is Literal:
        return _one_of({value: value for value in get_args(hint)}, hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _one_of({member.value: member for member in hint}, hint)
    if hint in _READERS:
        return Conversion(_READERS[hint], _checked(hint, PLAIN[hint]), hint)
    return _json(hint)


def _one_of(members: dict[Any, Any], hint: Any) -> Conversion:
    """Convert members of an enumeration or literal by the text of their values."""
    kinds = {type(value) for value in members}
    if not kinds <= {str, int}:
        raise ConfigError(f"{hint}: the values of an enumeration must be texts or integers")
    by_text = {encode_value(value): member for value, member in members.items()}
    texts = {member: text for text, member in by_text.items()}
    names = ", ".join(sorted(text.decode() for text in by_text))

    def read(data: bytes) -> Any:
        if data not in by_text:
            raise ContractError(f"{_text(data)!r:.40} is not one of: {names}")
        return by_text[data]

    def write(value: Any) -> bytes:
        if value not in texts:
            raise ContractError(f"returned a {type(value).__name__} that is not one of: {names}")
        return texts[value]

    return Conversion(read, write, hint)


def _json(hint: Any) -> Conversion:
    if hint is Any or hint is object or not (isinstance(hint, type) or get_origin(hint)):
        raise ConfigError(f"{hint} says too little")
    codec: JsonType[Any] = JsonType(hint)
    return Conversion(codec.load, codec.dump, hint)


def _checked(kind: type, write: Write) -> Write:
    def checked(value: Any) -> bytes:
        if not _is(value, kind):
            raise ContractError(f"returned a {type(value).__name__}, not a {kind.__name__}")
        return write(value)

    return checked


def _is(value: object, kind: type) -> bool:
    """Return `isinstance`, but a bool is no number and a datetime is no date."""
    if kind is float:
        return type(value) in (int, float)
    if isinstance(value, bool | datetime):
        return isinstance(value, kind) and kind not in (int, date)
    return isinstance(value, kind)


def _refuse_all(_data: bytes) -> None:
    raise ContractError("takes no value")


def _optional(inner: Conversion) -> Conversion:
    def read(data: bytes) -> Any:
        return inner.read(data) if data else None

    def write(value: Any) -> bytes:
        return b"" if value is None else inner.write(value)

    return Conversion(read, write, inner.schema_hint, optional=True)


def _constrained(found: Conversion, hint: Any) -> Conversion:
    """Return a conversion whose values must also satisfy an `Annotated` hint's constraints."""
    adapter: TypeAdapter[Any] = TypeAdapter(hint)

    def read(data: bytes) -> Any:
        try:
            return adapter.validate_python(found.read(data), strict=True)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            raise ContractError(problem["msg"]) from error

    return replace(found, read=read, schema_hint=hint)


def _unwrapped(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is Annotated:
        return hint.__origin__, hint.__metadata__
    return hint, ()


def _optional_of(hint: Any) -> Any | None:
    """Return T for `T | None`, and None for any other hint."""
    if get_origin(hint) not in (Union, types.UnionType):
        return None
    members = [member for member in get_args(hint) if member is not types.NoneType]
    if len(members) == len(get_args(hint)):
        return None
    return reduce(or_, members)
