"""Waiting for transactions: who asks before a commit is told when it comes."""

import asyncio
from collections import defaultdict

from pyfabric.errors import LedgerError
from pyfabric.ledger.channel.channel import ChannelLedger, CommittedBlock


class CommitWaiters:
    """The transactions that somebody waits for, by channel; `committed` is told of every block."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], set[asyncio.Future[tuple[int, int]]]] = defaultdict(
            set
        )

    def committed(self, channel_id: str, block: CommittedBlock) -> None:
        """Tell those who wait for a transaction of this block."""
        for transaction in block.transactions:
            waiting = self._waiting.pop((channel_id, transaction.transaction_id), ())
            for future in waiting:
                if not future.done():
                    future.set_result((int(transaction.code), block.number))

    def end(self, channel_id: str, reason: str) -> None:
        """Have those who wait for transactions of a channel get LedgerError."""
        for key in [key for key in self._waiting if key[0] == channel_id]:
            for future in self._waiting.pop(key):
                if not future.done():
                    future.set_exception(LedgerError(reason))

    async def status(self, channel: ChannelLedger, transaction_id: str) -> tuple[int, int]:
        """(validation code, block number) of a transaction, as soon as it is committed.

        Raises LedgerError if the channel is set back meanwhile.
        """
        record = channel.transaction(transaction_id)
        if record is not None:
            return int(record.code), record.block_number
        key = (channel.channel_id, transaction_id)
        future: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
        self._waiting[key].add(future)
        try:
            return await future
        finally:
            waiting = self._waiting.get(key)
            if waiting is not None:
                waiting.discard(future)
                if not waiting:
                    del self._waiting[key]
