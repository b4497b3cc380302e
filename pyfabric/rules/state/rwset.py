"""Read-write sets as bytes: decoding down to keys and hashes (rwset.proto, kv_rwset.proto)."""

from collections.abc import Mapping
from dataclasses import dataclass

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.messages.decoding import decode
from pyfabric.rules.state.versions import Version


@dataclass(frozen=True, slots=True)
class CollectionSet:
    """What a transaction did in one private data collection, as hashes."""

    name: str
    hashed: kv_rwset_pb2.HashedRWSet
    private_hash: bytes


@dataclass(frozen=True, slots=True)
class NamespaceSet:
    """What a transaction read and wrote in one namespace."""

    namespace: str
    public: kv_rwset_pb2.KVRWSet
    collections: tuple[CollectionSet, ...] = ()


def decode_read_write_set(data: bytes) -> tuple[NamespaceSet, ...]:
    """Return the namespaces of a `TxReadWriteSet`, in its order; raises DecodeError."""
    message = decode(rwset_pb2.TxReadWriteSet, data)
    return tuple(_namespace(entry) for entry in message.ns_rwset)


def _namespace(entry: rwset_pb2.NsReadWriteSet) -> NamespaceSet:
    return NamespaceSet(
        entry.namespace,
        decode(kv_rwset_pb2.KVRWSet, entry.rwset),
        tuple(
            CollectionSet(
                collection.collection_name,
                decode(kv_rwset_pb2.HashedRWSet, collection.hashed_rwset),
                collection.pvt_rwset_hash,
            )
            for collection in entry.collection_hashed_rwset
        ),
    )


def read_version(read: kv_rwset_pb2.KVRead | kv_rwset_pb2.KVReadHash) -> Version | None:
    """Return the version a read saw; None says that the key did not exist."""
    if not read.HasField("version"):
        return None
    return Version(read.version.block_num, read.version.tx_num)


def kv_read(key: str, version: Version | None) -> kv_rwset_pb2.KVRead:
    """Return the record of a read."""
    if version is None:
        return kv_rwset_pb2.KVRead(key=key)
    return kv_rwset_pb2.KVRead(
        key=key,
        version=kv_rwset_pb2.Version(block_num=version.block, tx_num=version.transaction),
    )


def encode_metadata(entries: Mapping[str, bytes]) -> list[kv_rwset_pb2.KVMetadataEntry]:
    """Return metadata entries in the order in which Fabric writes them (by name)."""
    return [
        kv_rwset_pb2.KVMetadataEntry(name=name, value=value)
        for name, value in sorted(entries.items())
    ]


def decode_metadata(stored: bytes) -> dict[str, bytes]:
    """Return metadata entries as kept in the state (`VersionedValue.metadata`); raises DecodeError."""
    entries = decode(kv_rwset_pb2.KVMetadataWrite, stored).entries
    return {entry.name: entry.value for entry in entries}
