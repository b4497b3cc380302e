"""What a block writes: the writes of its valid transactions, in order, over committed state.

The rules are Fabric's down to crafted write sets: a delete wins over a write of the same key; a value
without metadata keeps the old metadata; metadata of a missing key is dropped; a key written twice
counts as its metadata being set (`_TransactionWrites`).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from hashlib import sha256

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.rules.state.rwset import NamespaceSet
from pyfabric.rules.state.versions import StateReader, Version, VersionedValue, hashed_namespace

_EMPTY_HASH = sha256(b"").digest()

_UPSERT = 1
_METADATA = 2
_METADATA_DELETE = 4
_DELETE = 8
_FLAG_MASK = 0xFF


class Updates:
    """The state changes of a block so far.

    `changes` is by namespace and key; an empty value is a deletion (no key of Fabric's state has one),
    and its version is that of the transaction which deleted. `written` are the public keys that
    transactions wrote or deleted, each with the version of the writer: the history of keys.
    """

    def __init__(self) -> None:
        self.changes: dict[tuple[str, str], VersionedValue] = {}
        self.written: set[tuple[str, str, Version]] = set()
        self._keys: dict[str, list[str]] = {}

    def __contains__(self, place: tuple[str, str]) -> bool:
        return place in self.changes

    def latest(self, reader: StateReader, namespace: str, key: str) -> VersionedValue | None:
        """Return the value after this block so far; None if there is none or it was deleted."""
        changed = self.changes.get((namespace, key))
        if changed is None:
            return reader.get(namespace, key)
        return changed if changed.value else None

    def range(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, VersionedValue]]:
        """Yield the changed keys of a range, deleted ones too."""
        keys = self._keys.get(namespace, [])
        for key in keys[bisect_left(keys, start) : bisect_left(keys, end) if end else None]:
            yield key, self.changes[namespace, key]

    def apply(
        self, namespaces: Sequence[NamespaceSet], version: Version, reader: StateReader
    ) -> None:
        """Take over the writes of a valid transaction, which stands at `version`."""
        writes = _TransactionWrites(namespaces)
        applied = [
            (place, operation.result(place, self, reader, version))
            for place, operation in writes.operations.items()
        ]
        for place, result in applied:
            if result is not None:
                self.put(place, result)
        self.written.update(
            (entry.namespace, write.key, version)
            for entry in namespaces
            for write in entry.public.writes
        )

    def put(self, place: tuple[str, str], value: VersionedValue) -> None:
        """Set one key, as if a transaction had done it."""
        if place not in self.changes:
            namespace, key = place
            keys = self._keys.setdefault(namespace, [])
            keys.insert(bisect_left(keys, key), key)
        self.changes[place] = value


class _Operation:
    """What one transaction does to one key. Flags are added up, as in Fabric, not joined."""

    __slots__ = ("flags", "metadata", "value")

    def __init__(self) -> None:
        self.flags = 0
        self.value = b""
        self.metadata = b""

    def add(self, flag: int) -> None:
        self.flags = (self.flags + flag) & _FLAG_MASK

    def result(
        self, place: tuple[str, str], updates: Updates, reader: StateReader, version: Version
    ) -> VersionedValue | None:
        """Return the change to make; None leaves the key alone."""
        if self.flags & _DELETE:
            return VersionedValue(b"", version)
        if self.flags & _UPSERT and self.flags & (_METADATA | _METADATA_DELETE):
            return VersionedValue(self.value, version, self.metadata)
        latest = updates.latest(reader, *place)
        if self.flags | _UPSERT == _UPSERT:
            return VersionedValue(self.value, version, b"" if latest is None else latest.metadata)
        if latest is None:
            return None
        return VersionedValue(latest.value, version, self.metadata)


class _TransactionWrites:
    def __init__(self, namespaces: Sequence[NamespaceSet]) -> None:
        self.operations: dict[tuple[str, str], _Operation] = {}
        for entry in namespaces:
            self._public(entry)
            for collection in entry.collections:
                self._hashed(hashed_namespace(entry.namespace, collection.name), collection.hashed)

    def _public(self, entry: NamespaceSet) -> None:
        for write in entry.public.writes:
            deleted = write.is_delete or not write.value
            self._write((entry.namespace, write.key), write.value, deleted=deleted)
        for change in entry.public.metadata_writes:
            self._metadata((entry.namespace, change.key), change.entries)

    def _hashed(self, namespace: str, hashed: kv_rwset_pb2.HashedRWSet) -> None:
        for write in hashed.hashed_writes:
            deleted = write.is_delete or write.value_hash in (b"", _EMPTY_HASH)
            self._write((namespace, write.key_hash.hex()), write.value_hash, deleted=deleted)
        for change in hashed.metadata_writes:
            self._metadata((namespace, change.key_hash.hex()), change.entries)

    def _operation(self, place: tuple[str, str]) -> _Operation:
        found = self.operations.get(place)
        if found is None:
            found = self.operations[place] = _Operation()
        return found

    def _write(self, place: tuple[str, str], value: bytes, *, deleted: bool) -> None:
        operation = self._operation(place)
        operation.add(_DELETE if deleted else _UPSERT)
        if not deleted:
            operation.value = value

    def _metadata(
        self, place: tuple[str, str], entries: Sequence[kv_rwset_pb2.KVMetadataEntry]
    ) -> None:
        operation = self._operation(place)
        operation.add(_METADATA if entries else _METADATA_DELETE)
        if entries:
            operation.metadata = kv_rwset_pb2.KVMetadataWrite(entries=entries).SerializeToString()
