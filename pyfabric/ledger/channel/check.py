"""Whether a channel's file may be used: its kind, its format, and the newest blocks in it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from pyfabric.errors import DecodeError, LedgerError
from pyfabric.messages.blocks import data_hash, header_hash, parse_block

APPLICATION_ID: Final = 0x70794662
FORMAT: Final = 3
CHECKED_BLOCKS: Final = 256
"""How many of the newest blocks are read and compared when a file is opened."""


def check_file(path: Path) -> None:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise LedgerError(f"{path}: not a file of the development ledger")
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
    """Check that the newest blocks are those that were written, each on top of the one before."""
    previous = None
    newest = connection.execute(
        "SELECT number, hash, block FROM blocks ORDER BY number DESC LIMIT ?", (CHECKED_BLOCKS,)
    )
    with closing(newest) as rows:  # a query that is not read to its end keeps the file open
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
