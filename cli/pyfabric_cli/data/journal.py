"""A file beside the table that knows which calls were sent, so that an import goes on where it ended.

A transaction is written down before it is sent. Where its outcome was not learnt, the same transaction is sent again:
a channel commits its id once, so that nothing happens twice.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from pyfabric.errors import ConfigError

_HEAD: Final = "head"
_SENT: Final = "sent"
_ENDED: Final = "ended"


@dataclass
class Journal:
    """What is known of the calls of one import, by their number."""

    file: IO[bytes]
    valid: set[int] = field(default_factory=set)
    open: dict[int, bytes] = field(default_factory=dict)
    """Transactions whose outcome is not known."""

    def sent(self, number: int, transaction: bytes) -> None:
        """Write down a transaction that is about to be sent."""
        self.open[number] = transaction
        self._write({"entry": _SENT, "call": number, "transaction": transaction.hex()})

    def ended(self, number: int, transaction_id: str, code: str, *, valid: bool) -> None:
        """Write down the outcome of a transaction."""
        self.open.pop(number, None)
        if valid:
            self.valid.add(number)
        facts = {"transaction_id": transaction_id, "code": code, "valid": valid}
        self._write({"entry": _ENDED, "call": number, **facts})

    def read(self, entry: Mapping[str, Any]) -> None:
        """Take up an entry of an earlier run."""
        number = entry["call"]
        if entry["entry"] == _SENT:
            self.open[number] = bytes.fromhex(entry["transaction"])
            return
        self.open.pop(number, None)
        if entry["valid"]:
            self.valid.add(number)

    def _write(self, entry: Mapping[str, Any]) -> None:
        self.file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def opened(path: Path, head: Mapping[str, Any]) -> Iterator[Journal]:
    """Open a journal, a new one with this head; nobody else can meanwhile.

    Raises ConfigError if it is of another file, function, channel or size of batches, or in use.
    """
    with path.open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ConfigError(f"{path}: another import uses this journal") from error
        path.chmod(0o600)
        file.seek(0)
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]
        file.truncate(
            len(whole)
        )  # a line that was cut off when the process was killed says nothing
        journal = Journal(file)
        try:
            entries = [json.loads(line) for line in whole.splitlines()]
            known = entries[0] if entries else None
            for entry in entries[1:]:
                journal.read(entry)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path}: is no journal of an import") from error
        if known is None:
            journal._write({"entry": _HEAD, **head})  # noqa: SLF001
        else:
            _require_same(path, known, head)
        yield journal


def _require_same(path: Path, known: Mapping[str, Any], head: Mapping[str, Any]) -> None:
    for name, value in head.items():
        if known.get(name) != value:
            raise ConfigError(
                f"{path}: is the journal of another import ({name} differs): give --journal another file, or remove "
                "it if that import is done"
            )
