"""A peer's private data: what it endorsed and is not yet committed, and what is.

One SQLite file a peer, so that a department's secrets are in no other department's files. A private
write set is written to disk before its endorsement leaves the peer: an approval that commits after a
crash still finds its values.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import LedgerError

_TABLES = """
CREATE TABLE IF NOT EXISTS pending (
    channel TEXT NOT NULL, transaction_id TEXT NOT NULL, private_set BLOB NOT NULL,
    PRIMARY KEY (channel, transaction_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (
    channel TEXT NOT NULL, namespace TEXT NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (channel, namespace, collection, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS committed (
    channel TEXT NOT NULL, block INTEGER NOT NULL, position INTEGER NOT NULL,
    private_set BLOB NOT NULL,
    PRIMARY KEY (channel, block, position)) WITHOUT ROWID;
"""


class PrivateStore:
    """The private data of one peer over all its channels. Close it when done."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            raise LedgerError(f"{path}: {error}") from error
        self._pending = set(self._rows("SELECT channel, transaction_id FROM pending"))

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def keep(self, channel: str, transaction_id: str, private_set: bytes) -> None:
        """Hold the private write set of an endorsed transaction until it commits."""
        self._database.execute(
            "INSERT OR REPLACE INTO pending VALUES (?, ?, ?)",
            (channel, transaction_id, private_set),
        )
        self._pending.add((channel, transaction_id))

    def pending(self) -> list[tuple[str, str]]:
        """(channel, transaction id) of everything that is held."""
        return sorted(self._pending)

    def holds(self, channel: str, transaction_id: str) -> bool:
        """Whether a transaction's private write set is held."""
        return (channel, transaction_id) in self._pending

    def commit(self, channel: str, transaction_id: str, block: int, position: int) -> None:
        """Apply a held write set, because its transaction is valid at this place."""
        private_set = self._take(channel, transaction_id)
        writes = list(_writes(private_set))
        with self._database:
            self._database.execute("BEGIN")
            for namespace, collection, write in writes:
                self._write(channel, namespace, collection, write)
            self._database.execute(
                "INSERT OR REPLACE INTO committed VALUES (?, ?, ?, ?)",
                (channel, block, position, private_set),
            )
            self._forget(channel, transaction_id)

    def discard(self, channel: str, transaction_id: str) -> None:
        """Drop a held write set, because its transaction is invalid."""
        self._forget(channel, transaction_id)

    def get(self, channel: str, namespace: str, collection: str, key: str) -> bytes | None:
        """The committed value of a private key, as far as this peer has it."""
        rows = self._rows(
            "SELECT value FROM state WHERE channel=? AND namespace=? AND collection=? AND key=?",
            channel,
            namespace,
            collection,
            key,
        )
        return next((row[0] for row in rows), None)

    def keys(self, channel: str, namespace: str, collection: str, prefix: str) -> list[str]:
        """The private keys that begin with `prefix`, sorted."""
        rows = self._rows(
            "SELECT key FROM state WHERE channel=? AND namespace=? AND collection=? ORDER BY key",
            channel,
            namespace,
            collection,
        )
        return [row[0] for row in rows if row[0].startswith(prefix)]

    def in_block(self, channel: str, block: int) -> dict[int, bytes]:
        """The private write sets of a block's transactions, by their place in it."""
        return dict(
            self._rows(
                "SELECT position, private_set FROM committed WHERE channel=? AND block=?",
                channel,
                block,
            )
        )

    def _rows(self, statement: str, *values: str | int) -> list[tuple[Any, ...]]:
        return self._database.execute(statement, values).fetchall()

    def _take(self, channel: str, transaction_id: str) -> bytes:
        row = self._database.execute(
            "SELECT private_set FROM pending WHERE channel=? AND transaction_id=?",
            (channel, transaction_id),
        ).fetchone()
        return bytes(row[0])

    def _forget(self, channel: str, transaction_id: str) -> None:
        self._database.execute(
            "DELETE FROM pending WHERE channel=? AND transaction_id=?", (channel, transaction_id)
        )
        self._pending.discard((channel, transaction_id))

    def _write(
        self, channel: str, namespace: str, collection: str, write: kv_rwset_pb2.KVWrite
    ) -> None:
        place = (channel, namespace, collection, write.key)
        if write.is_delete:
            self._database.execute(
                "DELETE FROM state WHERE channel=? AND namespace=? AND collection=? AND key=?", place
            )
        else:
            self._database.execute(
                "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?)", (*place, write.value)
            )


def _writes(private_set: bytes) -> Iterator[tuple[str, str, kv_rwset_pb2.KVWrite]]:
    for namespace in rwset_pb2.TxPvtReadWriteSet.FromString(private_set).ns_pvt_rwset:
        for collection in namespace.collection_pvt_rwset:
            for write in kv_rwset_pb2.KVRWSet.FromString(collection.rwset).writes:
                yield namespace.namespace, collection.collection_name, write
