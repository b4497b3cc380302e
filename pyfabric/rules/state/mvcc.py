"""Whether what a transaction read is still so: version conflicts and phantoms, as Fabric decides them.

A transaction is checked against committed state and the updates of the valid transactions before it in
its block. In each namespace reads come first, then range queries, then reads of hashes.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import ValidationCode
from pyfabric.rules.state.rwset import NamespaceSet, kv_read, read_version
from pyfabric.rules.state.summary import SMALLEST_DEGREE, RangeSummary
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import StateReader, Version, VersionedValue, hashed_namespace


class Conflict(NamedTuple):
    """Why a transaction cannot stand: MVCC_READ_CONFLICT or PHANTOM_READ_CONFLICT, and in words."""

    code: ValidationCode
    reason: str


def validate(
    namespaces: Sequence[NamespaceSet], reader: StateReader, updates: Updates
) -> ValidationCode:
    """Return VALID, MVCC_READ_CONFLICT or PHANTOM_READ_CONFLICT."""
    conflict = find_conflict(namespaces, reader, updates)
    return ValidationCode.VALID if conflict is None else conflict.code


def find_conflict(
    namespaces: Sequence[NamespaceSet], reader: StateReader, updates: Updates
) -> Conflict | None:
    """Return the first conflict of a transaction, None if it has none."""
    for entry in namespaces:
        for read in entry.public.reads:
            seen = read_version(read)
            if not _unchanged(entry.namespace, read.key, seen, reader, updates):
                place = (entry.namespace, read.key)
                changed = _change(place, seen, reader, updates)
                reason = f"it read {read.key!r} of {entry.namespace} {changed}"
                return Conflict(ValidationCode.MVCC_READ_CONFLICT, reason)
        for query in entry.public.range_queries_info:
            if not _same_results(entry.namespace, query, reader, updates):
                reason = (
                    f"it read the keys of {entry.namespace} from {query.start_key!r} to "
                    f"{query.end_key!r}, and other ones are there now"
                )
                return Conflict(ValidationCode.PHANTOM_READ_CONFLICT, reason)
        conflict = _hashed_conflict(entry, reader, updates)
        if conflict is not None:
            return conflict
    return None


def _unchanged(
    namespace: str, key: str, seen: Version | None, reader: StateReader, updates: Updates
) -> bool:
    if (namespace, key) in updates:
        return False
    found = reader.get(namespace, key)
    return (None if found is None else found.version) == seen


def _hashed_conflict(entry: NamespaceSet, reader: StateReader, updates: Updates) -> Conflict | None:
    for collection in entry.collections:
        stored = hashed_namespace(entry.namespace, collection.name)
        for read in collection.hashed.hashed_reads:
            key, seen = read.key_hash.hex(), read_version(read)
            if not _unchanged(stored, key, seen, reader, updates):
                changed = _change((stored, key), seen, reader, updates)
                reason = (
                    f"it read the key with hash {key} of collection {collection.name} of "
                    f"{entry.namespace} {changed}"
                )
                return Conflict(ValidationCode.MVCC_READ_CONFLICT, reason)
    return None


def _change(
    place: tuple[str, str], seen: Version | None, reader: StateReader, updates: Updates
) -> str:
    """Return how a key was read, and what became of it since, in words."""
    before = "and found nothing" if seen is None else f"as {seen} left it"
    found = updates.changes.get(place) or reader.get(*place)
    after = "it is not there now" if found is None else f"{found.version} has changed it"
    return f"{before}, and {after}"


def _same_results(
    namespace: str, query: kv_rwset_pb2.RangeQueryInfo, reader: StateReader, updates: Updates
) -> bool:
    results = _results(namespace, query, reader, updates)
    if query.HasField("reads_merkle_hashes"):
        return _same_summary(results, query.reads_merkle_hashes)
    for read in query.raw_reads.kv_reads:
        found = next(results, None)
        if found is None or found != (read.key, read_version(read)):
            return False
    return next(results, None) is None


def _same_summary(
    results: Iterator[tuple[str, Version]], expected: kv_rwset_pb2.QueryReadsMerkleSummary
) -> bool:
    if expected.max_degree < SMALLEST_DEGREE:
        return False
    summary = RangeSummary(expected.max_degree)
    for key, version in results:
        summary.add(kv_read(key, version))
    summary.finish()
    return summary.hashed and summary.message() == expected


def _results(
    namespace: str, query: kv_rwset_pb2.RangeQueryInfo, reader: StateReader, updates: Updates
) -> Iterator[tuple[str, Version]]:
    """Yield what the query would return now; one that was left early includes its last key."""
    committed = reader.range(namespace, query.start_key, query.end_key)
    changed = updates.range(namespace, query.start_key, query.end_key)
    for key, value in merge(committed, changed):
        yield key, value.version
    if not query.itr_exhausted:
        last = updates.latest(reader, namespace, query.end_key)
        if last is not None:
            yield query.end_key, last.version


def merge(
    committed: Iterator[tuple[str, VersionedValue]],
    changed: Iterator[tuple[str, VersionedValue]],
) -> Iterator[tuple[str, VersionedValue]]:
    """Yield committed entries with changed ones over them, in key order, without deleted keys."""
    old, new = next(committed, None), next(changed, None)
    while new is not None:
        if old is not None and old[0] < new[0]:
            yield old
            old = next(committed, None)
            continue
        if old is not None and old[0] == new[0]:
            old = next(committed, None)
        if new[1].value:
            yield new
        new = next(changed, None)
    if old is not None:
        yield old
        yield from committed
