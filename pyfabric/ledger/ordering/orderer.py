"""An orderer: the channels it has joined, what it takes and what it serves.

Several orderers of one process share a channel's one sequence: with Raft the first that joined makes and
signs the blocks, with BFT a quorum signs each. One that is no consenter of a channel follows it: it tells
of the channel, but neither takes messages nor serves blocks. The participation API over HTTPS is in
`participation`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from pyfabric.errors import (
    ConfigError,
    DecodeError,
    FabricError,
    LedgerError,
    OrdererError,
    PolicyError,
)
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.channel.channel import ChannelLedger
from pyfabric.ledger.channel.delivery import Delivery
from pyfabric.ledger.channel.ledgers import Ledgers
from pyfabric.ledger.metrics import BroadcastEntry, OrdererMetrics
from pyfabric.ledger.ordering.block_writing import BFT, OrderingNode, batch_settings
from pyfabric.ledger.ordering.broadcast import channel_header, check_message, check_type
from pyfabric.ledger.ordering.chain import Chain
from pyfabric.ledger.ordering.config_messages import UpdateProcessor
from pyfabric.ledger.servers import client_certificate_hash
from pyfabric.ledger.traces import Step, Traces
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus import raft
from pyfabric.rules.consensus.cutter import Cutting
from pyfabric.rules.consensus.maintenance import MAINTENANCE
from pyfabric.rules.consensus.raft import RAFT
from pyfabric.rules.policies.evaluation import MissingPolicy
from pyfabric.rules.policies.paths import CHANNEL_READERS, ORDERER_READERS
from pyfabric.rules.validation.form import CONFIG_UPDATE

_MEMBER = "orderer:"


class Chains:
    """The running sequences of all channels, shared by the orderers of this process."""

    def __init__(self, ledgers: Ledgers, nonce: Callable[[], bytes], traces: Traces) -> None:
        self.ledgers = ledgers
        self.traces = traces
        self.cutting = Cutting()
        self.nonce = nonce
        self._chains: dict[str, Chain] = {}

    def start(self, ledger: ChannelLedger, node: OrderingNode) -> None:
        """Have an orderer take part in the ordering of a channel."""
        chain = self._chains.get(ledger.channel_id)
        if chain is None:
            chain = self._chains[ledger.channel_id] = Chain(ledger, self.nonce, self.cutting)
        chain.participants.add(node)

    def get(self, channel_id: str) -> Chain:
        """The sequence of a channel that an orderer has joined."""
        return self._chains[channel_id]

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Write what was taken, and take nothing more inside; then go on, on the ledgers there are."""
        try:
            for chain in tuple(self._chains.values()):
                await chain.hold()
            yield
        finally:
            for channel_id, chain in self._chains.items():
                chain.go_on(self.ledgers.channels[channel_id])

    async def remove(self, channel_id: str) -> None:
        """End the sequence of a channel, and delete its ledger."""
        chain = self._chains.pop(channel_id, None)
        if chain is not None:
            await chain.stop()
        self.ledgers.remove(channel_id)

    async def leave(self, channel_id: str, name: str) -> None:
        """Do without an orderer; the last one writes what was taken and ends the channel's sequence."""
        chain = self._chains[channel_id]
        if chain.participants.alone(name):
            del self._chains[channel_id]
            await chain.stop()
        chain.participants.remove(name)

    async def close(self) -> None:
        """End all sequences, with the messages that they took in blocks."""
        while self._chains:
            _, chain = self._chains.popitem()
            await chain.stop()


@dataclass(frozen=True, slots=True)
class Joined:
    """What an orderer is on a channel: consenter or follower, active or onboarding."""

    channel_id: str
    relation: str
    status: str
    height: int


class Orderer:
    """One orderer node.

    `name` is its own within the process; `tls_certificate` (PEM) is its server's, by which channels know
    it as a consenter.
    """

    def __init__(
        self,
        name: str,
        signer: SigningIdentity,
        chains: Chains,
        now: Callable[[], datetime],
        *,
        tls_certificate: bytes,
        mutual_tls: bool = False,
    ) -> None:
        self.name = name
        self._node = OrderingNode(name, signer, tls_certificate)
        self._chains = chains
        self._now = now
        self.metrics = OrdererMetrics(lambda: self.channels.values(), self.is_consenter)
        self._member = f"{_MEMBER}{name}"
        self._delivery = Delivery(self._served, _authorize, now, mutual_tls=mutual_tls)
        self.take_part()

    def take_part(self) -> None:
        """Take part in the ordering of every channel that this orderer has joined."""
        for ledger in self.channels.values():
            self._chains.start(ledger, self._node)

    @property
    def channels(self) -> Mapping[str, ChannelLedger]:
        """The channels that this orderer has joined."""
        return {
            channel_id: ledger
            for channel_id, ledger in self._chains.ledgers.channels.items()
            if self._member in ledger.members
        }

    def channel(self, channel_id: str) -> ChannelLedger | None:
        """A channel that this orderer has joined."""
        ledger = self._chains.ledgers.channels.get(channel_id)
        return ledger if ledger is not None and self._member in ledger.members else None

    def is_consenter(self, channel_id: str) -> bool:
        """Whether this orderer is a consenter of a channel that it has joined; otherwise it follows."""
        chain = self._chains.get(channel_id)
        return self.name in chain.participants.consenters(chain.config)

    def join(self, block: common_pb2.Block) -> Joined:
        """Join the channel of a configuration block: its first, or a later one that this process has.

        Raises ConfigError if the block makes no channel; OrdererError (HTTP status) if it is joined
        already, if its options are bad, or if this process does not have its chain.
        """
        config = ChannelConfig.from_block(block)
        channel_id = config.channel_id
        if self.channel(channel_id) is not None:
            raise OrdererError("channel already exists", status=405)
        try:
            consenter = self._node.consenter(config)
            _check_consensus(config)
            ledger = self._ledger(block, channel_id)
        except FabricError as error:
            raise OrdererError(str(error), status=400) from error
        ledger.join(self._member)
        self._chains.start(ledger, self._node)
        if block.header.number == 0 and consenter is not None:
            return Joined(channel_id, "consenter", "active", ledger.height)
        return Joined(channel_id, "follower" if consenter is None else "consenter", "onboarding", 0)

    async def remove(self, channel_id: str) -> None:
        """Leave a channel; its blocks stay if another node is in it. Raises OrdererError."""
        ledger = self.channel(channel_id)
        if ledger is None:
            raise OrdererError("channel does not exist", status=404)
        ledger.leave(self._member)
        await self._chains.leave(channel_id, self.name)
        if not ledger.members:
            self._chains.ledgers.remove(channel_id)

    async def update(self, channel_id: str, envelope: common_pb2.Envelope) -> Joined:
        """Take a configuration update; what this orderer is on the channel now. Raises OrdererError."""
        ledger = self.channel(channel_id)
        if ledger is None:
            raise OrdererError("channel does not exist", status=405)
        if not self.is_consenter(channel_id):
            raise OrdererError("channel is not ready, he is a follower", status=403)
        try:
            await self._configure(ledger, envelope, lambda: None)
        except OrdererError as error:
            raise OrdererError(
                f"failed update config of channel {channel_id}: {error.message}", status=400
            ) from error
        return Joined(channel_id, "consenter", "active", ledger.height)

    async def broadcast(self, envelope: bytes) -> tuple[int, str]:
        """Take a message into the order; answers (status, info), as in BroadcastResponse."""
        entry = BroadcastEntry(self.metrics)
        status, info = int(common_pb2.SUCCESS), ""
        try:
            await self._order(envelope, entry)
        except OrdererError as error:
            status, info = error.status, error.message
        entry.answered(status)
        if entry.transaction_id:
            did = "refused to order it" if info else "took it into the order"
            step = Step(self.name, self._node.signer.msp_id, did, info)
            self._chains.traces.add(entry.transaction_id, step)
        return status, info

    def trouble(self, channel_id: str) -> str | None:
        """What keeps a joined channel from taking messages; None: nothing."""
        try:
            self._chains.ledgers.channels[channel_id].check()
        except LedgerError as error:
            return str(error)
        return self._chains.get(channel_id).failure

    async def broadcasts(
        self, envelopes: AsyncIterator[bytes], _context: grpc.aio.ServicerContext
    ) -> AsyncIterator[ab_pb2.BroadcastResponse]:
        """AtomicBroadcast's Broadcast: one answer a message; any but SUCCESS ends the stream."""
        async for envelope in envelopes:
            status, info = await self.broadcast(envelope)
            yield ab_pb2.BroadcastResponse(status=_status(status), info=info)
            if status != common_pb2.SUCCESS:
                return

    async def deliver(
        self, envelopes: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[ab_pb2.DeliverResponse]:
        """AtomicBroadcast's Deliver: blocks as they were ordered, without what peers add."""
        certificate_hash = client_certificate_hash(context)
        async for envelope in envelopes:
            async for answer in self._delivery.serve(envelope, certificate_hash):
                if not isinstance(answer, int):
                    yield ab_pb2.DeliverResponse(block=as_ordered(answer))
                    continue
                yield ab_pb2.DeliverResponse(status=_status(answer))
                if answer != common_pb2.SUCCESS:
                    return

    def _served(self, channel_id: str) -> ChannelLedger | None:
        """A channel that this orderer takes messages of and serves: one that it is a consenter of."""
        ledger = self.channel(channel_id)
        return ledger if ledger is not None and self.is_consenter(channel_id) else None

    def _ledger(self, block: common_pb2.Block, channel_id: str) -> ChannelLedger:
        if block.header.number == 0:
            return self._chains.ledgers.create(block)
        found = self._chains.ledgers.channels.get(channel_id)
        own = None if found is None else found.block(block.header.number)
        if found is None or own is None or own.header != block.header:
            raise LedgerError(
                f"the development ledger has no block {block.header.number} of channel {channel_id} "
                "that is this one: it cannot fetch blocks from other machines"
            )
        return found

    async def _order(self, raw: bytes, entry: BroadcastEntry) -> None:
        try:
            envelope = decode(common_pb2.Envelope, raw)
        except DecodeError as error:
            raise OrdererError(str(error), status=common_pb2.BAD_REQUEST) from error
        header = channel_header(envelope)
        entry.identified(header)
        ledger = self._served(header.channel_id)
        if ledger is None:
            raise OrdererError("channel does not exist", status=common_pb2.BAD_REQUEST)
        check_type(header)
        if header.type == CONFIG_UPDATE:
            await self._configure(ledger, envelope, entry.checked)
            return
        message = check_message(envelope, ledger.config, self._now)
        entry.checked()
        chain = self._chains.get(header.channel_id)
        await chain.ready()
        chain.order(message, self.name)

    async def _configure(
        self, ledger: ChannelLedger, envelope: common_pb2.Envelope, checked: Callable[[], None]
    ) -> None:
        chain = self._chains.get(ledger.channel_id)
        processor = UpdateProcessor(
            self._node.signer,
            self._chains.nonce,
            self._now,
            lambda: chain.cluster(self.name, self._now()),
        )
        message = processor.process(envelope, ledger.config)
        checked()
        await chain.ready()
        chain.configure(message, self.name)


def as_ordered(block: common_pb2.Block) -> common_pb2.Block:
    """A block without the validation codes and the commit hash that peers add."""
    ordered = common_pb2.Block(header=block.header, metadata=block.metadata)
    if block.HasField("data"):
        ordered.data.CopyFrom(block.data)
    for index in (common_pb2.TRANSACTIONS_FILTER, common_pb2.COMMIT_HASH):
        ordered.metadata.metadata[index] = b""
    return ordered


def _check_consensus(config: ChannelConfig) -> None:
    """Raise ConfigError for a way of ordering that no orderer has or can start."""
    kind = config.consensus_type
    if kind not in (RAFT, BFT):
        raise ConfigError(f"failed to find a consenter for consensus type: {kind}")
    if kind == RAFT:
        raft.read_metadata(config)
    try:
        batch_settings(config)
    except ConfigError as error:
        raise ConfigError(
            "failed to create chain support: error creating consenter for channel: "
            f"{config.channel_id}: failed parsing smartbft configuration: {error}"
        ) from error


def _authorize(ledger: ChannelLedger, signed: SignedData) -> None:
    in_maintenance = ledger.config.consensus_state == MAINTENANCE
    name = ORDERER_READERS if in_maintenance else CHANNEL_READERS
    policy = ledger.config.policy(name)
    if isinstance(policy, MissingPolicy):
        raise PolicyError(f"could not find policy {name}")
    policy.evaluate([signed])


def _status(number: int) -> str:
    return common_pb2.Status.Name(number)
