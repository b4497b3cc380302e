"""An interest as Go prints it: part of the text with which Fabric refuses one."""

from typing import Final

from fabric_protos.peer import proposal_response_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_GAP: Final = "  "
"""Go puts one or two spaces between fields, as its build has it; the reference build has two."""

_ESCAPES: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def interest_text(interest: proposal_response_pb2.ChaincodeInterest) -> str:
    """Return the interest on one line."""
    return _fields(interest)


def _fields(message: Message) -> str:
    parts = []
    for field, value in message.ListFields():
        single = isinstance(value, Message | str | bytes | int)
        values = [value] if single else value
        parts += [f"{field.name}:{_value(field, one)}" for one in values]
    return _GAP.join(parts)


def _value(field: FieldDescriptor, value: object) -> str:
    if isinstance(value, Message):
        return f"{{{_fields(value)}}}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{"".join(map(_character, value))}"'
    if isinstance(value, bytes):
        return f'"{_octets(value)}"'
    names = {} if field.enum_type is None else field.enum_type.values_by_number
    return next((str(one.name) for number, one in names.items() if number == value), str(value))


def _character(one: str) -> str:
    if one in _ESCAPES:
        return _ESCAPES[one]
    number = ord(one)
    if number < 0x20 or number == 0x7F:
        return f"\\x{number:02x}"
    if 0x80 <= number < 0xA0:
        return f"\\u{number:04x}"
    return one


def _octets(value: bytes) -> str:
    """Return bytes as text: UTF-8 as characters, the rest as numbers."""
    text = value.decode("utf-8", "surrogateescape")
    return "".join(
        f"\\x{ord(one) - 0xDC00:02x}" if 0xDC80 <= ord(one) <= 0xDCFF else _character(one)
        for one in text
    )
