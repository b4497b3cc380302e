"""Channel state in a table of SQLite: read as validation reads it, and written as blocks change it."""

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue

# Of hashed namespaces alone. A query uses the index if it has the same condition.
STATE_AGES: Final = """
CREATE INDEX IF NOT EXISTS state_ages ON state (namespace, block) WHERE instr(namespace, '$$h');
"""
STATE_TABLE: Final = f"""
CREATE TABLE state (
    namespace TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,
    block INTEGER NOT NULL, position INTEGER NOT NULL, metadata BLOB NOT NULL,
    PRIMARY KEY (namespace, key)) WITHOUT ROWID;
{STATE_AGES}"""
_WRITTEN: Final = "SELECT key FROM state WHERE instr(namespace, '$$h') AND namespace=? AND block<=?"
PAGE: Final = 200
_SELECT: Final = (
    "SELECT key, value, block, position, metadata FROM state WHERE namespace=:namespace"
)
_FROM: Final = f"{_SELECT} AND key>=:start AND key<:end ORDER BY key LIMIT :page"
_ALL_FROM: Final = f"{_SELECT} AND key>=:start ORDER BY key LIMIT :page"
_AFTER: Final = f"{_SELECT} AND key>:start AND key<:end ORDER BY key LIMIT :page"
_ALL_AFTER: Final = f"{_SELECT} AND key>:start ORDER BY key LIMIT :page"


class StateTable:
    """`StateReader` and `AgedState` over whatever the connection sees."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        row = self.connection.execute(
            "SELECT value, block, position, metadata FROM state WHERE namespace=? AND key=?",
            (namespace, key),
        ).fetchone()
        return None if row is None else VersionedValue(row[0], Version(row[1], row[2]), row[3])

    def range(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, VersionedValue]]:
        """Yield the keys; reads a page at a time, so that an unfinished scan keeps no statement open."""
        statement = _FROM if end else _ALL_FROM
        while True:
            rows = self.connection.execute(
                statement, {"namespace": namespace, "start": start, "end": end, "page": PAGE}
            ).fetchall()
            for key, value, block, position, metadata in rows:
                yield key, VersionedValue(value, Version(block, position), metadata)
            if len(rows) < PAGE:
                return
            start = rows[-1][0]
            statement = _AFTER if end else _ALL_AFTER

    def written_up_to(self, namespace: str, block: int) -> list[str]:
        """Return the keys of a hashed namespace whose values a block, or one before it, wrote."""
        return [key for (key,) in self.connection.execute(_WRITTEN, (namespace, block))]


def write_changes(connection: sqlite3.Connection, updates: Updates) -> None:
    """Write what a block changes, in the connection's transaction."""
    connection.executemany(
        "DELETE FROM state WHERE namespace=? AND key=?",
        [place for place, value in updates.changes.items() if not value.value],
    )
    write_entries(
        connection,
        ((*place, value) for place, value in updates.changes.items() if value.value),
    )


def write_entries(
    connection: sqlite3.Connection, entries: Iterable[tuple[str, str, VersionedValue]]
) -> None:
    """Set keys, each with its namespace and value, in the connection's transaction."""
    connection.executemany(
        "INSERT OR REPLACE INTO state VALUES (?, ?, ?, ?, ?, ?)",
        (
            (namespace, key, value.value, *value.version, value.metadata)
            for namespace, key, value in entries
        ),
    )
