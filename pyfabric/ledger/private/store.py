"""A peer's private data on disk: what was endorsed and is not yet committed, and what is committed.

One SQLite file a peer, so that a department's secrets are in no other department's files. It is not
committed together with the channel's file, and does not need to be: private write sets are written to
disk before their endorsement leaves the peer, the channel's block comes first, and a commit here may be
repeated. After a crash the newest block, and each block with a transaction that still waits here, is
simply settled again (`settlement.recover`).

Values are kept with the version that wrote them; `committed` holds every write set as long as it lives,
by its place in the channel.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import LedgerError
from pyfabric.ledger.channel.database import put_image, storage_errors, take_image
from pyfabric.messages.decoding import decode
from pyfabric.rules.requests.dissemination import CollectionWrites
from pyfabric.rules.state.versions import Version

FORMAT = 2

_TABLES = f"""
PRAGMA user_version={FORMAT};
CREATE TABLE IF NOT EXISTS pending (
    channel TEXT NOT NULL, transaction_id TEXT NOT NULL, namespace TEXT NOT NULL,
    collection TEXT NOT NULL, hash BLOB NOT NULL, height INTEGER NOT NULL, write_set BLOB NOT NULL,
    PRIMARY KEY (channel, transaction_id, namespace, collection, hash)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (
    channel TEXT NOT NULL, namespace TEXT NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL,
    value BLOB NOT NULL, block INTEGER NOT NULL, position INTEGER NOT NULL, expires INTEGER,
    PRIMARY KEY (channel, namespace, collection, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS committed (
    channel TEXT NOT NULL, block INTEGER NOT NULL, position INTEGER NOT NULL,
    namespace TEXT NOT NULL, collection TEXT NOT NULL, write_set BLOB NOT NULL, expires INTEGER,
    PRIMARY KEY (channel, block, position, namespace, collection)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS state_expires ON state (channel, expires) WHERE expires IS NOT NULL;
CREATE INDEX IF NOT EXISTS committed_expires ON committed (channel, expires)
    WHERE expires IS NOT NULL;
"""
_EXPIRING = (
    "SELECT EXISTS (SELECT 1 FROM state WHERE channel=? AND expires<=?)"
    " OR EXISTS (SELECT 1 FROM committed WHERE channel=? AND expires<=?)"
)


class Place(NamedTuple):
    """A collection of a chaincode on a channel."""

    channel: str
    namespace: str
    collection: str


class PrivateStore:
    """The private data of one peer over all its channels. Close it when done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with storage_errors(path), ExitStack() as unless_open:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            unless_open.callback(self._database.close)
            _check_format(path, self._database)
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.executescript(_TABLES)
            self._pending = self._all_pending()
            unless_open.pop_all()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def image(self) -> bytes:
        """Return the whole file, for `restore`."""
        return take_image(self._database)

    def restore(self, image: bytes) -> None:
        """Set the file back to what it was, durably."""
        put_image(self._database, image)
        self._pending = self._all_pending()

    @contextmanager
    def changes(self) -> Iterator[None]:
        """Make what is changed inside durable together, or not at all; raises LedgerError."""
        try:
            with storage_errors(self.path):
                self._database.execute("BEGIN")
                with self._database:
                    yield
        except BaseException:
            self._pending = self._all_pending()
            raise

    def keep(
        self, channel: str, transaction_id: str, write_sets: Iterable[CollectionWrites], height: int
    ) -> None:
        """Hold write sets of a transaction that was endorsed at some height, until it commits."""
        rows = [
            (channel, transaction_id, *one[:2], sha256(one.data).digest(), height, one.data)
            for one in write_sets
        ]
        with self.changes():
            self._database.executemany(
                "INSERT OR REPLACE INTO pending VALUES (?, ?, ?, ?, ?, ?, ?)", rows
            )
        self._pending.add((channel, transaction_id))

    def pending(self) -> list[tuple[str, str]]:
        """Return (channel, transaction id) of everything that is held."""
        return sorted(self._pending)

    def holds(self, channel: str, transaction_id: str) -> bool:
        """Return whether write sets of a transaction are held."""
        return (channel, transaction_id) in self._pending

    def held(self, place: Place, transaction_id: str, write_hash: bytes) -> bytes | None:
        """Return the held write set with this hash."""
        rows = self._rows(
            "SELECT write_set FROM pending WHERE channel=? AND namespace=? AND collection=?"
            " AND transaction_id=? AND hash=?",
            *place,
            transaction_id,
            write_hash,
        )
        return next((row[0] for row in rows), None)

    def release(self, channel: str, transaction_ids: Iterable[str]) -> None:
        """Hold nothing more of these transactions."""
        for transaction_id in transaction_ids:
            self._database.execute(
                "DELETE FROM pending WHERE channel=? AND transaction_id=?",
                (channel, transaction_id),
            )
            self._pending.discard((channel, transaction_id))

    def release_below(self, channel: str, height: int) -> None:
        """Hold nothing more that was endorsed below a height: it is not going to commit."""
        self._database.execute(
            "DELETE FROM pending WHERE channel=? AND height<?", (channel, height)
        )
        self._pending = self._all_pending()

    def forget(self, channel: str) -> None:
        """Delete everything of a channel."""
        with self.changes():
            for table in ("pending", "state", "committed"):
                self._database.execute(f"DELETE FROM {table} WHERE channel=?", (channel,))  # noqa: S608 - our tables
        self._pending = self._all_pending()

    def record(self, place: Place, version: Version, data: bytes, expires: int | None) -> None:
        """Keep a committed write set; its writes are applied by `put` and `delete`."""
        self._database.execute(
            "INSERT OR REPLACE INTO committed VALUES (?, ?, ?, ?, ?, ?, ?)",
            (place.channel, *version, place.namespace, place.collection, data, expires),
        )

    def put(
        self, place: Place, key: str, value: bytes, version: Version, expires: int | None
    ) -> None:
        """Set a value."""
        self._database.execute(
            "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*place, key, value, *version, expires),
        )

    def delete(self, place: Place, key: str) -> None:
        """Delete a value."""
        self._database.execute(
            "DELETE FROM state WHERE channel=? AND namespace=? AND collection=? AND key=?",
            (*place, key),
        )

    def purge(self, place: Place, key_hash: bytes, version: Version) -> None:
        """Remove a key's values up to a version, from all write sets too."""
        for key, _, written in self.range(place, "", ""):
            if sha256(key.encode()).digest() == key_hash and written <= version:
                self.delete(place, key)
        rows = self._rows(
            "SELECT block, position, write_set FROM committed"
            " WHERE channel=? AND namespace=? AND collection=?",
            *place,
        )
        for block, position, data in rows:
            trimmed = _without(data, key_hash)
            if trimmed != data and (block, position) <= version:
                self._database.execute(
                    "UPDATE committed SET write_set=? WHERE channel=? AND block=? AND position=?"
                    " AND namespace=? AND collection=?",
                    (trimmed, place.channel, block, position, place.namespace, place.collection),
                )

    def expires(self, channel: str, block: int) -> bool:
        """Return whether anything expires with a block."""
        return bool(self._rows(_EXPIRING, channel, block, channel, block)[0][0])

    def expire(self, channel: str, block: int) -> None:
        """Remove what expires with a block."""
        place = (channel, block)
        self._database.execute("DELETE FROM state WHERE channel=? AND expires<=?", place)
        self._database.execute("DELETE FROM committed WHERE channel=? AND expires<=?", place)

    def get(self, place: Place, key: str) -> tuple[bytes, Version] | None:
        """Return the newest value of a private key, as far as this peer has it, and what wrote it."""
        rows = self._rows(
            "SELECT value, block, position FROM state"
            " WHERE channel=? AND namespace=? AND collection=? AND key=?",
            *place,
            key,
        )
        return next(((row[0], Version(row[1], row[2])) for row in rows), None)

    def range(self, place: Place, start: str, end: str) -> list[tuple[str, bytes, Version]]:
        """Return the private keys from `start` up to `end` (empty: to the last), in the order of bytes."""
        rows = self._rows(
            "SELECT key, value, block, position FROM state WHERE channel=? AND namespace=?"
            " AND collection=? AND key>=? AND (key<? OR ?='') ORDER BY key",
            *place,
            start,
            end,
            end,
        )
        return [(key, value, Version(block, position)) for key, value, block, position in rows]

    def committed(self, place: Place, version: Version) -> bytes | None:
        """Return the write set of a transaction in a collection, without what was purged from it."""
        rows = self._rows(
            "SELECT write_set FROM committed WHERE channel=? AND block=? AND position=?"
            " AND namespace=? AND collection=?",
            place.channel,
            *version,
            place.namespace,
            place.collection,
        )
        return next((row[0] for row in rows), None)

    def in_block(self, channel: str, block: int) -> list[tuple[int, CollectionWrites]]:
        """Return the write sets of a block, each with its transaction's place, in order."""
        rows = self._rows(
            "SELECT position, namespace, collection, write_set FROM committed"
            " WHERE channel=? AND block=? ORDER BY position, namespace, collection",
            channel,
            block,
        )
        return [(position, CollectionWrites(*rest)) for position, *rest in rows]

    def _all_pending(self) -> set[tuple[str, str]]:
        return set(self._rows("SELECT DISTINCT channel, transaction_id FROM pending"))

    def _rows(self, statement: str, *values: str | int | bytes) -> list[tuple[Any, ...]]:
        return self._database.execute(statement, values).fetchall()


def _check_format(path: Path, database: sqlite3.Connection) -> None:
    version = database.execute("PRAGMA user_version").fetchone()[0]
    empty = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version != FORMAT and not empty:
        raise LedgerError(f"{path}: format {version} is not supported, only {FORMAT}")


def _without(data: bytes, key_hash: bytes) -> bytes:
    """Return a write set without the writes of a key."""
    message = decode(kv_rwset_pb2.KVRWSet, data)
    kept = [one for one in message.writes if sha256(one.key.encode()).digest() != key_hash]
    if len(kept) == len(message.writes):
        return data
    del message.writes[:]
    message.writes.extend(kept)
    return message.SerializeToString()
