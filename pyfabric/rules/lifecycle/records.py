"""Records of `_lifecycle` in state, read and written.

Source: core/chaincode/lifecycle/serializer.go of Fabric 3.1. A key is written only when its value
changes, so that the read-write sets of all organisations agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from fabric_protos.peer.lifecycle import db_pb2

from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE, field_key, implicit_collection, metadata_key
from pyfabric.rules.state.versions import KeyReader, hashed_namespace


class ReadableState(Protocol):
    """Public state of `_lifecycle`, or one organisation's collection."""

    def get(self, key: str) -> bytes | None:
        """Return the committed value of a key."""
        ...


class WritableState(ReadableState, Protocol):
    """State that a transaction also writes."""

    def put(self, key: str, value: bytes) -> None:
        """Write a key; an empty value deletes it."""
        ...


class OpaqueState(Protocol):
    """An organisation's collection as the others see it: hashes."""

    def get_hash(self, key: str) -> bytes | None:
        """Return the committed hash of a key's value."""
        ...


@dataclass(frozen=True, slots=True)
class CommittedState:
    """The public state of `_lifecycle` as the channel committed it."""

    reader: KeyReader

    def get(self, key: str) -> bytes | None:
        """Return the committed value of a key."""
        found = self.reader.get(LIFECYCLE, key)
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class CommittedHashes:
    """An organisation's collection as the channel committed it: hashes."""

    reader: KeyReader
    msp_id: str

    def get_hash(self, key: str) -> bytes | None:
        """Return the committed hash of a key's value."""
        namespace = hashed_namespace(LIFECYCLE, implicit_collection(self.msp_id))
        found = self.reader.get(namespace, sha256(key.encode()).hexdigest())
        return None if found is None else found.value


@dataclass(frozen=True, slots=True)
class Record:
    """A record of some type: its fields in order, each as the bytes of a StateData."""

    kind: str
    fields: Mapping[str, bytes]

    def metadata(self) -> bytes:
        """Return the value of the record's metadata key."""
        return db_pb2.StateMetadata(datatype=self.kind, fields=self.fields).SerializeToString()


def number(value: int) -> bytes:
    """Return a number as a field's bytes."""
    return db_pb2.StateData(Int64=value).SerializeToString()


def text(value: str) -> bytes:
    """Return a string as a field's bytes."""
    return db_pb2.StateData(String=value).SerializeToString()


def binary(value: bytes) -> bytes:
    """Return bytes, or a message's bytes, as a field's bytes."""
    return db_pb2.StateData(Bytes=value).SerializeToString()


def read_metadata(table: str, name: str, state: ReadableState) -> db_pb2.StateMetadata | None:
    """Return a record's type and field names; None if there is no such record. Raises DecodeError."""
    stored = state.get(metadata_key(table, name))
    return None if stored is None else decode(db_pb2.StateMetadata, stored)


def read_field(table: str, name: str, field: str, state: ReadableState) -> db_pb2.StateData:
    """Return one field of a record, empty if it is missing. Raises DecodeError."""
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
    """Return what a collection holds otherwise than the record: its type alone, or field names."""
    stored = state.get_hash(metadata_key(table, name))
    hashes = {field: state.get_hash(field_key(table, name, field)) for field in record.fields}
    if stored != sha256(record.metadata()).digest():
        return [record.kind]
    return [
        field for field, value in record.fields.items() if hashes[field] != sha256(value).digest()
    ]
