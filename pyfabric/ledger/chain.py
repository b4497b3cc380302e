"""The ordering of one channel: messages in, signed blocks into the ledger.

Stands where Fabric's orderers have Raft (orderer/consensus/etcdraft, orderer/common/multichannel of
Fabric 3.1), without consensus between machines: there is one sequence, in this process. Blocks, their
metadata and their signatures are as an orderer of a single-node Raft cluster makes them.
"""

import asyncio
import logging
from collections.abc import Callable

from fabric_protos.common import common_pb2
from fabric_protos.orderer.etcdraft import metadata_pb2

from pyfabric.core.blocks import (
    block_signature_message,
    last_config_slot,
    new_block,
    orderer_metadata_value,
    signatures_slot,
)
from pyfabric.errors import FabricError, OrdererError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.channel import ChannelLedger
from pyfabric.ledger.cutter import BlockCutter, Message

_LOG = logging.getLogger("pyfabric.ledger.orderer")
_MAX_BLOCKS_IN_FLIGHT = 5
_ENTRIES_BEFORE_BLOCKS = 2
"""The Raft log of a new single-node cluster holds two entries before that of the first block."""


class Chain:
    """Orders the messages of one channel until it is stopped. Make and use it in one event loop."""

    def __init__(
        self, ledger: ChannelLedger, signer: SigningIdentity, nonce: Callable[[], bytes]
    ) -> None:
        self._ledger = ledger
        self._signer = signer
        self._nonce = nonce
        self._cutter = BlockCutter()
        self._timer: asyncio.TimerHandle | None = None
        self._batches: asyncio.Queue[list[Message] | None] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()
        self.failure: str | None = None
        self._task = asyncio.get_running_loop().create_task(
            self._write(), name=f"orderer-{ledger.channel_id}"
        )

    async def ready(self) -> None:
        """Wait until few enough blocks are on their way; raises OrdererError if the chain has failed."""
        await self._room.wait()
        if self.failure is not None:
            raise OrdererError(self.failure, status=common_pb2.SERVICE_UNAVAILABLE)

    def order(self, message: Message) -> None:
        """Take a message: it will be in a block, unless the process ends before."""
        batch = self._ledger.config.batch
        for full in self._cutter.add(message, batch):
            self._put(full)
        if not self._cutter.pending:
            self._stop_timer()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(batch.timeout, self._on_timeout)

    async def stop(self) -> None:
        """Write the blocks whose messages were taken, and end."""
        self._stop_timer()
        if self._cutter.pending:
            self._put(self._cutter.cut())
        self._batches.put_nowait(None)
        await self._task

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
                config = self._ledger.config
                known = [message.verified_under is config for message in batch]
                await self._ledger.commit(self._block(batch), creators_known=known)
                if self._batches.qsize() < _MAX_BLOCKS_IN_FLIGHT:
                    self._room.set()
        except FabricError as error:
            self.failure = f"chain is stopped: {error}"
            self._room.set()
            _LOG.critical("channel %s: %s", self._ledger.channel_id, self.failure)

    def _block(self, batch: list[Message]) -> common_pb2.Block:
        info = self._ledger.chain_info()
        block = new_block(info.height, info.current_hash, [message.envelope for message in batch])
        last_config = self._ledger.last_config_block()
        slots = block.metadata.metadata
        slots[common_pb2.LAST_CONFIG] = last_config_slot(last_config)
        slots[common_pb2.SIGNATURES] = self._signatures(block.header, last_config)
        return block

    def _signatures(self, header: common_pb2.BlockHeader, last_config: int) -> bytes:
        consenters = range(1, len(self._ledger.config.consenters) + 1)
        raft = metadata_pb2.BlockMetadata(
            consenter_ids=consenters,
            next_consenter_id=len(consenters) + 1,
            raft_index=header.number + _ENTRIES_BEFORE_BLOCKS,
        )
        value = orderer_metadata_value(last_config, raft.SerializeToString())
        signature_header = common_pb2.SignatureHeader(
            creator=self._signer.serialized(), nonce=self._nonce()
        ).SerializeToString()
        signature = self._signer.sign(block_signature_message(value, signature_header, header))
        return signatures_slot(
            value,
            [common_pb2.MetadataSignature(signature_header=signature_header, signature=signature)],
        )
