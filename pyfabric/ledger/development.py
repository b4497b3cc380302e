"""What a development ledger can do for its developer, and Fabric cannot."""

from pathlib import Path

from pyfabric.errors import LedgerError
from pyfabric.ledger.development_service import Calls
from pyfabric.ledger.images import Image
from pyfabric.ledger.ledgers import Ledgers
from pyfabric.ledger.restoring import Restoring
from pyfabric.ledger.trace_report import TraceStep, trace_report
from pyfabric.ledger.traces import Traces


class Development:
    """The comforts of one ledger process; `calls` offers them to `DevelopmentService`."""

    def __init__(self, ledgers: Ledgers, traces: Traces, restoring: Restoring) -> None:
        self._ledgers = ledgers
        self._traces = traces
        self._restoring = restoring
        self._snapshots: dict[str, Image] = {}

    @property
    def calls(self) -> Calls:
        """The calls by name; what they take and answer can be written as JSON."""
        return {
            "trace": self.trace,
            "snapshot": self.snapshot,
            "snapshots": self.snapshots,
            "revert": self.revert,
            "discard": self.discard,
            "dump": self.dump,
            "load": self.load,
        }

    async def trace(self, transaction_id: str) -> list[TraceStep]:
        """What became of a transaction, step by step; raises LedgerError if nothing is known of it."""
        steps = self._traces.of(transaction_id)
        found = (
            (channel_id, record)
            for channel_id, channel in self._ledgers.channels.items()
            if (record := channel.transaction(transaction_id)) is not None
        )
        channel_id, record = next(found, ("", None))
        if record is None and not steps:
            raise LedgerError(f"no node has seen a transaction {transaction_id}, or not lately")
        return trace_report(steps, channel_id, record)

    async def snapshot(self, name: str) -> None:
        """Remember the state of the whole network under a name, as long as the ledger runs."""
        self._snapshots[name] = await self._restoring.take()

    async def snapshots(self) -> list[str]:
        """The names of what is remembered, the oldest first."""
        return list(self._snapshots)

    async def revert(self, name: str) -> None:
        """Set the whole network back; the snapshot stays. Raises LedgerError if there is none."""
        await self._restoring.put(self._snapshot(name))

    async def discard(self, name: str) -> None:
        """Forget a snapshot; raises LedgerError if there is none."""
        self._snapshot(name)
        del self._snapshots[name]

    async def dump(self, path: str) -> None:
        """Write the state of the whole network to a file; raises LedgerError."""
        (await self._restoring.take()).save(Path(path))

    async def load(self, path: str) -> None:
        """Set the whole network to what a file says; raises LedgerError, and changes nothing then."""
        await self._restoring.put(Image.load(Path(path)))

    def _snapshot(self, name: str) -> Image:
        if name not in self._snapshots:
            known = ", ".join(self._snapshots) or "none"
            raise LedgerError(f"no snapshot is named {name}; there are: {known}")
        return self._snapshots[name]
