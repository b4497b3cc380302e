"""How `_lifecycle` writes a record into state: one key a field, and one that names the fields.

Source: core/chaincode/lifecycle/serializer.go of Fabric 3.1. A key is written only when its value
changes, so that the read-write sets of all departments agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from fabric_protos.peer.lifecycle import db_pb2

from pyfabric.messages.decoding import decode

NAMESPACES = "namespaces"
SOURCES = "chaincode-sources"


class ReadableState(Protocol):
    """Public state, or one department's collection, of a transaction in the making."""

    def get(self, key: str) -> bytes | None:
        """The committed value of a key."""
        ...


class WritableState(ReadableState, Protocol):
    """State that the transaction also writes."""

    def put(self, key: str, value: bytes) -> None:
        """Write a key; an empty value deletes it."""
        ...


class OpaqueState(Protocol):
    """A department's collection as the others see it: hashes."""

    @property
    def msp_id(self) -> str:
        """Whose collection it is."""
        ...

    def get_hash(self, key: str) -> bytes | None:
        """The committed hash of a value."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """A record of some type: its fields in order, each as the bytes of a StateData."""

    kind: str
    fields: Mapping[str, bytes]

    def metadata(self) -> bytes:
        """The value of the record's metadata key."""
        return db_pb2.StateMetadata(datatype=self.kind, fields=self.fields).SerializeToString()


def number(value: int) -> bytes:
    """A number as a field's bytes."""
    return db_pb2.StateData(Int64=value).SerializeToString()


def text(value: str) -> bytes:
    """A string as a field's bytes."""
    return db_pb2.StateData(String=value).SerializeToString()


def binary(value: bytes) -> bytes:
    """Bytes, or a message's bytes, as a field's bytes."""
    return db_pb2.StateData(Bytes=value).SerializeToString()


def metadata_key(table: str, name: str) -> str:
    """Where a record's type and field names are kept."""
    return f"{table}/metadata/{name}"


def field_key(table: str, name: str, field: str) -> str:
    """Where one field of a record is kept."""
    return f"{table}/fields/{name}/{field}"


def read_metadata(table: str, name: str, state: ReadableState) -> db_pb2.StateMetadata | None:
    """A record's type and field names; None if there is no such record."""
    stored = state.get(metadata_key(table, name))
    return None if stored is None else decode(db_pb2.StateMetadata, stored)


def read_field(table: str, name: str, field: str, state: ReadableState) -> db_pb2.StateData:
    """One field of a record; a missing one is empty."""
    return decode(db_pb2.StateData, state.get(field_key(table, name, field)) or b"")


def write_record(table: str, name: str, record: Record, state: WritableState) -> None:
    """Write what differs from the record that is there; fields that are no more are deleted."""
    metadata = read_metadata(table, name, state) or db_pb2.StateMetadata()
    existing = {field: state.get(field_key(table, name, field)) or b"" for field in metadata.fields}
    for field, value in record.fields.items():
        if existing.pop(field, None) != value:
            state.put(field_key(table, name, field), value)
    same_shape = metadata.datatype == record.kind and len(metadata.fields) == len(record.fields)
    if existing or not same_shape:
        state.put(metadata_key(table, name), record.metadata())
    for field in existing:
        state.put(field_key(table, name, field), b"")


def mismatches(table: str, name: str, record: Record, state: OpaqueState) -> list[str]:
    """Which parts of a record a collection holds otherwise: its type alone, or fields."""
    stored = state.get_hash(metadata_key(table, name))
    hashes = {field: state.get_hash(field_key(table, name, field)) for field in record.fields}
    if stored != sha256(record.metadata()).digest():
        return [record.kind]
    return [
        field for field, value in record.fields.items() if hashes[field] != sha256(value).digest()
    ]
