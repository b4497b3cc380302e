"""A simulation that also reads hashes of, and writes to, private data collections.

The public read-write set carries the hashes, the private one the values; both in the bytes that
Fabric's peers write (rwsetutil/rwset_builder.go of Fabric 3.1).
"""

from dataclasses import dataclass, field
from hashlib import sha256

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.core.state.simulation import Simulation
from pyfabric.core.state.versions import StateReader, Version, hashed_namespace


@dataclass(slots=True)
class _Collection:
    reads: dict[str, Version | None] = field(default_factory=dict)
    writes: dict[str, bytes] = field(default_factory=dict)


class PrivateSimulation(Simulation):
    """A transaction in the making, on a peer: `Simulation` and private collections."""

    def __init__(self, reader: StateReader, transaction_id: str = "") -> None:
        super().__init__(reader, transaction_id)
        self._state = reader
        self._collections: dict[tuple[str, str], _Collection] = {}

    def get_private_hash(self, namespace: str, collection: str, key: str) -> bytes | None:
        """The committed hash of a private value; the read is recorded."""
        found = self._state.get(
            hashed_namespace(namespace, collection), sha256(key.encode()).hexdigest()
        )
        reads = self._collection(namespace, collection).reads
        reads[key] = None if found is None else found.version
        return None if found is None else found.value

    def put_private(self, namespace: str, collection: str, key: str, value: bytes) -> None:
        """Write a private value; an empty one deletes."""
        self._collection(namespace, collection).writes[key] = value

    def private_write_set(self) -> bytes:
        """The `TxPvtReadWriteSet`; empty when nothing private was written."""
        message = rwset_pb2.TxPvtReadWriteSet(data_model=rwset_pb2.TxReadWriteSet.KV)
        namespaces: dict[str, rwset_pb2.NsPvtReadWriteSet] = {}
        for (namespace, name), collection in sorted(self._collections.items()):
            if not collection.writes:
                continue
            if namespace not in namespaces:
                namespaces[namespace] = message.ns_pvt_rwset.add(namespace=namespace)
            namespaces[namespace].collection_pvt_rwset.add(
                collection_name=name, rwset=_private_bytes(collection)
            )
        return message.SerializeToString()

    def read_write_set(self) -> bytes:
        """The `TxReadWriteSet`, with the hashes of what was private."""
        if not self._collections:
            return super().read_write_set()
        message = rwset_pb2.TxReadWriteSet.FromString(super().read_write_set())
        entries = {entry.namespace: entry for entry in message.ns_rwset}
        for namespace in {namespace for namespace, _ in self._collections} - set(entries):
            entries[namespace] = rwset_pb2.NsReadWriteSet(namespace=namespace)
        for (namespace, name), collection in sorted(self._collections.items()):
            private_hash = sha256(_private_bytes(collection)).digest() if collection.writes else b""
            entries[namespace].collection_hashed_rwset.add(
                collection_name=name,
                hashed_rwset=_hashed(collection).SerializeToString(),
                pvt_rwset_hash=private_hash,
            )
        return rwset_pb2.TxReadWriteSet(
            data_model=message.data_model, ns_rwset=[entries[name] for name in sorted(entries)]
        ).SerializeToString()

    def _collection(self, namespace: str, name: str) -> _Collection:
        return self._collections.setdefault((namespace, name), _Collection())


def _private_bytes(collection: _Collection) -> bytes:
    return kv_rwset_pb2.KVRWSet(
        writes=[
            kv_rwset_pb2.KVWrite(key=key, is_delete=not value, value=value)
            for key, value in sorted(collection.writes.items())
        ]
    ).SerializeToString()


def _hashed(collection: _Collection) -> kv_rwset_pb2.HashedRWSet:
    return kv_rwset_pb2.HashedRWSet(
        hashed_reads=[_read(key, version) for key, version in sorted(collection.reads.items())],
        hashed_writes=[
            kv_rwset_pb2.KVWriteHash(
                key_hash=sha256(key.encode()).digest(),
                is_delete=not value,
                value_hash=sha256(value).digest() if value else b"",
            )
            for key, value in sorted(collection.writes.items())
        ],
    )


def _read(key: str, version: Version | None) -> kv_rwset_pb2.KVReadHash:
    read = kv_rwset_pb2.KVReadHash(key_hash=sha256(key.encode()).digest())
    if version is not None:
        read.version.block_num, read.version.tx_num = version
        read.version.SetInParent()
    return read
