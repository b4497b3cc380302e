"""A simulation that also reads and writes private data collections.

The public read-write set carries the hashes, the private one the values; both in the bytes that
Fabric's peers write (rwsetutil/rwset_builder.go, txmgr/tx_simulator.go and query_executor.go of Fabric
3.1; texts are the same). Whether a collection exists and who may use it is checked by the caller.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import ContractError
from pyfabric.messages.decoding import decode
from pyfabric.rules.state.rwset import decode_metadata, encode_metadata
from pyfabric.rules.state.simulation import Simulation
from pyfabric.rules.state.versions import StateReader, Version, VersionedValue, hashed_namespace

VALIDATION_PARAMETER = "VALIDATION_PARAMETER"


class PrivateReader(Protocol):
    """The private values of one peer."""

    def read(
        self, namespace: str, collection: str, key: str, hashed: VersionedValue | None
    ) -> tuple[bytes | None, Version | None]:
        """Return the value that belongs to a committed hash, else at best what the peer has."""
        ...

    def newest(
        self, namespace: str, collection: str, key: str
    ) -> tuple[bytes | None, Version | None]:
        """Return what the peer has, whether or not it belongs to the committed hash."""
        ...

    def range(
        self, namespace: str, collection: str, start: str, end: str
    ) -> Iterable[tuple[str, bytes]]:
        """Return the keys and values of a range."""
        ...


class NoPrivateData:
    """The private values of a peer that has none."""

    def read(
        self, _namespace: str, _collection: str, _key: str, _hashed: VersionedValue | None
    ) -> tuple[bytes | None, Version | None]:
        """Return nothing."""
        return None, None

    def newest(
        self, _namespace: str, _collection: str, _key: str
    ) -> tuple[bytes | None, Version | None]:
        """Return nothing."""
        return None, None

    def range(
        self, _namespace: str, _collection: str, _start: str, _end: str
    ) -> Iterable[tuple[str, bytes]]:
        """Return nothing."""
        return ()


@dataclass(slots=True)
class _Collection:
    reads: dict[str, Version | None] = field(default_factory=dict)
    writes: dict[str, bytes] = field(default_factory=dict)
    purges: set[str] = field(default_factory=set)
    metadata: dict[str, Mapping[str, bytes]] = field(default_factory=dict)

    @property
    def writing(self) -> bool:
        return bool(self.writes or self.metadata)


class PrivateSimulation(Simulation):
    """A transaction in the making, on a peer: `Simulation` and private collections.

    `written` has each key that is written, by namespace, collection ("" is public state) and key, with
    the key's own endorsement policy (SignaturePolicyEnvelope bytes) as committed, if it has one.
    `private_reads` has the collections whose values were read.
    """

    def __init__(
        self,
        reader: StateReader,
        transaction_id: str = "",
        private: PrivateReader | None = None,
    ) -> None:
        super().__init__(reader, transaction_id)
        self.written: dict[tuple[str, str, str], bytes | None] = {}
        self.private_reads: set[tuple[str, str]] = set()
        self._state = reader
        self._private = private or NoPrivateData()
        self._collections: dict[tuple[str, str], _Collection] = {}
        self._queried_private = False

    @property
    def namespaces(self) -> list[str]:
        """The namespaces of the read-write set."""
        return sorted({*self._namespaces, *(namespace for namespace, _ in self._collections)})

    def put_state(self, namespace: str, key: str, value: bytes) -> None:
        """Write a public value."""
        super().put_state(namespace, key, value)
        self._note(namespace, "", key, self._state.get(namespace, key))

    def put_metadata(self, namespace: str, key: str, entries: Mapping[str, bytes]) -> None:
        """Replace the metadata of a public key."""
        super().put_metadata(namespace, key, entries)
        self._note(namespace, "", key, self._state.get(namespace, key))

    def get_private(self, namespace: str, collection: str, key: str) -> bytes | None:
        """Return a private value; raises ContractError where the peer has another than the channel agreed on."""
        hashed = self._hashed(namespace, collection, key)
        committed = None if hashed is None else hashed.version
        value, version = self._private.read(namespace, collection, key, hashed)
        if version != committed:
            raise ContractError(
                "private data matching public hash version is not available. Public hash version = "
                f"{_height(committed)}, Private data version = {_height(version)}"
            )
        self._read_private(namespace, collection, key, version)
        return value

    def get_private_values(
        self, namespace: str, collection: str, keys: Sequence[str]
    ) -> list[bytes | None]:
        """Return several private values, as far as the peer has them."""
        values = []
        for key in keys:
            value, version = self._private.newest(namespace, collection, key)
            self._read_private(namespace, collection, key, version)
            values.append(value)
        return values

    def get_private_hash(self, namespace: str, collection: str, key: str) -> bytes | None:
        """Return the committed hash of a private value; the read is recorded."""
        found = self._read_hash(namespace, collection, key)
        return None if found is None else found.value

    def get_private_metadata(self, namespace: str, collection: str, key: str) -> dict[str, bytes]:
        """Return the committed metadata of a private key."""
        found = self._read_hash(namespace, collection, key)
        return {} if found is None else decode_metadata(found.metadata)

    def put_private(self, namespace: str, collection: str, key: str, value: bytes) -> None:
        """Write a private value; an empty one deletes."""
        self._before_write()
        written = self._collection(namespace, collection)
        written.writes[key] = value
        written.purges.discard(key)
        self._note(namespace, collection, key, self._hashed(namespace, collection, key))

    def purge_private(self, namespace: str, collection: str, key: str) -> None:
        """Delete a private key with all its past."""
        self.put_private(namespace, collection, key, b"")
        self._collection(namespace, collection).purges.add(key)

    def put_private_metadata(
        self, namespace: str, collection: str, key: str, entries: Mapping[str, bytes]
    ) -> None:
        """Replace the metadata of a private key."""
        self._before_write()
        self._collection(namespace, collection).metadata[key] = dict(entries)
        self._note(namespace, collection, key, self._hashed(namespace, collection, key))

    def before_private_query(self) -> None:
        """Record that private data are queried, which does not go with writing; raises ContractError."""
        if self._wrote:
            raise ContractError(
                f"txid [{self._transaction_id}]: unsuppored transaction. Queries on pvt data is "
                "supported only in a read-only transaction"
            )
        self._queried_private = True

    def private_range(
        self, namespace: str, collection: str, start: str, end: str
    ) -> Iterator[tuple[str, bytes]]:
        """Return the private keys of a range, as far as the peer has them; nothing is recorded."""
        self.before_private_query()
        return iter(self._private.range(namespace, collection, start, end))

    def private_write_set(self) -> bytes:
        """Return the `TxPvtReadWriteSet`; empty when nothing private was written."""
        message = rwset_pb2.TxPvtReadWriteSet(data_model=rwset_pb2.TxReadWriteSet.KV)
        namespaces: dict[str, rwset_pb2.NsPvtReadWriteSet] = {}
        for (namespace, name), collection in sorted(self._collections.items()):
            if not collection.writing:
                continue
            if namespace not in namespaces:
                namespaces[namespace] = message.ns_pvt_rwset.add(namespace=namespace)
            namespaces[namespace].collection_pvt_rwset.add(
                collection_name=name, rwset=_private_bytes(collection)
            )
        return message.SerializeToString()

    def read_write_set(self) -> bytes:
        """Return the `TxReadWriteSet`, with the hashes of what was private."""
        if not self._collections:
            return super().read_write_set()
        message = decode(rwset_pb2.TxReadWriteSet, super().read_write_set())
        entries = {entry.namespace: entry for entry in message.ns_rwset}
        for namespace in {namespace for namespace, _ in self._collections} - set(entries):
            entries[namespace] = rwset_pb2.NsReadWriteSet(namespace=namespace)
        for (namespace, name), collection in sorted(self._collections.items()):
            private_hash = (
                sha256(_private_bytes(collection)).digest() if collection.writing else b""
            )
            entries[namespace].collection_hashed_rwset.add(
                collection_name=name,
                hashed_rwset=_hashed(collection).SerializeToString(),
                pvt_rwset_hash=private_hash,
            )
        return rwset_pb2.TxReadWriteSet(
            data_model=message.data_model, ns_rwset=[entries[name] for name in sorted(entries)]
        ).SerializeToString()

    def _before_write(self) -> None:
        if self._queried_private:
            raise ContractError(
                f"txid [{self._transaction_id}]: unsuppored transaction. Transaction has already "
                "performed queries on pvt data. Writes are not allowed"
            )
        super()._before_write()

    def _collection(self, namespace: str, name: str) -> _Collection:
        return self._collections.setdefault((namespace, name), _Collection())

    def _hashed(self, namespace: str, collection: str, key: str) -> VersionedValue | None:
        return self._state.get(
            hashed_namespace(namespace, collection), sha256(key.encode()).hexdigest()
        )

    def _read_hash(self, namespace: str, collection: str, key: str) -> VersionedValue | None:
        found = self._hashed(namespace, collection, key)
        reads = self._collection(namespace, collection).reads
        reads[key] = None if found is None else found.version
        return found

    def _read_private(
        self, namespace: str, collection: str, key: str, version: Version | None
    ) -> None:
        self._collection(namespace, collection).reads[key] = version
        self.private_reads.add((namespace, collection))

    def _note(
        self, namespace: str, collection: str, key: str, found: VersionedValue | None
    ) -> None:
        held = decode_metadata(found.metadata) if found is not None and found.metadata else {}
        self.written[namespace, collection, key] = held.get(VALIDATION_PARAMETER)


def _private_bytes(collection: _Collection) -> bytes:
    return kv_rwset_pb2.KVRWSet(
        writes=[
            kv_rwset_pb2.KVWrite(key=key, is_delete=not value, value=value)
            for key, value in sorted(collection.writes.items())
        ],
        metadata_writes=[
            kv_rwset_pb2.KVMetadataWrite(key=key) for key in sorted(collection.metadata)
        ],
    ).SerializeToString()


def _hashed(collection: _Collection) -> kv_rwset_pb2.HashedRWSet:
    return kv_rwset_pb2.HashedRWSet(
        hashed_reads=[_read(key, version) for key, version in sorted(collection.reads.items())],
        hashed_writes=[
            kv_rwset_pb2.KVWriteHash(
                key_hash=sha256(key.encode()).digest(),
                is_delete=not value,
                value_hash=sha256(value).digest() if value else b"",
                is_purge=key in collection.purges,
            )
            for key, value in sorted(collection.writes.items())
        ],
        metadata_writes=[
            kv_rwset_pb2.KVMetadataWriteHash(
                key_hash=sha256(key.encode()).digest(), entries=encode_metadata(entries)
            )
            for key, entries in sorted(collection.metadata.items())
        ],
    )


def _read(key: str, version: Version | None) -> kv_rwset_pb2.KVReadHash:
    read = kv_rwset_pb2.KVReadHash(key_hash=sha256(key.encode()).digest())
    if version is not None:
        read.version.block_num, read.version.tx_num = version
        read.version.SetInParent()
    return read


def _height(version: Version | None) -> str:
    if version is None:
        return "<nil>"
    return f"{{BlockNum: {version.block}, TxNum: {version.transaction}}}"
