"""A channel on disk: blocks, their indexes, public state and its history in one SQLite file.

One connection writes; a block is one SQLite commit (WAL, synchronous=FULL). Its statements run where
the caller runs, only the commit itself waits for the disk and belongs in a thread. Readers of a height
share one read transaction, so that what they see does not move.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from fabric_protos.common import common_pb2

from pyfabric._state_table import STATE_AGES, STATE_TABLE, StateTable, write_changes
from pyfabric.ledger.channel.check import APPLICATION_ID, FORMAT, check_file
from pyfabric.ledger.channel.database import (
    delete_database,
    open_database,
    put_image,
    storage_errors,
    take_image,
)
from pyfabric.ledger.channel.snapshot import Snapshot, height_of, read_block
from pyfabric.local import files
from pyfabric.messages.blocks import header_hash
from pyfabric.rules.state.updates import Updates

_TABLES: Final = f"""
PRAGMA application_id={APPLICATION_ID};
PRAGMA user_version={FORMAT};
CREATE TABLE blocks (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, block BLOB NOT NULL);
CREATE TABLE transactions (
    id TEXT NOT NULL, block INTEGER NOT NULL, position INTEGER NOT NULL, code INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (id, block, position)) WITHOUT ROWID;
{STATE_TABLE}
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


class ChannelStore:
    """An open file of one channel. All methods belong to one thread, except `commit`."""

    def __init__(self, path: Path) -> None:
        """Open a file that `create` made; raises LedgerError, and changes nothing, if it is damaged."""
        self.path = path
        with storage_errors(path), ExitStack() as unless_open:
            check_file(path)
            self._writer = open_database(path)
            unless_open.callback(self._writer.close)
            self._writer.execute(STATE_AGES)  # files of earlier versions do not have it
            self._queries = open_database(path)
            unless_open.callback(self._queries.close)
            self.height = height_of(self._queries)
            unless_open.pop_all()
        self._idle: list[sqlite3.Connection] = []
        self._current: Snapshot | None = None
        self._open: set[Snapshot] = set()
        self.state = StateTable(self._writer)

    @classmethod
    def create(
        cls, path: Path, genesis: common_pb2.Block, transaction_id: str, updates: Updates
    ) -> "ChannelStore":
        """Make a file that holds block 0. A crash leaves the whole file or none."""
        draft = path.with_suffix(".new")
        with storage_errors(path):
            files.make_folder(path.parent)
            delete_database(draft)
            with closing(open_database(draft)) as connection:
                connection.executescript(_TABLES)
                connection.execute("BEGIN")
                _insert(connection, genesis, [Decided(transaction_id, 0)], updates)
                connection.commit()
            files.rename(draft, path)
        return cls(path)

    def close(self) -> None:
        """Close the file, and the snapshots that are still held."""
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

    def rollback(self) -> None:
        """Drop what is staged: `stage` or `commit` has failed."""
        with storage_errors(self.path):
            self._writer.rollback()

    def committed(self) -> None:
        """Use the new height for new snapshots: `commit` has returned."""
        self.height += 1
        self._renew()

    def image(self) -> bytes:
        """Return the whole file as it is committed, for `restore`."""
        return take_image(self._queries)

    def restore(self, image: bytes) -> None:
        """Make the file what it was, durably; snapshots that are held stay what they are."""
        with storage_errors(self.path):
            put_image(self._writer, image)
        self.height = height_of(self._queries)
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
            connection = self._idle.pop() if self._idle else open_database(self.path)
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
        """Return a block by its number."""
        return read_block(self._queries, number)

    def newest(self) -> bytes:
        """Return the newest block."""
        row = self._queries.execute("SELECT block FROM blocks ORDER BY number DESC LIMIT 1")
        return bytes(row.fetchone()[0])

    def block_number(self, block_hash: bytes) -> int | None:
        """Return the number of the block with this header hash."""
        row = self._queries.execute(
            "SELECT number FROM blocks WHERE hash=?", (block_hash,)
        ).fetchone()
        return None if row is None else int(row[0])

    def transaction(self, transaction_id: str) -> TransactionPlace | None:
        """Return where a transaction is: the first place if there are several."""
        row = self._queries.execute(
            "SELECT block, position, code, reason FROM transactions WHERE id=?"
            " ORDER BY block, position LIMIT 1",
            (transaction_id,),
        ).fetchone()
        return None if row is None else TransactionPlace(*row)

    def members(self) -> frozenset[str]:
        """Return the nodes that have joined."""
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
    write_changes(connection, updates)
    connection.executemany(
        "INSERT INTO history VALUES (?, ?, ?, ?)",
        [(namespace, key, *version) for namespace, key, version in updates.written],
    )
