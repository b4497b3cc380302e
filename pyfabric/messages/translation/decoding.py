"""Messages to JSON: one walk that opens what a table says."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.json_format import Error as JsonError
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.unknown_fields import UnknownFieldSet

from pyfabric.errors import DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.messages.translation.marks import (
    EXACT,
    MAX_DEPTH,
    UNDECODABLE,
    UNKNOWN,
    JsonObject,
    encoded,
)
from pyfabric.messages.translation.places import Place, Table, View
from pyfabric.messages.translation.table import AS_FABRIC


def to_json(message: Message, *, opened: Table = AS_FABRIC, role: str = "") -> JsonObject:
    """Return a message as JSON, with the messages in its bytes.

    All fields are there, under their names in the protocol: 64-bit numbers as text, bytes as base64, a
    missing message or empty bytes that should hold one as null. What has no place in that shape, which is
    configtxlator's, stands under the names in `marks`: bytes that cannot be read, above all. `role` is the group of a configuration that a lone common.ConfigGroup is (pyfabric.messages.translation.configuration).
    """
    tree: JsonObject = _Walk(opened).message(message, role, 0)
    return tree


def opened_bytes(view: View, raw: bytes, opened: Table, depth: int) -> Any:
    """Return bytes that hold a message, at a depth, as JSON."""
    return _Walk(opened).opaque(view, raw, depth)


class _Walk:
    def __init__(self, opened: Table) -> None:
        self._opened = opened

    def message(self, message: Message, role: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return _undecodable(message.SerializeToString())
        if isinstance(message, Timestamp):
            return _timestamp(message)
        choices = self._opened.get(type(message), {})
        plain = type(message)()
        deeper: list[tuple[FieldDescriptor, Any]] = []
        for field, value in message.ListFields():
            if field.name in choices or value_type(field).message_type is not None:
                deeper.append((field, value))
            else:
                _set(plain, field, value)
        tree = _scalars(plain, choices)
        for field, value in deeper:
            tree[field.name] = self._field(message, role, field, value, depth)
        if len(UnknownFieldSet(message)):
            tree[UNKNOWN] = encoded(_unknown(message))
        return dict(sorted(tree.items()))

    def _field(
        self, message: Message, role: str, field: FieldDescriptor, value: Any, depth: int
    ) -> Any:
        def entry(key: str | int | None, one: Any) -> Any:
            return self._entry(field, Place(message, role, key), one, depth)

        if is_map(field):
            return {str(key): entry(str(key), value[key]) for key in sorted(value)}
        if field.label == FieldDescriptor.LABEL_REPEATED:
            return [entry(index, one) for index, one in enumerate(value)]
        return entry(None, value)

    def _entry(self, field: FieldDescriptor, place: Place, value: Any, depth: int) -> Any:
        choose = self._opened.get(type(place.message), {}).get(field.name)
        view = choose(place) if choose is not None else None
        if isinstance(value, Message):
            return self.message(value, view.role if view is not None else "", depth + 1)
        return encoded(value) if view is None else self.opaque(view, value, depth + 1)

    def opaque(self, view: View, raw: bytes, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return _undecodable(raw)
        try:
            message = decode(view.kind, raw)
        except DecodeError:
            return _undecodable(raw)
        tree = self.message(message, view.role, depth)
        if not _writes(message, raw):
            tree[EXACT] = encoded(raw)
        return tree


def is_map(field: FieldDescriptor) -> bool:
    """Return whether a field is a map."""
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def value_type(field: FieldDescriptor) -> FieldDescriptor:
    """Return the field, or the values of a map."""
    return field.message_type.fields_by_name["value"] if is_map(field) else field


def _writes(message: Message, raw: bytes) -> bool:
    """Return whether a message is written as the bytes it was read from, entries of maps in any order."""
    if message.ByteSize() != len(raw):
        return False
    return _has_maps(message.DESCRIPTOR) or message.SerializeToString() == raw


@cache
def _has_maps(kind: Descriptor) -> bool:
    """Return whether a message has a map, or can have one in a message of its own."""
    seen, left = {kind}, [kind]
    while left:
        for field in left.pop().fields:
            if is_map(field):
                return True
            if field.message_type is not None and field.message_type not in seen:
                seen.add(field.message_type)
                left.append(field.message_type)
    return False


def _set(message: Message, field: FieldDescriptor, value: Any) -> None:
    if is_map(field):
        getattr(message, field.name).update(value)
    elif field.label == FieldDescriptor.LABEL_REPEATED:
        getattr(message, field.name).extend(value)
    else:
        setattr(message, field.name, value)


def _scalars(plain: Message, choices: Iterable[str]) -> JsonObject:
    """Return every field, those without a value too; what is no scalar is empty."""
    tree: JsonObject = MessageToDict(
        plain, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    for field in plain.DESCRIPTOR.fields:
        singular = field.label != FieldDescriptor.LABEL_REPEATED
        opened = field.message_type is not None or field.name in choices
        if singular and opened and field.containing_oneof is None:
            tree[field.name] = None
    return tree


def _timestamp(timestamp: Timestamp) -> Any:
    try:
        text = MessageToDict(timestamp)
    except (JsonError, ValueError):
        text = None
    if text is None or len(UnknownFieldSet(timestamp)):
        return _undecodable(timestamp.SerializeToString())
    return text


def _undecodable(raw: bytes) -> JsonObject:
    return {UNDECODABLE: encoded(raw)}


def _unknown(message: Message) -> bytes:
    """Return the bytes of the fields that the message's type has not."""
    only = type(message)()
    only.CopyFrom(message)
    for field, _ in message.ListFields():
        only.ClearField(field.name)
    return only.SerializeToString()
