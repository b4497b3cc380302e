"""What a development ledger can do for its developer, and Fabric cannot."""

from pyfabric.errors import LedgerError
from pyfabric.ledger.development_service import Calls
from pyfabric.ledger.ledgers import Ledgers
from pyfabric.ledger.trace_report import TraceStep, trace_report
from pyfabric.ledger.traces import Traces


class Development:
    """The comforts of one ledger process; `calls` offers them to `DevelopmentService`."""

    def __init__(self, ledgers: Ledgers, traces: Traces) -> None:
        self._ledgers = ledgers
        self._traces = traces

    @property
    def calls(self) -> Calls:
        """The calls by name; what they take and answer can be written as JSON."""
        return {"trace": self.trace}

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
