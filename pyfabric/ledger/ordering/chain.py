"""The ordering of one channel: messages in, signed blocks into the ledger.

It takes the place of Raft and SmartBFT in Fabric's orderers (orderer/consensus, orderer/common/multichannel
of Fabric 3.1) without consensus between machines: there is one sequence, in this process, in which all
its orderers of the channel take part. Blocks, their metadata and their signatures are as those orderers
make them.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import datetime

from fabric_protos.common import common_pb2

from pyfabric.errors import FabricError, LedgerError, OrdererError
from pyfabric.ledger.channel.channel import DISK_SECONDS, Channel
from pyfabric.ledger.channel.database import DiskError
from pyfabric.ledger.channel.limits import check_configure
from pyfabric.ledger.ordering.block_writing import BlockWriter
from pyfabric.ledger.ordering.participants import Participants
from pyfabric.messages.blocks import new_block, orderer_metadata
from pyfabric.rules.configuration.channel_config import BatchSettings, ChannelConfig
from pyfabric.rules.consensus import raft
from pyfabric.rules.consensus.cutter import BlockCutter, Cutting, Message
from pyfabric.rules.consensus.request_pool import RequestPool
from pyfabric.rules.consensus.types import consensus_type

_LOG = logging.getLogger("pyfabric.ledger.ordering.orderer")
_MAX_BLOCKS_IN_FLIGHT = 5


class Chain:
    """Orders the messages of one channel until it is stopped. Make and use it in one event loop."""

    def __init__(self, channel: Channel, nonce: Callable[[], bytes], cutting: Cutting) -> None:
        self.channel = channel
        self._nonce = nonce
        self._cutting = cutting
        self._cutter = BlockCutter()
        self._timer: asyncio.TimerHandle | None = None
        self._batches: asyncio.Queue[list[Message] | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()
        self._settled = asyncio.Event()
        self._settled.set()
        self.participants = Participants()
        self._requests = RequestPool()
        self.failure: str | None = None
        self._stopping = False
        self._held = False
        self._waits_for_disk = False
        self._settings: tuple[ChannelConfig, BatchSettings] | None = None
        self._task = asyncio.get_running_loop().create_task(
            self._write(), name=f"orderer-{channel.channel_id}"
        )

    def has_consenter(self, name: str) -> bool:
        """Return whether an orderer is a consenter of the channel; otherwise it follows."""
        return name in self.participants.consenters(self.channel.config)

    def trouble(self) -> str | None:
        """Return what keeps the channel from taking messages; None if nothing does."""
        try:
            self.channel.check()
        except LedgerError as error:
            return str(error)
        return self.failure

    async def ready(self) -> None:
        """Wait until few enough blocks are on their way, and no configuration with Raft.

        Raises OrdererError if the chain has failed, or has no leader because consenters are missing.
        """
        if self.channel.trouble is not None:
            raise OrdererError(self.channel.trouble, status=common_pb2.SERVICE_UNAVAILABLE)
        if consensus_type(self.channel.config).has_leader:
            await self._settled.wait()
        await self._room.wait()
        if (problem := self.failure or self.channel.trouble) is not None:
            raise OrdererError(problem, status=common_pb2.SERVICE_UNAVAILABLE)
        config = self.channel.config
        if consensus_type(config).has_leader and not self.participants.suffice(config):
            raise OrdererError("no Raft leader", status=common_pb2.SERVICE_UNAVAILABLE)

    def order(self, message: Message, orderer: str) -> None:
        """Take a message for an orderer: it will be in a block, unless the process is killed before.

        Raises OrdererError if a BFT orderer has it already.
        """
        if not self._is_new(message, orderer):
            return
        batch = self._batch_settings()
        for full in self._cutter.add(message, batch):
            self._put(full)
        if self._cutting.at_once and self._cutter.pending:
            self._put(self._cutter.cut())
        if not self._cutter.pending:
            self._stop_timer()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(batch.timeout, self._on_timeout)

    async def hold(self) -> None:
        """Take nothing until `resume`; if there are enough consenters, what was taken is in blocks."""
        self._held = True
        self._room.clear()
        self._stop_timer()
        if self._cutter.pending:
            self._put(self._cutter.cut())
        if self.participants.suffice(self.channel.config):
            written = asyncio.ensure_future(self._batches.join())
            await asyncio.wait((written, self._task), return_when=asyncio.FIRST_COMPLETED)
            written.cancel()

    def resume(self) -> None:
        """Take messages again."""
        self._held = False
        self._room.set()

    def configure(self, message: Message, orderer: str) -> None:
        """Take a configuration for an orderer: it will be alone in a block.

        Raises OrdererError if the ordering service does not take it, or a BFT orderer has it already.
        """
        if message.config is not None:
            check_configure(self.channel.config, message.config)
        if not self._is_new(message, orderer):
            return
        self._stop_timer()
        if self._cutter.pending:
            self._put(self._cutter.cut())
        self._settled.clear()
        self._put([message])

    def cluster(self, name: str, now: datetime) -> raft.Cluster:
        """Return the running nodes of a Raft channel, as an orderer knows them: only the leader counts them.

        Raises FabricError if the newest block cannot be read.
        """
        config = self.channel.config
        known = orderer_metadata(self._newest()).consenter_metadata
        membership = raft.Membership.read(known, len(config.consenters))
        consenters = self.participants.consenters(config)
        if next(iter(consenters), None) != name:
            return raft.Cluster(membership, frozenset(), now)
        here = [one for one, _ in consenters.values()]
        numbered = zip(membership.ids, config.consenters, strict=True)
        active = frozenset(number for number, one in numbered if one in here)
        return raft.Cluster(membership, active, now)

    async def stop(self) -> None:
        """Write the blocks whose messages were taken, if there are enough consenters, and stop."""
        self._stop_timer()
        if self._cutter.pending:
            self._put(self._cutter.cut())
        self._batches.put_nowait(None)
        self._stopping = True
        self.participants.changed.set()
        if self.channel.trouble is not None:
            _LOG.critical(
                "channel %s: what was taken and not written is lost: %s",
                self.channel.channel_id,
                self.channel.trouble,
            )
            self._task.cancel()
        await asyncio.wait((self._task,))
        if not self._task.cancelled():
            self._task.result()

    def _is_new(self, message: Message, orderer: str) -> bool:
        """Return whether no other BFT orderer has taken a message before; with Raft each one is new."""
        if consensus_type(self.channel.config).has_leader:
            return True
        return self._requests.add(message.identifier, orderer)

    def _on_timeout(self) -> None:
        self._timer = None
        self._put(self._cutter.cut())

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _put(self, batch: list[Message]) -> None:
        self._batches.put_nowait(batch)
        if self._batches.qsize() >= _MAX_BLOCKS_IN_FLIGHT:
            self._room.clear()

    async def _write(self) -> None:
        try:
            while (batch := await self._batches.get()) is not None:
                await self._write_when_possible(batch)
                self._requests.delivered(message.identifier for message in batch)
                if batch[0].config is not None:
                    self._settled.set()
                self._batches.task_done()
                if self._batches.qsize() < _MAX_BLOCKS_IN_FLIGHT and not self._held:
                    self._room.set()
        except FabricError as error:
            self.failure = f"chain is stopped: {error}"
            self._room.set()
            self._settled.set()
            _LOG.critical("channel %s: %s", self.channel.channel_id, self.failure)

    async def _write_when_possible(self, batch: list[Message]) -> None:
        """Write a batch; as long as the disk refuses it, try again."""
        while True:
            try:
                await self._write_batch(batch)
            except DiskError:
                if not self._waits_for_disk:
                    _LOG.critical("%s", self.channel.trouble)
                self._waits_for_disk = True
                await asyncio.sleep(DISK_SECONDS)
            else:
                break
        if self._waits_for_disk:
            self._waits_for_disk = False
            _LOG.warning("channel %s is written again", self.channel.channel_id)

    async def _write_batch(self, taken: list[Message]) -> None:
        if not await self._quorum():
            return
        batch = list(self._still_good(taken))
        config = self.channel.config
        consenters = list(self.participants.consenters(config).values())
        after = batch[0].config if batch else None
        writer = BlockWriter(config, consenters, self._nonce, after)
        if not batch or not writer.able_signers():
            if after is not None:
                _LOG.warning(
                    "channel %s: a configuration is dropped: its only orderer would have to stop "
                    "leading before it is ordered",
                    config.channel_id,
                )
            return
        known = [message.verified_under is config for message in batch]
        block = self._block(batch)
        writer.complete(block, self._newest(), self.channel.last_config_block())
        # Peers take no block that its orderers' signatures do not make valid.
        config.verify_block(block)
        await self.channel.commit(block, creators_known=known)

    def _still_good(self, batch: list[Message]) -> Iterator[Message]:
        """Yield the messages as they are under the present configuration; others are dropped, as in Fabric."""
        config = self.channel.config
        for message in batch:
            if message.verified_under is config or message.again is None:
                yield message
                continue
            try:
                yield message.again(config)
            except OrdererError as error:
                _LOG.warning("channel %s: a message is dropped: %s", config.channel_id, error)

    async def _quorum(self) -> bool:
        """Wait for enough consenters; returns false if the chain is stopped before they have joined."""
        while not self.participants.suffice(self.channel.config):
            if self._stopping:
                return False
            self.participants.changed.clear()
            await self.participants.changed.wait()
        return True

    def _batch_settings(self) -> BatchSettings:
        config = self.channel.config
        if self._settings is None or self._settings[0] is not config:
            self._settings = (config, consensus_type(config).batch_settings(config))
        return self._settings[1]

    def _newest(self) -> common_pb2.Block:
        number = self.channel.height - 1
        block = self.channel.block(number)
        if block is None:
            raise LedgerError(f"channel {self.channel.channel_id}: block {number} is missing")
        return block

    def _block(self, batch: list[Message]) -> common_pb2.Block:
        info = self.channel.chain_info()
        return new_block(info.height, info.current_hash, [message.envelope for message in batch])
