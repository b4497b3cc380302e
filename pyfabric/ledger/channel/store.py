"""A channel on disk: blocks, their indexes, public state and its history in one SQLite file.

One connection writes; a block is one SQLite commit (WAL, synchronous=FULL). Its statements run where
the caller runs, only the commit itself waits for the disk and belongs in a thread. Readers of a height
share one read transaction, so that what they see does not move.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from fabric_protos.common import common_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2

from pyfabric.errors import DecodeError, LedgerError
from pyfabric.ledger.channel.block_contents import key_modification
from pyfabric.ledger.channel.database_images import put_image, take_image
from pyfabric.local import files
from pyfabric.messages.blocks import data_hash, header_hash, parse_block
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue

APPLICATION_ID: Final = 0x70794662
FORMAT: Final = 3
CHECKED_BLOCKS: Final = 256
"""How many of the newest blocks are read and compared when a file is opened."""

_PAGE: Final = 200
_SELECT: Final = (
    "SELECT key, value, block, position, metadata FROM state WHERE namespace=:namespace"
)
_FROM: Final = f"{_SELECT} AND key>=:start AND key<:end ORDER BY key LIMIT :page"
_ALL_FROM: Final = f"{_SELECT} AND key>=:start ORDER BY key LIMIT :page"
_AFTER: Final = f"{_SELECT} AND key>:start AND key<:end ORDER BY key LIMIT :page"
_ALL_AFTER: Final = f"{_SELECT} AND key>:start ORDER BY key LIMIT :page"
_WRITERS: Final = (
    "SELECT block, position FROM history WHERE namespace=:namespace AND key=:key"
    " AND (block, position)<(:block, :position) ORDER BY block DESC, position DESC LIMIT :page"
)

_TABLES: Final = f"""
PRAGMA application_id={APPLICATION_ID};
PRAGMA user_version={FORMAT};
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, block BLOB NOT NULL);
CREATE TABLE transactions (
    id TEXT NOT NULL, block INTEGER NOT NULL, position INTEGER NOT NULL, code INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (id, block, position)) WITHOUT ROWID;
CREATE TABLE state (
    namespace TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    block INTEGER NOT NULL, position INTEGER NOT NULL, metadata BLOB NOT NULL,
    PRIMARY KEY (namespace, key)) WITHOUT ROWID;
CREATE TABLE history (
    namespace TEXT NOT NULL, key TEXT NOT NULL, block INTEGER NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (namespace, key, block, position)) WITHOUT ROWID;
CREATE TABLE members (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class TransactionPlace:
    """Where a transaction is, and what was decided of it; an invalid one has a reason."""

    block: int
    position: int
    code: int
    reason: str


class Decided(NamedTuple):
    """A transaction of a new block: its id, its code, and why it is invalid."""

    transaction_id: str
    code: int
    reason: str = ""


class _Reader:
    """`StateReader` over whatever the connection sees."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        row = self.connection.execute(
            "SELECT value, block, position, metadata FROM state WHERE namespace=? AND key=?",
            (namespace, key),
        ).fetchone()
        return None if row is None else VersionedValue(row[0], Version(row[1], row[2]), row[3])

    def range(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, VersionedValue]]:
        """Reads a page at a time: a scan that is left early holds no statement open."""
        statement = _FROM if end else _ALL_FROM
        while True:
            rows = self.connection.execute(
                statement, {"namespace": namespace, "start": start, "end": end, "page": _PAGE}
            ).fetchall()
            for key, value, block, position, metadata in rows:
                yield key, VersionedValue(value, Version(block, position), metadata)
            if len(rows) < _PAGE:
                return
            start = rows[-1][0]
            statement = _AFTER if end else _ALL_AFTER


class Snapshot(_Reader):
    """State at one height, for as long as somebody holds it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.holders = 0
        connection.execute("BEGIN")
        self.height = _height(connection)

    def history(self, namespace: str, key: str) -> Iterator[kv_query_result_pb2.KeyModification]:
        """What valid transactions wrote to a key, or that they deleted it, newest first."""
        return (change for _, change in self._changes(namespace, key, self.height))

    def before(self, number: int) -> "StateBefore":
        """State as a block found it."""
        return StateBefore(self, number)

    def value_before(self, namespace: str, key: str, number: int) -> VersionedValue | None:
        """The value of a key as a block found it, without metadata."""
        for version, change in self._changes(namespace, key, number):
            return None if change.is_delete else VersionedValue(change.value, version)
        return None

    def _changes(
        self, namespace: str, key: str, number: int
    ) -> Iterator[tuple[Version, kv_query_result_pb2.KeyModification]]:
        """What blocks below a number made of a key, newest first."""
        block = common_pb2.Block()
        for version in self._writers(namespace, key, number):
            if block.header.number != version.block:
                block = parse_block(_block(self.connection, version.block) or b"")
            yield version, key_modification(block.data.data[version.transaction], namespace, key)

    def _writers(self, namespace: str, key: str, number: int) -> Iterator[Version]:
        last = Version(number, 0)
        while True:
            rows = self.connection.execute(
                _WRITERS,
                {
                    "namespace": namespace,
                    "key": key,
                    "block": last.block,
                    "position": last.transaction,
                    "page": _PAGE,
                },
            ).fetchall()
            for row in rows:
                last = Version(*row)
                yield last
            if len(rows) < _PAGE:
                return


@dataclass(frozen=True, slots=True)
class StateBefore:
    """`KeyReader` over state as a block found it; keys that changed since have no metadata."""

    snapshot: Snapshot
    number: int

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        """The value of a key, or None if it did not exist."""
        present = self.snapshot.get(namespace, key)
        if present is not None and present.version.block < self.number:
            return present
        return self.snapshot.value_before(namespace, key, self.number)


class ChannelStore:
    """An open file of one channel. All methods belong to one thread, except `commit`."""

    def __init__(self, path: Path) -> None:
        """Open a file that `create` made; raises LedgerError, and changes nothing, if it is damaged."""
        self.path = path
        with storage_errors(path):
            _check(path)
            self._writer = _connect(path)
            self._queries = _connect(path)
        self._idle: list[sqlite3.Connection] = []
        self._current: Snapshot | None = None
        self._open: set[Snapshot] = set()
        self.state = _Reader(self._writer)
        self.height = _height(self._queries)

    @classmethod
    def create(
        cls, path: Path, genesis: common_pb2.Block, transaction_id: str, updates: Updates
    ) -> "ChannelStore":
        """Make a file that holds block 0. A crash leaves the whole file or none."""
        draft = path.with_suffix(".new")
        with storage_errors(path):
            files.make_folder(path.parent)
            remove(draft)
            connection = _connect(draft)
            connection.executescript(_TABLES)
            connection.execute("BEGIN")
            _insert(connection, genesis, [Decided(transaction_id, 0)], updates)
            connection.commit()
            connection.close()
            files.rename(draft, path)
        return cls(path)

    def close(self) -> None:
        """Close the file; snapshots that are still held end."""
        snapshots = [snapshot.connection for snapshot in self._open]
        for connection in (*snapshots, *self._idle, self._queries, self._writer):
            connection.close()

    def stage(
        self, block: common_pb2.Block, transactions: Iterable[Decided], updates: Updates
    ) -> None:
        """Write a block, its transactions and its changes; nobody sees them before `commit`."""
        self._writer.execute("BEGIN IMMEDIATE")
        _insert(self._writer, block, transactions, updates)

    def commit(self) -> None:
        """Make what is staged durable. Waits for the disk: may be called from another thread."""
        self._writer.commit()

    def committed(self) -> None:
        """Say that `commit` has ended: new snapshots are of the new height."""
        self.height += 1
        self._renew()

    def image(self) -> bytes:
        """The whole file as it is committed, for `restore`."""
        return take_image(self._queries)

    def restore(self, image: bytes) -> None:
        """Make the file what it was, durably; snapshots that are held stay what they are."""
        with storage_errors(self.path):
            put_image(self._writer, image)
        self.height = _height(self._queries)
        self._renew()

    def _renew(self) -> None:
        stale, self._current = self._current, None
        if stale is not None and not stale.holders:
            self._end(stale)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Hold the state of the present height."""
        snapshot = self._current
        if snapshot is None:
            connection = self._idle.pop() if self._idle else _connect(self.path)
            snapshot = self._current = Snapshot(connection)
            self._open.add(snapshot)
        snapshot.holders += 1
        try:
            yield snapshot
        finally:
            snapshot.holders -= 1
            if not snapshot.holders and snapshot is not self._current:
                self._end(snapshot)

    def block(self, number: int) -> bytes | None:
        """A block by its number."""
        return _block(self._queries, number)

    def newest(self) -> bytes:
        """The newest block."""
        row = self._queries.execute("SELECT block FROM blocks ORDER BY number DESC LIMIT 1")
        return bytes(row.fetchone()[0])

    def block_number(self, block_hash: bytes) -> int | None:
        """The number of the block with this header hash."""
        row = self._queries.execute(
            "SELECT number FROM blocks WHERE hash=?", (block_hash,)
        ).fetchone()
        return None if row is None else int(row[0])

    def transaction(self, transaction_id: str) -> TransactionPlace | None:
        """Where a transaction is: the first place if there are several."""
        row = self._queries.execute(
            "SELECT block, position, code, reason FROM transactions WHERE id=?"
            " ORDER BY block, position LIMIT 1",
            (transaction_id,),
        ).fetchone()
        return None if row is None else TransactionPlace(*row)

    def members(self) -> frozenset[str]:
        """The nodes that have joined."""
        return frozenset(name for (name,) in self._queries.execute("SELECT name FROM members"))

    def add_member(self, name: str) -> None:
        """Record that a node has joined; durable when this returns."""
        self._change("INSERT OR IGNORE INTO members VALUES (?)", name)

    def remove_member(self, name: str) -> None:
        """Record that a node has left; durable when this returns."""
        self._change("DELETE FROM members WHERE name=?", name)

    def _change(self, statement: str, name: str) -> None:
        with storage_errors(self.path):
            self._queries.execute(statement, (name,))

    def _end(self, snapshot: Snapshot) -> None:
        self._open.discard(snapshot)
        snapshot.connection.rollback()
        self._idle.append(snapshot.connection)


def _insert(
    connection: sqlite3.Connection,
    block: common_pb2.Block,
    transactions: Iterable[Decided],
    updates: Updates,
) -> None:
    number = block.header.number
    connection.execute(
        "INSERT INTO blocks VALUES (?, ?, ?)",
        (number, header_hash(block.header), block.SerializeToString()),
    )
    connection.executemany(
        "INSERT INTO transactions VALUES (?, ?, ?, ?, ?)",
        [
            (one.transaction_id, number, position, one.code, one.reason)
            for position, one in enumerate(transactions)
        ],
    )
    connection.executemany(
        "DELETE FROM state WHERE namespace=? AND key=?",
        [place for place, value in updates.changes.items() if not value.value],
    )
    connection.executemany(
        "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?, ?)",
        [
            (*place, value.value, *value.version, value.metadata)
            for place, value in updates.changes.items()
            if value.value
        ],
    )
    connection.executemany(
        "INSERT INTO history VALUES (?, ?, ?, ?)",
        [(namespace, key, *version) for namespace, key, version in updates.written],
    )


def _height(connection: sqlite3.Connection) -> int:
    """The number of the next block: blocks are numbered from 0 without a gap."""
    number: int = connection.execute("SELECT max(number) FROM blocks").fetchone()[0]
    return number + 1


def _block(connection: sqlite3.Connection, number: int) -> bytes | None:
    row = connection.execute("SELECT block FROM blocks WHERE number=?", (number,)).fetchone()
    return None if row is None else bytes(row[0])


def remove(path: Path) -> None:
    """Delete a store's file and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a LedgerError that names the file."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(f"{path}: {error}") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def _check(path: Path) -> None:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise LedgerError(f"{path}: this is no ledger file")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != FORMAT:
            raise LedgerError(
                f"{path}: format {version} is not supported, only {FORMAT}: use the version of pyfabric "
                "that made it, or begin a new network"
            )
        problem = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise LedgerError(f"{path}: the ledger file is damaged: {problem}")
        _check_chain(path, connection)
    finally:
        connection.close()


def _check_chain(path: Path, connection: sqlite3.Connection) -> None:
    """The newest blocks must be those that were written, each on top of the one before."""
    previous = None
    rows = connection.execute(
        "SELECT number, hash, block FROM blocks ORDER BY number DESC LIMIT ?", (CHECKED_BLOCKS,)
    )
    for number, recorded, raw in rows:
        try:
            block = parse_block(raw)
        except DecodeError as error:
            raise LedgerError(f"{path}: block {number} is damaged: {error}") from error
        header = block.header
        if header.number != number or header_hash(header) != recorded:
            raise LedgerError(f"{path}: block {number} is damaged: its header has another hash")
        if number and data_hash(block.data) != header.data_hash:
            raise LedgerError(f"{path}: block {number} is damaged: its data has another hash")
        if previous is not None and (previous.number, previous.previous_hash) != (
            number + 1,
            recorded,
        ):
            raise LedgerError(f"{path}: block {number + 1} does not follow block {number}")
        previous = header
    if previous is None:
        raise LedgerError(f"{path}: the ledger file is damaged: it has no blocks")
