"""One transaction's run against committed state, and the read-write set that it leaves.

The set's form and order are those of Fabric's peers: namespaces and keys sorted, range queries in
the order in which they were opened, a repeated query kept once. A transaction does not see its own
writes.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import ContractError
from pyfabric.rules.state.rwset import decode_metadata, encode_metadata, kv_read
from pyfabric.rules.state.summary import RangeSummary
from pyfabric.rules.state.versions import StateReader, Version, VersionedValue


class RangeScan:
    """The results of a range query, read one at a time; what is read is what can conflict.

    A scan that was left early covers the range up to the last key that it returned; one that was read
    to its end covers the whole range. With a `limit` it ends after that number of results.
    """

    def __init__(
        self, entries: Iterator[tuple[str, VersionedValue]], start: str, end: str, limit: int
    ) -> None:
        self._entries = entries
        self._start = start
        self._end = end
        self._left = limit if limit > 0 else None
        self._last = ""
        self._exhausted = False
        self._summary = RangeSummary()

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return self

    def __next__(self) -> tuple[str, bytes]:
        entry = next(self._entries, None) if self._left != 0 else None
        if entry is None:
            self._exhausted = True
            raise StopIteration
        if self._left is not None:
            self._left -= 1
        key, value = entry
        self._last = key
        self._summary.add(kv_read(key, value.version))
        return key, value.value

    def query(self) -> kv_rwset_pb2.RangeQueryInfo:
        """Return the record of the query; no result may be read afterwards."""
        self._summary.finish()
        info = kv_rwset_pb2.RangeQueryInfo(
            start_key=self._start,
            end_key=self._end if self._exhausted else self._last,
            itr_exhausted=self._exhausted,
        )
        if self._summary.hashed:
            info.reads_merkle_hashes.CopyFrom(self._summary.message())
        elif self._summary.reads:
            info.raw_reads.kv_reads.extend(self._summary.reads)
        return info


@dataclass(slots=True)
class _Namespace:
    reads: dict[str, Version | None] = field(default_factory=dict)
    writes: dict[str, bytes] = field(default_factory=dict)
    metadata: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    scans: list[RangeScan] = field(default_factory=list)


class Simulation:
    """A transaction in the making.

    Operations that Fabric's peer refuses raise ContractError with its text: a paginated query and a
    write do not go together.
    """

    def __init__(self, reader: StateReader, transaction_id: str = "") -> None:
        self._reader = reader
        self._transaction_id = transaction_id
        self._namespaces: dict[str, _Namespace] = {}
        self._wrote = False
        self._paginated = False

    def get_state(self, namespace: str, key: str) -> bytes | None:
        """Return the committed value of a key."""
        found = self._read(namespace, key)
        return None if found is None else found.value

    def get_metadata(self, namespace: str, key: str) -> dict[str, bytes]:
        """Return the committed metadata of a key; a missing key has none."""
        found = self._read(namespace, key)
        return {} if found is None else decode_metadata(found.metadata)

    def put_state(self, namespace: str, key: str, value: bytes) -> None:
        """Write a value; an empty one deletes the key, as in Fabric."""
        self._before_write()
        self._namespace(namespace).writes[key] = value

    def delete_state(self, namespace: str, key: str) -> None:
        """Delete a key, whether or not it exists."""
        self.put_state(namespace, key, b"")

    def put_metadata(self, namespace: str, key: str, entries: Mapping[str, bytes]) -> None:
        """Replace a key's metadata; no entries removes it."""
        self._before_write()
        self._namespace(namespace).metadata[key] = dict(entries)

    def range(self, namespace: str, start: str, end: str, limit: int = 0) -> RangeScan:
        """Open a range query; a `limit` above 0 makes it a page."""
        if limit > 0:
            self.before_paginated_query()
        scan = RangeScan(self._reader.range(namespace, start, end), start, end, limit)
        self._namespace(namespace).scans.append(scan)
        return scan

    def page(
        self, namespace: str, start: str, end: str, size: int
    ) -> tuple[list[tuple[str, bytes]], str]:
        """Return at most `size` results of a range, and the key of the next one; "" after the last."""
        # One more `next` than results would mark the range as read to its end.
        found = list(islice(self.range(namespace, start, end, limit=size), size))
        if len(found) < size:
            return found, ""
        following = islice(self._reader.range(namespace, found[-1][0], end), 1, 2)
        return found, next((key for key, _ in following), "")

    def before_paginated_query(self) -> None:
        """Record that pages are read, which does not go with writing; raises ContractError."""
        if self._wrote:
            raise ContractError(
                f"txid [{self._transaction_id}]: unsuppored transaction. Paginated queries are "
                "supported only in a read-only transaction"
            )
        self._paginated = True

    def read_write_set(self) -> bytes:
        """Return the `TxReadWriteSet`: what the transaction read and what it writes."""
        message = rwset_pb2.TxReadWriteSet(data_model=rwset_pb2.TxReadWriteSet.KV)
        for name, namespace in sorted(self._namespaces.items()):
            message.ns_rwset.add(namespace=name, rwset=_encode(namespace))
        return message.SerializeToString()

    def _namespace(self, name: str) -> _Namespace:
        found = self._namespaces.get(name)
        if found is None:
            found = self._namespaces[name] = _Namespace()
        return found

    def _read(self, namespace: str, key: str) -> VersionedValue | None:
        found = self._reader.get(namespace, key)
        self._namespace(namespace).reads[key] = None if found is None else found.version
        return found

    def _before_write(self) -> None:
        if self._paginated:
            raise ContractError(
                f"txid [{self._transaction_id}]: unsuppored transaction. Transaction has already "
                "performed a paginated query. Writes are not allowed"
            )
        self._wrote = True


def _encode(namespace: _Namespace) -> bytes:
    queries: dict[tuple[str, str, bool], kv_rwset_pb2.RangeQueryInfo] = {}
    for scan in namespace.scans:
        info = scan.query()
        queries.setdefault((info.start_key, info.end_key, info.itr_exhausted), info)
    return kv_rwset_pb2.KVRWSet(
        reads=[kv_read(key, version) for key, version in sorted(namespace.reads.items())],
        range_queries_info=queries.values(),
        writes=[
            kv_rwset_pb2.KVWrite(key=key, is_delete=not value, value=value)
            for key, value in sorted(namespace.writes.items())
        ],
        metadata_writes=[
            kv_rwset_pb2.KVMetadataWrite(key=key, entries=encode_metadata(entries))
            for key, entries in sorted(namespace.metadata.items())
        ],
    ).SerializeToString()
