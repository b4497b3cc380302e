"""The development tools of a running development ledger: what Fabric lacks."""

import json
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from pyfabric.errors import LedgerError, NetworkError
from pyfabric.local.unix_sockets import connect


@dataclass(frozen=True, slots=True)
class TraceStep:
    """What a node, or a channel's ledger, did with a transaction; texts for people."""

    node: str
    department: str
    did: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    because: str

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Self:
        """Return the step that the ledger reports."""
        lists = {name: tuple(members[name]) for name in ("reads", "writes")}
        return cls(**{**members, **lists})

    def __str__(self) -> str:
        department = f" ({self.department})" if self.department else ""
        lines = [f"{self.node}{department} {self.did}"]
        lines += [f"  read {words}" for words in self.reads]
        lines += [f"  wrote {words}" for words in self.writes]
        lines += [f"  because: {self.because}"] if self.because else []
        return "\n".join(lines)


class Development:
    """A development ledger's service, at the socket that it listens on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def trace(self, transaction_id: str) -> tuple[TraceStep, ...]:
        """Return what each node did with a transaction, in order, and what became of it.

        Raises LedgerError if nothing is known of it, NetworkError if the ledger does not run.
        """
        steps = self._ask("trace", transaction_id=transaction_id)
        return tuple(TraceStep.from_json(step) for step in steps)

    def snapshot(self, name: str) -> None:
        """Remember the state of the whole network under a name, as long as the ledger runs.

        It has all transactions that are ordered. Raises NetworkError.
        """
        self._ask("snapshot", name=name)

    def snapshots(self) -> tuple[str, ...]:
        """Return the names of what is remembered, the oldest first; raises NetworkError."""
        return tuple(self._ask("snapshots"))

    def revert(self, name: str) -> None:
        """Set the whole network back to a snapshot, which stays, and may be used again.

        Streams of blocks and events close, and calls under way continue with what they read before. Raises
        LedgerError if there is no such snapshot, NetworkError.
        """
        self._ask("revert", name=name)

    def discard(self, name: str) -> None:
        """Forget a snapshot; raises LedgerError if there is none, NetworkError."""
        self._ask("discard", name=name)

    def dump(self, file: Path) -> None:
        """Write the state of the whole network to a file, private data of all departments too.

        Raises LedgerError if it cannot be written, NetworkError.
        """
        self._ask("dump", path=str(file.absolute()))

    def load(self, file: Path) -> None:
        """Set the whole network to the state in a file of `dump`; see `revert`.

        Raises LedgerError if the file is damaged or of a network with other keys, NetworkError.
        """
        self._ask("load", path=str(file.absolute()))

    def leave(self, peer: str, channel: str) -> None:
        """Take a peer out of a channel, and delete its private data of it.

        Raises LedgerError if it has not joined, NetworkError.
        """
        self._ask("leave", peer=peer, channel=channel)

    def now(self) -> datetime:
        """Return the time of the nodes: for `connect(…, clock=development.now)`; raises NetworkError."""
        return datetime.fromisoformat(self._ask("now"))

    def set_clock(self, moment: datetime) -> None:
        """Stop the nodes' clock at a moment, which must have its zone.

        Nodes refuse requests that are a quarter of an hour from it, so clients must follow it too; it
        decides which certificates have expired. Raises LedgerError without a zone, NetworkError.
        """
        self._ask("set_clock", moment=moment.isoformat())

    def move_clock(self, by: timedelta) -> None:
        """Stop the nodes' clock that much later (or earlier) than now; raises NetworkError."""
        self._ask("move_clock", seconds=by.total_seconds())

    def run_clock(self) -> None:
        """Run the nodes' clock again, with the machine's; raises NetworkError."""
        self._ask("run_clock")

    def cut_blocks(self, *, at_once: bool) -> None:
        """Cut a block for every message at once, or again by the channel's batch settings.

        Raises NetworkError.
        """
        self._ask("cut_blocks", at_once=at_once)

    def _ask(self, call: str, **arguments: Any) -> Any:
        request = json.dumps({"call": call, "arguments": arguments}).encode() + b"\n"
        try:
            with closing(connect(self._path)) as connection, connection.makefile("rb") as answers:
                connection.sendall(request)
                line = answers.readline()
        except OSError as error:
            raise NetworkError(f"the development ledger does not answer: {error}") from error
        if not line:
            raise NetworkError("the development ledger stopped before it answered")
        said = json.loads(line)
        if "error" in said:
            raise LedgerError(said["error"])
        return said["answer"]
