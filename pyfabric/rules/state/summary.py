"""What a range query saw: plain reads while they are few, a Merkle summary when they are many.

Reads are collected into leaves of `degree` + 1; hashes of a level are joined, `degree` + 1 at a time,
into one hash of the next. Only the highest level is kept in the read-write set.
"""

from hashlib import sha256

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

DEGREE = 50
"""The degree that peers use when they simulate."""

SMALLEST_DEGREE = 2


class RangeSummary:
    """The reads of one range query, added in order.

    `degree` is at least 2 (Fabric refuses less): the caller checks it.
    """

    def __init__(self, degree: int = DEGREE) -> None:
        self._degree = degree
        self._pending: list[kv_rwset_pb2.KVRead] = []
        self._levels: dict[int, list[bytes]] = {}
        self._top = 1

    def add(self, read: kv_rwset_pb2.KVRead) -> None:
        """Take the next result of the query."""
        self._pending.append(read)
        if len(self._pending) > self._degree:
            self._hash_pending()

    def finish(self) -> None:
        """Complete the reads: pending ones are hashed if others were hashed before."""
        if not self._levels:
            return
        if self._pending:
            self._hash_pending()
        for level in range(1, self._top):
            hashes = self._levels.pop(level, [])
            if hashes:
                joined = hashes[0] if len(hashes) == 1 else _join(hashes)
                self._levels.setdefault(level + 1, []).append(joined)
        if len(self._levels[self._top]) > self._degree:
            joined = _join(self._levels.pop(self._top))
            self._top += 1
            self._levels[self._top] = [joined]

    @property
    def reads(self) -> list[kv_rwset_pb2.KVRead]:
        """The reads that are not in the hashes."""
        return self._pending

    @property
    def hashed(self) -> bool:
        """Whether there were enough reads to hash any."""
        return bool(self._levels)

    def message(self) -> kv_rwset_pb2.QueryReadsMerkleSummary:
        """Return the summary as it stands in a read-write set; only of reads that are hashed."""
        return kv_rwset_pb2.QueryReadsMerkleSummary(
            max_degree=self._degree, max_level=self._top, max_level_hashes=self._levels[self._top]
        )

    def _hash_pending(self) -> None:
        leaf = kv_rwset_pb2.QueryReads(kv_reads=self._pending).SerializeToString()
        self._pending = []
        level, node = 1, sha256(leaf).digest()
        while True:
            hashes = self._levels.setdefault(level, [])
            hashes.append(node)
            self._top = max(self._top, level)
            if len(hashes) <= self._degree:
                return
            node = _join(self._levels.pop(level))
            level += 1


def _join(hashes: list[bytes]) -> bytes:
    return sha256(b"".join(hashes)).digest()
