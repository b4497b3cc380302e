"""JSON as Go's encoding/json reads it into a struct with fields of several types, with its texts for what is invalid.

Source: decode.go of encoding/json (Go 1.26): a key is a field's own, or the first's that differs in case alone; the last of
several counts, null changes nothing, what is unknown is passed over, and of several wrong types the first is reported.
"""

import json
import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeAlias

from pyfabric.messages.go_json import InvalidJsonError, check_json, replace_invalid

Basic: TypeAlias = Literal["string", "bool", "int", "time.Time"]
# The elements of the layout, in Go's words, and what each takes of the text.
_ELEMENTS: Final = (
    ("2006", r"\d{4}"),
    ("-", "-"),
    ("01", r"\d\d"),
    ("-", "-"),
    ("02", r"\d\d"),
    ("T", "T"),
    ("15", r"\d\d?"),
    (":", ":"),
    ("04", r"\d\d"),
    (":", ":"),
    ("05", r"\d\d"),
    ("", r"(?:[.,]\d+)?"),
    ("Z07:00", r"Z|[+-]\d\d:\d\d"),
)
_LAYOUT: Final = "2006-01-02T15:04:05Z07:00"
_INTS: Final = range(-(1 << 63), 1 << 63)
_INT_DIGITS: Final = 19
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice of structs or strings; `type` is what Go calls it ([]api.Attribute)."""

    of: "Struct | Basic"
    type: str


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct: its type with its package (api.Attribute), and the types of its fields by their names in JSON.

    `embedded` has the embedded structs that fields are in, by field: Go's texts name these.
    """

    type: str
    fields: "Mapping[str, Basic | Slice | Struct]"
    embedded: Mapping[str, str] = field(default_factory=dict)


Kind: TypeAlias = Basic | Slice | Struct
_ZERO: Final[Mapping[str, object]] = {"string": "", "bool": False, "int": 0, "time.Time": None}


def read_struct(data: bytes, struct: Struct) -> dict[str, Any]:
    """Return the fields of a JSON object by their names: Go's zero value for one that is missing.

    The zero value of a time, a struct and a slice is None here. Raises InvalidJsonError with Go's text.
    """
    check_json(data)
    try:
        content = json.loads(
            replace_invalid(data), object_pairs_hook=_Object, parse_float=_Other, parse_int=_number
        )
    except RecursionError as error:
        raise InvalidJsonError("exceeded max depth") from error
    reading = _Reading()
    found = reading.value(content, struct, struct.type, ())
    if reading.problem is not None:
        raise InvalidJsonError(reading.problem)
    return found if isinstance(found, dict) else _empty(struct)


def read_time(text: str) -> datetime:
    """Return a time of RFC 3339 in UTC; raises InvalidJsonError with the text of Go's time.Parse.

    A time before the year 1 or after 9999, which Go has and Python has not, is the first or the last that Python has.
    """
    rest, values = text, []
    for element, pattern in _ELEMENTS:
        found = re.match(pattern, rest, re.ASCII)
        if found is None:
            raise InvalidJsonError(
                f'parsing time "{text}" as "{_LAYOUT}": cannot parse "{rest}" as "{element}"'
            )
        values.append(found[0])
        rest = rest[found.end() :]
    if rest:
        raise InvalidJsonError(f'parsing time "{text}": extra text: "{rest}"')
    year, _, month, _, day, _, hour, _, minute, _, second, fraction, zone = values
    for name, value, limits in (
        ("month", month, (1, 12)),
        ("day", day, (1, _days(year, month))),
        ("hour", hour, (0, 23)),
        ("minute", minute, (0, 59)),
        ("second", second, (0, 59)),
        ("time zone offset hour", zone[1:3] or "0", (0, 24)),
        ("time zone offset minute", zone[4:] or "0", (0, 60)),
    ):
        if not limits[0] <= int(value) <= limits[1]:
            raise InvalidJsonError(f'parsing time "{text}": {name} out of range')
    if int(year) == 0:
        return _FIRST
    whole = f"{year}-{month}-{day}T{hour:0>2}:{minute}:{second}{fraction[:7].replace(',', '.')}Z"
    offset = timedelta(hours=int(zone[1:3] or "0"), minutes=int(zone[4:] or "0"))
    west = zone.startswith("-")
    try:
        return datetime.fromisoformat(whole) + (offset if west else -offset)
    except OverflowError:
        return _LAST if west else _FIRST


def _days(year: str, month: str) -> int:
    """Return how many days a month has; 31 for what is no month, which is refused first."""
    valid = 1 <= int(month) <= 12
    return monthrange(int(year) or 4, int(month))[1] if valid else 31


class _Object(list[tuple[str, Any]]):
    """The members of a JSON object, in order."""


@dataclass(frozen=True, slots=True)
class _Other:
    """A number that is not of Go's int: its text."""

    text: str


def _number(text: str) -> int | _Other:
    """Return an integer; Python refuses to read one of thousands of digits."""
    few = len(text.lstrip("-")) <= _INT_DIGITS
    return int(text) if few and int(text) in _INTS else _Other(text)


class _Reading:
    """One reading: it goes on after a wrong type, and remembers the first."""

    def __init__(self) -> None:
        self.problem: str | None = None

    def value(self, content: object, kind: Kind, struct: str, path: Sequence[str]) -> object:
        """Return a value as `kind` has it; None for null and for what is of another type."""
        if content is None:
            return None
        if isinstance(kind, Struct) and isinstance(content, _Object):
            return self._members(content, kind, path)
        if (
            isinstance(kind, Slice)
            and isinstance(content, list)
            and not isinstance(content, _Object)
        ):
            items = [self.value(one, kind.of, struct, path) for one in content]
            zero = _empty(kind.of) if isinstance(kind.of, Struct) else _ZERO[kind.of]
            return [zero if one is None else one for one in items]
        if kind == "time.Time":
            return self._time(content)
        if _is_of(content, kind):
            return content
        self._refuse(content, kind, struct, path)
        return None

    def _members(self, content: _Object, struct: Struct, path: Sequence[str]) -> dict[str, Any]:
        found = _empty(struct)
        folded: dict[str, str] = {}
        for name in struct.fields:
            folded.setdefault(name.lower(), name)
        for key, value in content:
            known = key if key in struct.fields else folded.get(key.lower())
            if known is not None:
                within = struct.embedded.get(known)
                place = (*path, *(() if within is None else (within,)), known)
                read = self.value(value, struct.fields[known], struct.type, place)
                found[known] = found[known] if read is None else read
        return found

    def _time(self, content: object) -> datetime | None:
        try:
            if not isinstance(content, str):
                raise InvalidJsonError("Time.UnmarshalJSON: input is not a JSON string")
            return read_time(content)
        except InvalidJsonError as error:
            self.problem = self.problem or str(error)
            return None

    def _refuse(self, content: object, kind: Kind, struct: str, path: Sequence[str]) -> None:
        wanted = kind if isinstance(kind, str) else kind.type
        place = f"Go struct field {struct.rpartition('.')[2]}.{'.'.join(path)} of type {wanted}"
        if not path:
            place = f"Go value of type {wanted}"
        shown = _shown(content, of_integer=kind == "int")
        self.problem = self.problem or f"json: cannot unmarshal {shown} into {place}"


def _is_of(content: object, kind: Kind) -> bool:
    match kind:
        case "string":
            return isinstance(content, str)
        case "bool":
            return isinstance(content, bool)
        case "int":
            return isinstance(content, int) and not isinstance(content, bool)
        case _:
            return False


def _shown(content: object, *, of_integer: bool) -> str:
    """Return what Go calls a value; a number by its digits where an integer of another size belongs."""
    match content:
        case _Object():
            return "object"
        case list():
            return "array"
        case str():
            return "string"
        case bool():
            return "bool"
        case _Other(text) if of_integer:
            return f"number {text}"
        case _:
            return "number"


def _empty(struct: Struct) -> dict[str, Any]:
    return {name: _empty_of(kind) for name, kind in struct.fields.items()}


def _empty_of(kind: Kind) -> object:
    return _ZERO[kind] if isinstance(kind, str) else None
