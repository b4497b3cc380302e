"""A channel's state as its file has it: now, at one height, and as a block found it."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fabric_protos.common import common_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2

from pyfabric._state_table import PAGE, StateTable
from pyfabric.messages.blocks import parse_block
from pyfabric.rules.blocks.contents import key_modification
from pyfabric.rules.state.versions import Version, VersionedValue

_WRITERS: Final = (
    "SELECT block, position FROM history WHERE namespace=:namespace AND key=:key"
    " AND (block, position)<(:block, :position) ORDER BY block DESC, position DESC LIMIT :page"
)


class Snapshot(StateTable):
    """State at one height, for as long as somebody holds it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self.holders = 0
        connection.execute("BEGIN")
        self.height = height_of(connection)

    def history(self, namespace: str, key: str) -> Iterator[kv_query_result_pb2.KeyModification]:
        """Return what valid transactions wrote to a key, or that they deleted it, newest first."""
        return (change for _, change in self._changes(namespace, key, self.height))

    def before(self, number: int) -> "StateBefore":
        """Return the state as a block found it."""
        return StateBefore(self, number)

    def value_before(self, namespace: str, key: str, number: int) -> VersionedValue | None:
        """Return the value of a key as a block found it, without metadata."""
        for version, change in self._changes(namespace, key, number):
            return None if change.is_delete else VersionedValue(change.value, version)
        return None

    def _changes(
        self, namespace: str, key: str, number: int
    ) -> Iterator[tuple[Version, kv_query_result_pb2.KeyModification]]:
        """Yield what blocks below a number made of a key, newest first."""
        block = common_pb2.Block()
        for version in self._writers(namespace, key, number):
            if block.header.number != version.block:
                block = parse_block(read_block(self.connection, version.block) or b"")
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
                    "page": PAGE,
                },
            ).fetchall()
            for row in rows:
                last = Version(*row)
                yield last
            if len(rows) < PAGE:
                return


@dataclass(frozen=True, slots=True)
class StateBefore:
    """`KeyReader` over state as a block found it; keys that changed since have no metadata."""

    snapshot: Snapshot
    number: int

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        """Return the value of a key, or None if it did not exist."""
        present = self.snapshot.get(namespace, key)
        if present is not None and present.version.block < self.number:
            return present
        return self.snapshot.value_before(namespace, key, self.number)


def height_of(connection: sqlite3.Connection) -> int:
    """Return the number of the next block: blocks are numbered from 0 without a gap."""
    number: int = connection.execute("SELECT max(number) FROM blocks").fetchone()[0]
    return number + 1


def read_block(connection: sqlite3.Connection, number: int) -> bytes | None:
    """Return a block by its number."""
    row = connection.execute("SELECT block FROM blocks WHERE number=?", (number,)).fetchone()
    return None if row is None else bytes(row[0])
