"""What Go's Protocol Buffers find wrong with bytes that are not a message.

Source: internal/impl of google.golang.org/protobuf, which has one text for strings that are not UTF-8
and another for all else.
"""

from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from pyfabric.errors import DecodeError
from pyfabric.messages.go_texts import INVALID_UTF8, INVALID_WIRE_FORMAT

Fields: TypeAlias = Mapping[int, FieldDescriptor]

_WIDTHS: Final = {1: 8, 5: 4}
_LONGEST_VARINT: Final = 10
_MOST_FIELDS: Final = 200
"""How many fields are looked at: garbage may be long, and nested deep."""


def fault(kind: type[Message], raw: bytes) -> str:
    """Return Go's text for the first fault of bytes that are not a message of that kind."""
    found = _fault(kind.DESCRIPTOR.fields_by_number, memoryview(raw), iter(range(_MOST_FIELDS)))
    return found or INVALID_WIRE_FORMAT


def bytes_fields(raw: bytes) -> dict[int, bytes]:
    """Return the fields of type bytes of a message that has no binding, by their numbers; raises DecodeError."""
    found = {}
    rest = memoryview(raw)
    while rest:
        try:
            tag, value, rest = _next_field(rest)
        except IndexError as error:
            raise DecodeError(f"{len(raw)} bytes are not a message") from error
        if value is not None:
            found[tag >> 3] = bytes(value)
    return found


def _fault(known: Fields, raw: memoryview, budget: Iterator[int]) -> str | None:
    """Return the text for the first fault, or None; of bytes beyond the budget INVALID_WIRE_FORMAT."""
    rest = raw
    while rest:
        try:
            next(budget)
            tag, value, rest = _next_field(rest)
        except (IndexError, StopIteration):
            return INVALID_WIRE_FORMAT
        fault = _field_fault(known.get(tag >> 3), value, budget)
        if fault is not None:
            return fault
    return None


def _field_fault(
    field: FieldDescriptor | None, value: memoryview | None, budget: Iterator[int]
) -> str | None:
    if field is None or value is None:
        return None
    if field.message_type is not None:
        return _fault(field.message_type.fields_by_number, value, budget)
    return None if field.type != field.TYPE_STRING or _is_text(value) else INVALID_UTF8


def _next_field(raw: memoryview) -> tuple[int, memoryview | None, memoryview]:
    """Return a field's tag, its bytes if its length is given, and what follows; else raises IndexError.

    Groups, which no message of Fabric has, are no fields here.
    """
    tag, rest = _varint(raw)
    match tag & 7:
        case 0:
            return tag, None, _varint(rest)[1]
        case 1 | 5 as kind if len(rest) >= _WIDTHS[kind]:
            return tag, None, rest[_WIDTHS[kind] :]
        case 2:
            size, rest = _varint(rest)
            if size <= len(rest):
                return tag, rest[:size], rest[size:]
        case _:
            pass
    raise IndexError


def _varint(raw: memoryview) -> tuple[int, memoryview]:
    number = 0
    for at in range(_LONGEST_VARINT):
        number |= (raw[at] & 0x7F) << 7 * at
        if raw[at] < 0x80:
            return number, raw[at + 1 :]
    raise IndexError


def _is_text(data: memoryview) -> bool:
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
