"""The development tools: what only the development ledger offers."""

from datetime import datetime, timedelta
from pathlib import Path

from pyfabric.errors import LedgerError
from pyfabric.ledger.clock import Clock
from pyfabric.ledger.development.images import Image
from pyfabric.ledger.development.restoring import Restoring
from pyfabric.ledger.development.service import Calls
from pyfabric.ledger.development.trace_report import TraceStep, trace_report
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.peer.peers import Peers
from pyfabric.ledger.traces import TRANSACTIONS


class Development:
    """The development tools of one ledger process; `calls` offers them to `DevelopmentService`."""

    def __init__(self, chains: Chains, peers: Peers, restoring: Restoring, clock: Clock) -> None:
        self._channels = chains.channels
        self._peers = peers
        self._traces = chains.traces
        self._cutting = chains.cutting
        self._restoring = restoring
        self._clock = clock
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
            "leave": self.leave,
            "now": self.now,
            "set_clock": self.set_clock,
            "move_clock": self.move_clock,
            "run_clock": self.run_clock,
            "cut_blocks": self.cut_blocks,
        }

    async def trace(self, transaction_id: str) -> list[TraceStep]:
        """Return what became of a transaction, step by step; raises LedgerError if nothing is known of it."""
        steps = self._traces.of(transaction_id)
        found = (
            (channel_id, record)
            for channel_id, channel in self._channels.items()
            if (record := channel.transaction(transaction_id)) is not None
        )
        channel_id, record = next(found, ("", None))
        if record is None and not steps:
            raise LedgerError(
                f"no node has seen a transaction {transaction_id}: check the id; only the newest "
                f"{TRANSACTIONS} transactions are remembered"
            )
        return trace_report(steps, channel_id, record)

    async def snapshot(self, name: str) -> None:
        """Remember the state of the whole network under a name, as long as the ledger runs."""
        self._snapshots[name] = await self._restoring.take()

    async def snapshots(self) -> list[str]:
        """Return the names of the snapshots, the oldest first."""
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

    async def leave(self, peer: str, channel: str) -> None:
        """Take a peer out of a channel; raises LedgerError if it has not joined."""
        found = next((one for one in self._peers if one.name == peer), None)
        if found is None or channel not in found.joined:
            raise LedgerError(f"{peer} has not joined {channel}")
        found.leave(channel)

    async def now(self) -> str:
        """Return the time of the nodes, in ISO 8601."""
        return self._clock.now().isoformat()

    async def set_clock(self, moment: str) -> None:
        """Stop the nodes' clock at a moment in ISO 8601, with its zone; raises LedgerError."""
        try:
            wanted = datetime.fromisoformat(moment)
        except ValueError as error:
            raise LedgerError(str(error)) from error
        if wanted.tzinfo is None:
            raise LedgerError(f"{moment} has no time zone: add one, such as +00:00")
        self._clock.set(wanted)

    async def move_clock(self, seconds: float) -> None:
        """Stop the nodes' clock some seconds later."""
        self._clock.move(timedelta(seconds=seconds))

    async def run_clock(self) -> None:
        """Run the nodes' clock with the machine's again."""
        self._clock.run()

    async def cut_blocks(self, *, at_once: bool) -> None:
        """Cut a block for every message at once, or when the channel's batch settings say."""
        self._cutting.at_once = at_once

    def _snapshot(self, name: str) -> Image:
        if name not in self._snapshots:
            known = ", ".join(self._snapshots) or "none"
            raise LedgerError(f"no snapshot is named {name}; there are: {known}")
        return self._snapshots[name]
