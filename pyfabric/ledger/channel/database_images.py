"""A SQLite database as bytes, and back: readers that hold a state keep it, connections stay open."""

import sqlite3
from contextlib import closing
from typing import Final

_VERSIONS: Final = slice(18, 20)
"""Where a database says whether it is in WAL mode, which one in memory can't be (fileformat2.html)."""
_SCHEMA_COOKIE: Final = slice(40, 44)
"""Grows with every change of the schema, and when an image is put."""
_NO_WAL: Final = b"\x01\x01"


def take_image(connection: sqlite3.Connection) -> bytes:
    """What is committed in a database."""
    image = bytearray(connection.serialize())
    image[_VERSIONS] = _NO_WAL
    return bytes(image)


def image_format(image: bytes) -> int:
    """The user_version of the database in an image; raises sqlite3.Error if it is none or damaged."""
    with closing(sqlite3.connect(":memory:")) as source:
        source.deserialize(image)
        problem = source.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)
        found: int = source.execute("PRAGMA user_version").fetchone()[0]
        return found


def put_image(connection: sqlite3.Connection, image: bytes) -> None:
    """Make a database what an image is, in one commit; one that is so already is left alone."""
    if _contents(take_image(connection)) == _contents(image):
        return
    with closing(sqlite3.connect(":memory:")) as source:
        source.deserialize(image)
        source.backup(connection)


def _contents(image: bytes) -> tuple[memoryview, memoryview]:
    whole = memoryview(image)
    return whole[: _SCHEMA_COOKIE.start], whole[_SCHEMA_COOKIE.stop :]
