"""A strict reader of Protocol Buffers: one encoding for each message, and no byte that nobody looks at.

Fabric hashes and signs bytes, and its readers take several encodings for the same message: fields in any order, repeated,
unknown, numbers with superfluous bytes. Here a message has the deterministic encoding or is refused.
Source: protobuf.dev, "Encoding" and "Serialization is not canonical".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto

from pyfabric.errors import DecodeError
from pyfabric.messages.decoding import M, decode

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_BYTES_TYPES = {
    FieldDescriptor.TYPE_STRING,
    FieldDescriptor.TYPE_BYTES,
    FieldDescriptor.TYPE_MESSAGE,
}
_WIRE_TYPES = {
    **dict.fromkeys(_BYTES_TYPES, _BYTES),
    FieldDescriptor.TYPE_DOUBLE: _FIXED64,
    FieldDescriptor.TYPE_FIXED64: _FIXED64,
    FieldDescriptor.TYPE_SFIXED64: _FIXED64,
    FieldDescriptor.TYPE_FLOAT: _FIXED32,
    FieldDescriptor.TYPE_FIXED32: _FIXED32,
    FieldDescriptor.TYPE_SFIXED32: _FIXED32,
}
_WIDTHS = {_FIXED64: 8, _FIXED32: 4}


@dataclass(frozen=True, slots=True)
class _Field:
    wire_type: int
    repeated: bool
    message: Descriptor | None


def read(kind: type[M], raw: bytes) -> M:
    """Return the message of that kind; raises DecodeError unless the bytes are its deterministic encoding."""
    message = decode(kind, raw)
    _check(cast("Descriptor", kind.DESCRIPTOR), raw, 0, len(raw))
    if message.SerializeToString(deterministic=True) != raw:
        raise DecodeError(f"a {kind.DESCRIPTOR.full_name} is not encoded in its only form")
    return message


def _check(descriptor: Descriptor, raw: bytes, at: int, end: int) -> None:
    """Check the fields between two places: known, ascending, singular ones once, numbers minimal."""
    fields, before = _fields(descriptor), 0
    while at < end:
        tag, at = _varint(raw, at)
        number = tag >> 3
        field = fields.get(number)
        if field is None or tag & 7 != field.wire_type:
            raise _refused(descriptor, number, "is unknown")
        if number < before or (number == before and not field.repeated):
            raise _refused(descriptor, number, "is repeated or out of order")
        before, start = number, at
        at = _end_of_value(raw, at, field)
        if field.message is not None:
            _check(field.message, raw, _varint(raw, start)[1], at)


def _end_of_value(raw: bytes, at: int, field: _Field) -> int:
    """Return where a field's value ends; `decode` has found that it does."""
    if field.wire_type == _BYTES:
        length, at = _varint(raw, at)
        return at + length
    if field.wire_type == _VARINT:
        return _varint(raw, at)[1]
    return at + _WIDTHS[field.wire_type]


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Return a number, and where it ends; raises DecodeError for more bytes than it needs."""
    start, value = at, 0
    while raw[at] & 0x80:
        value |= (raw[at] & 0x7F) << 7 * (at - start)
        at += 1
    if not raw[at] and at > start:
        raise DecodeError("a number of a message is not minimally encoded")
    return value | raw[at] << 7 * (at - start), at + 1


@cache
def _fields(descriptor: Descriptor) -> Mapping[int, _Field]:
    described = DescriptorProto()
    descriptor.CopyToProto(described)  # type: ignore[no-untyped-call]
    # The field's own `label` is deprecated in later releases.
    repeated = {one.number for one in described.field if one.label == one.LABEL_REPEATED}
    return {
        number: _Field(
            # A list of numbers is packed: it is one field with bytes.
            _BYTES if number in repeated else _WIRE_TYPES.get(field.type, _VARINT),
            number in repeated and field.type in _BYTES_TYPES,
            field.message_type,
        )
        for number, field in descriptor.fields_by_number.items()
    }


def _refused(descriptor: Descriptor, number: int, problem: str) -> DecodeError:
    return DecodeError(f"field {number} of a {descriptor.full_name} {problem}")
