"""SQLite databases of the ledger: opening them, their errors, and a whole database as bytes and back.

Putting an image back leaves connections open; readers that hold a state keep it.
"""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

from pyfabric.errors import LedgerError

_VERSIONS: Final = slice(18, 20)
"""Where a database records that it is in WAL mode, which one in memory can't be (fileformat2.html)."""
_SCHEMA_COOKIE: Final = slice(40, 44)
"""Grows with every change of the schema, and when an image is put."""
_DISK_CODES: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_DISK_ERRNOS: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
_NO_WAL: Final = b"\x01\x01"


class DiskError(LedgerError):
    """A file cannot be written or read for now: the disk is full, or fails."""


def open_database(path: Path) -> sqlite3.Connection:
    """Open a database whose commits are durable, and which others read meanwhile."""
    with ExitStack() as unless_open:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        unless_open.callback(connection.close)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=5000")
        unless_open.pop_all()
    return connection


def delete_database(path: Path) -> None:
    """Delete a database's file and what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the file system raise into a LedgerError that names the file: DiskError for the disk's faults."""
    try:
        yield
    except sqlite3.Error as error:
        primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
        kind = DiskError if primary in _DISK_CODES else LedgerError
        raise kind(f"{path}: {error}") from error
    except OSError as error:
        kind = DiskError if error.errno in _DISK_ERRNOS else LedgerError
        raise kind(f"{path}: {error}") from error


def take_image(connection: sqlite3.Connection) -> bytes:
    """Return what is committed in a database."""
    image = bytearray(connection.serialize())
    image[_VERSIONS] = _NO_WAL
    return bytes(image)


def image_format(image: bytes) -> int:
    """Return the user_version of the database in an image; raises sqlite3.Error if it is damaged."""
    with closing(sqlite3.connect(":memory:")) as source:
        source.deserialize(image)
        problem = source.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)
        found: int = source.execute("PRAGMA user_version").fetchone()[0]
        return found


def put_image(connection: sqlite3.Connection, image: bytes) -> None:
    """Make a database equal to an image, in one commit; a database that is equal already is not written."""
    if _contents(take_image(connection)) == _contents(image):
        return
    with closing(sqlite3.connect(":memory:")) as source:
        source.deserialize(image)
        source.backup(connection)


def _contents(image: bytes) -> tuple[memoryview, memoryview]:
    whole = memoryview(image)
    return whole[: _SCHEMA_COOKIE.start], whole[_SCHEMA_COOKIE.stop :]
