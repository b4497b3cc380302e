"""What an endorsed transaction read and is to write, in words that scenarios can compare."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2


@dataclass(frozen=True)
class Effects:
    """The read-write set of one chaincode.

    `reads`: keys, and whether they had a value. `ranges`: start, end, whether it was read to its end,
    and how many results it had (-1: as a Merkle summary). `writes`: keys with their values, None: deleted. `policies`: keys whose metadata are
    written. `private`: by collection the hashed reads, writes (keys; False: deleted, "purged"), policies.
    """

    reads: dict[str, bool] = field(default_factory=dict)
    ranges: list[tuple[str, str, bool, int]] = field(default_factory=list)
    writes: dict[str, bytes | None] = field(default_factory=dict)
    policies: list[str] = field(default_factory=list)
    private: dict[str, Any] = field(default_factory=dict)


def private(
    reads: dict[str, bool] | None = None,
    writes: dict[str, bool | str] | None = None,
    policies: list[str] | None = None,
) -> dict[str, Any]:
    """Return what was read and written of a collection, as `Effects.private` has it."""
    return {"reads": reads or {}, "writes": writes or {}, "policies": policies or []}


def read_effects(results: bytes, namespace: str, program: str) -> Effects:
    """Return the effects on a chaincode's namespace; hashes are named after the keys of the program."""
    names = {sha256(text.encode()).digest(): text for text in _texts(json.loads(program))}
    found = rwset_pb2.TxReadWriteSet.FromString(results)
    sets = [each for each in found.ns_rwset if each.namespace == namespace]
    if not sets:
        return Effects()
    public = kv_rwset_pb2.KVRWSet.FromString(sets[0].rwset)
    return Effects(
        {read.key: read.HasField("version") for read in public.reads},
        [
            (
                query.start_key,
                query.end_key,
                query.itr_exhausted,
                -1 if query.HasField("reads_merkle_hashes") else len(query.raw_reads.kv_reads),
            )
            for query in public.range_queries_info
        ],
        {write.key: None if write.is_delete else write.value for write in public.writes},
        [write.key for write in public.metadata_writes],
        {
            each.collection_name: _hashed(
                kv_rwset_pb2.HashedRWSet.FromString(each.hashed_rwset), names
            )
            for each in sets[0].collection_hashed_rwset
        },
    )


def _hashed(found: kv_rwset_pb2.HashedRWSet, names: dict[bytes, str]) -> dict[str, Any]:
    return private(
        {names[read.key_hash]: read.HasField("version") for read in found.hashed_reads},
        {
            names[write.key_hash]: "purged" if write.is_purge else not write.is_delete
            for write in found.hashed_writes
        },
        sorted(names[write.key_hash] for write in found.metadata_writes),
    )


def _texts(value: Any) -> Iterator[str]:
    """Yield every text of a program that may be a key."""
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                return
            yield value
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
