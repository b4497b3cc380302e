"""Whether a channel's file may be used: its kind, its format, and the newest blocks in it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from pyfabric.errors import LedgerError
from pyfabric.rules.verification.faults import ChainFaultError
from pyfabric.rules.verification.links import Link, check_link, read_block

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
    link = None
    newest = connection.execute(
        "SELECT number, hash, block FROM blocks WHERE number > (SELECT max(number) FROM blocks) - ? "
        "ORDER BY number",
        (CHECKED_BLOCKS,),
    )
    with closing(newest) as rows:  # a query that is not read to its end keeps the file open
        for number, recorded, raw in rows:
            try:
                link = check_link(read_block(raw, number), link)
            except ChainFaultError as error:
                raise LedgerError(f"{path}: the ledger file is damaged: {error}") from error
            if link != Link(number, recorded):
                raise LedgerError(f"{path}: block {number} is damaged: its header has another hash")
    if link is None:
        raise LedgerError(f"{path}: the ledger file is damaged: it has no blocks")
