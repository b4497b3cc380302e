"""A channel of this process: its ledger, who has joined it, and who waits for its blocks and transactions.

All nodes of the process that have joined a channel share this one value, and hand it to whatever works on
the channel. A peer keeps its private data and packages itself. Everything belongs to the event loop's
thread, except the wait for the disk.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Protocol

from fabric_protos.common import common_pb2

from pyfabric.errors import LedgerError
from pyfabric.ledger.channel.commit import (
    CommittedBlock,
    genesis_commit,
    validate,
    with_outcome,
)
from pyfabric.ledger.channel.database import DiskError, storage_errors
from pyfabric.ledger.channel.ledger import ChannelLedger
from pyfabric.ledger.channel.store import ChannelStore
from pyfabric.messages.blocks import metadata

DISK_SECONDS: Final = 1.0
"""After how long a write is tried again that the disk refused."""


class CommitWaiters:
    """The transactions of one channel that somebody waits for, by id."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[tuple[int, int]]]] = defaultdict(set)

    async def wait(self, transaction_id: str) -> tuple[int, int]:
        """Return (validation code, block number) once `committed` has had the transaction.

        Raises LedgerError with the reason given to `fail`, if that comes first.
        """
        future: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
        self._waiting[transaction_id].add(future)
        try:
            return await future
        finally:
            waiting = self._waiting.get(transaction_id)
            if waiting is not None:
                waiting.discard(future)
                if not waiting:
                    del self._waiting[transaction_id]

    def committed(self, block: CommittedBlock) -> None:
        """Resume the waits for the transactions of this block."""
        for transaction in block.transactions:
            for future in self._waiting.pop(transaction.transaction_id, ()):
                if not future.done():
                    future.set_result((int(transaction.code), block.number))

    def fail(self, reason: str) -> None:
        """Raise LedgerError in every wait."""
        while self._waiting:
            for future in self._waiting.popitem()[1]:
                if not future.done():
                    future.set_exception(LedgerError(reason))


class HasChannel(Protocol):
    """What a node has for a channel that it has joined."""

    @property
    def channel(self) -> "Channel":
        """The channel."""
        ...


class Channel(ChannelLedger):
    """A ledger that nodes join, follow and commit to. Make it with `open` or `create`; close it at the end.

    `generation` is another number whenever it may have changed which peers can endorse what; `history` is
    another object once the channel has been set back. `trouble` is why blocks cannot be written for now.
    """

    def __init__(self, store: ChannelStore, writer: ThreadPoolExecutor) -> None:
        super().__init__(store)
        self._writer = writer
        self._members = store.members()
        self._subscribers: list[Callable[[CommittedBlock], None]] = []
        self._waiters = CommitWaiters()
        self._grown = asyncio.Event()
        self.history = object()
        self._committing = asyncio.Lock()
        self.generation = 0
        self.trouble: str | None = None

    @classmethod
    def open(cls, path: Path, writer: ThreadPoolExecutor) -> "Channel":
        """Open the channel in a file; raises LedgerError if it is damaged, and then changes nothing."""
        return cls._of(ChannelStore(path), writer)

    @classmethod
    def create(cls, path: Path, genesis: common_pb2.Block, writer: ThreadPoolExecutor) -> "Channel":
        """Make a channel that begins with this block; raises ConfigError if the block makes none."""
        return cls._of(ChannelStore.create(path, *genesis_commit(genesis)), writer)

    @classmethod
    def _of(cls, store: ChannelStore, writer: ThreadPoolExecutor) -> "Channel":
        """Return the channel in a store, which is closed again if the channel cannot be read."""
        with ExitStack() as unless_read:
            unless_read.callback(store.close)
            channel = cls(store, writer)
            unless_read.pop_all()
        return channel

    def close(self) -> None:
        """Close the file. No commit may be under way."""
        self._store.close()

    def image(self) -> bytes:
        """Return the whole file, for `restore`."""
        return self._store.image()

    def restore(self, image: bytes) -> None:
        """Set the channel back to what it was; waits for blocks and commits raise LedgerError."""
        self._store.restore(image)
        self._read()
        self._members = self._store.members()
        self.history = object()
        self._wake()
        self.generation += 1
        self._waiters.fail(f"channel {self.channel_id} has been set back")

    @property
    def members(self) -> frozenset[str]:
        """The nodes of this process that have joined, by the names given to `join`."""
        return self._members

    def join(self, node: str) -> None:
        """Record, durably, that a node of this process has joined."""
        self._store.add_member(node)
        self._members |= {node}
        self.generation += 1

    def leave(self, node: str) -> None:
        """Record, durably, that a node has left."""
        self._store.remove_member(node)
        self._members -= {node}
        self.generation += 1

    async def commit_status(self, transaction_id: str) -> tuple[int, int]:
        """Return (validation code, block number) of a transaction, as soon as it is committed.

        Raises LedgerError if the channel is set back, or cannot be written.
        """
        record = self.transaction(transaction_id)
        if record is not None:
            return int(record.code), record.block_number
        if self.trouble is not None:
            raise LedgerError(self.trouble)
        return await self._waiters.wait(transaction_id)

    async def wait_for_block(self, number: int) -> common_pb2.Block:
        """Return a block as soon as it is committed; raises LedgerError if the channel is set back."""
        return await self.wait_in(self.history, number)

    def blocks(self, number: int) -> AsyncIterator[common_pb2.Block]:
        """Return the blocks from a number on, each as soon as it is committed.

        Reading on raises LedgerError once the channel has been set back.
        """
        return _Blocks(self, number)

    async def wait_in(self, history: object, number: int) -> common_pb2.Block:
        """Return a block as soon as it is committed; raises LedgerError if `history` is over."""
        while history is self.history:
            block = self.block(number)
            if block is not None:
                return block
            await self._grown.wait()
        raise LedgerError(f"channel {self.channel_id} has been set back: connect again")

    def subscribe(self, callback: Callable[[CommittedBlock], None]) -> Callable[[], None]:
        """Call a function with each block from now on; returns what cancels the subscription."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def commit(
        self, ordered: common_pb2.Block, *, creators_known: Sequence[bool] = ()
    ) -> CommittedBlock:
        """Validate the next block, as its orderer signed it, and make it durable.

        The block that is kept has its validation codes and commit hash. `creators_known` has for each
        transaction whether its creator's signature has been verified under the configuration in force
        (empty: of none). Raises LedgerError if the block does not follow the newest one, ConfigError if
        its configuration is invalid, and DiskError if it cannot be written: nothing is changed then.
        """
        async with self._committing:
            self._check_follows(ordered.header)
            started = time.perf_counter()
            try:
                with storage_errors(self._store.path):
                    outcome = await validate(
                        ordered,
                        self._policies,
                        self._store.state,
                        self.has_transaction,
                        creators_known,
                    )
                    validated = time.perf_counter()
                    previous = metadata(self._newest, common_pb2.COMMIT_HASH).value
                    block = with_outcome(ordered, outcome, previous)
                    self._stage(block, outcome)
                    loop = asyncio.get_running_loop()
                    await loop.run_in_executor(self._writer, self._store.commit)
                    stored = time.perf_counter()
            except DiskError as error:
                self._store.rollback()
                self._wait_for_disk(error)
                raise
            self._take(block, outcome)
            self._wake()
        committed = CommittedBlock(
            block,
            outcome.transactions,
            validation_seconds=validated - started,
            storage_seconds=stored - validated,
        )
        await self._report(committed)
        self.trouble = None
        return committed

    def check(self) -> None:
        """Raise LedgerError if the file cannot be read, or could not be written."""
        if self.trouble is not None:
            raise LedgerError(self.trouble)
        super().check()

    def _wait_for_disk(self, error: DiskError) -> None:
        """Refuse what waits for transactions until the disk can be written again."""
        self.trouble = (
            f"channel {self.channel_id} cannot be written: {error}; make room on the disk: the ledger "
            "tries again every second"
        )
        self._waiters.fail(self.trouble)

    def _check_follows(self, header: common_pb2.BlockHeader) -> None:
        if (header.number, header.previous_hash) != (self.height, self._hash):
            raise LedgerError(
                f"channel {self.channel_id}: block {header.number} does not follow block "
                f"{self.height - 1}"
            )

    def _wake(self) -> None:
        """Make those who wait for blocks look again."""
        self._grown.set()
        self._grown = asyncio.Event()

    async def _report(self, committed: CommittedBlock) -> None:
        """Call the subscribers. One that cannot write is called again: nobody learns of the block before."""
        if committed.changes_endorsing:
            self.generation += 1
        for callback in tuple(self._subscribers):
            while True:
                try:
                    callback(committed)
                    break
                except DiskError as error:
                    self._wait_for_disk(error)
                    await asyncio.sleep(DISK_SECONDS)
        self._waiters.committed(committed)


class _Blocks(AsyncIterator[common_pb2.Block]):
    """The blocks of one history of a channel, from a number on."""

    def __init__(self, channel: Channel, number: int) -> None:
        self._channel = channel
        self._history = channel.history
        self._number = number

    async def __anext__(self) -> common_pb2.Block:
        block = await self._channel.wait_in(self._history, self._number)
        self._number += 1
        return block
