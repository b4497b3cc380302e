"""JSON to messages: the same table, the other way."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import Error as JsonError
from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.errors import DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.messages.translation.decoding import is_map, opened_bytes, value_type
from pyfabric.messages.translation.marks import EXACT, MAX_DEPTH, UNDECODABLE, UNKNOWN, decoded
from pyfabric.messages.translation.places import Place, View
from pyfabric.messages.translation.table import AS_FABRIC, COMPLETE

M = TypeVar("M", bound=Message)


def from_json(kind: type[M], tree: object, *, role: str = "") -> M:
    """Return the message that `to_json` or configtxlator wrote; raises DecodeError with the place.

    Bytes that hold a message may be given opened or as base64, whichever table made the JSON. They are
    those that were shown, except for the order of a map's entries, which JSON does not keep.
    """
    return cast("M", _message(View(kind, role), tree, kind.DESCRIPTOR.full_name, 0))


def _message(view: View, tree: object, path: str, depth: int) -> Message:
    message = view.kind()
    if isinstance(message, Timestamp) and isinstance(tree, str):
        _parse(message, tree, path)
        return message
    members = _members(tree, path)
    if UNDECODABLE in members:
        _merge(message, decoded(members[UNDECODABLE], path), path)
        return message
    if depth > MAX_DEPTH:
        raise DecodeError(f"{path}: more than {MAX_DEPTH} messages in messages")
    choices = COMPLETE.get(view.kind, {})
    deeper = [
        field
        for field in view.kind.DESCRIPTOR.fields
        if field.name in choices or value_type(field).message_type is not None
    ]
    special = {field.name for field in deeper} | {UNKNOWN, EXACT}
    strange = members.keys() - {field.name for field in view.kind.DESCRIPTOR.fields} - special
    if strange:
        raise DecodeError(f"{path}: no field is called {', '.join(map(ascii, sorted(strange)))}")
    _parse(message, {name: one for name, one in members.items() if name not in special}, path)
    for field in sorted(deeper, key=lambda one: one.name in choices):
        if members.get(field.name) is not None:
            _field(message, view.role, field, members[field.name], f"{path}.{field.name}", depth)
    _merge(message, decoded(members.get(UNKNOWN, ""), path), path)
    return message


def _field(
    message: Message, role: str, field: FieldDescriptor, tree: object, path: str, depth: int
) -> None:
    values = getattr(message, field.name)
    if is_map(field):
        for name, one in _members(tree, path).items():
            key = _key(field, name, path)
            view = _choice(field, Place(message, role, name))
            values[key].CopyFrom(_nested(field, view, one, f"{path}[{name}]", depth))
    elif field.label == FieldDescriptor.LABEL_REPEATED:
        for index, one in enumerate(_items(tree, path)):
            place = Place(message, role, index)
            values.append(_entry(field, place, one, f"{path}[{index}]", depth))
    else:
        value = _entry(field, Place(message, role), tree, path, depth)
        if isinstance(value, Message):
            values.CopyFrom(value)
        else:
            setattr(message, field.name, value)


def _entry(
    field: FieldDescriptor, place: Place, tree: object, path: str, depth: int
) -> Message | bytes:
    view = _choice(field, place)
    if field.message_type is not None:
        return _nested(field, view, tree, path, depth)
    if tree is None or isinstance(tree, str):
        return decoded(tree or "", path)
    members = _members(tree, path)
    if UNDECODABLE in members:
        return decoded(members[UNDECODABLE], path)
    if view is None:
        raise DecodeError(f"{path}: base64 should be there: the message's type is not known")
    if EXACT in members:
        raw = decoded(members[EXACT], path)
        if any(
            opened_bytes(view, raw, table, depth + 1) == tree for table in (AS_FABRIC, COMPLETE)
        ):
            return raw
    return _message(view, tree, path, depth + 1).SerializeToString(deterministic=True)


def _choice(field: FieldDescriptor, place: Place) -> View | None:
    choose = COMPLETE.get(type(place.message), {}).get(field.name)
    return None if choose is None else choose(place)


def _nested(
    field: FieldDescriptor, view: View | None, tree: object, path: str, depth: int
) -> Message:
    kind = GetMessageClass(value_type(field).message_type)
    return _message(View(kind, "" if view is None else view.role), tree, path, depth + 1)


def _members(tree: object, path: str) -> Mapping[str, Any]:
    if not isinstance(tree, dict):
        raise DecodeError(f"{path}: an object should be there, not {type(tree).__name__}")
    return tree


def _items(tree: object, path: str) -> Sequence[Any]:
    if not isinstance(tree, list):
        raise DecodeError(f"{path}: a list should be there, not {type(tree).__name__}")
    return tree


def _key(field: FieldDescriptor, name: str, path: str) -> str | int:
    key = field.message_type.fields_by_name["key"]
    try:
        name.encode()
        return name if key.cpp_type == FieldDescriptor.CPPTYPE_STRING else int(name)
    except ValueError as error:
        raise DecodeError(f"{path}: {name!a} is no key: {error}") from error


def _parse(message: Message, tree: Any, path: str) -> None:
    try:
        ParseDict(tree, message)
    except JsonError as error:
        raise DecodeError(f"{path}: {error}") from error


def _merge(message: Message, raw: bytes, path: str) -> None:
    try:
        message.MergeFrom(decode(type(message), raw))
    except DecodeError as error:
        raise DecodeError(f"{path}: {error}") from error
