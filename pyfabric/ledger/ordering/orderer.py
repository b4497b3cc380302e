"""An orderer: the channels it has joined, what it takes and what it serves.

Several orderers of one process share a channel's chain: with Raft the first that joined makes and signs the
blocks, with BFT a quorum signs each. One that is no consenter of a channel follows it: it reports the
channel, but neither takes messages nor serves blocks. The participation API over HTTPS is in
`participation`, Broadcast and Deliver are in `service`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from fabric_protos.common import common_pb2

from pyfabric.errors import (
    DecodeError,
    FabricError,
    LedgerError,
    OrdererError,
)
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.ordering.chain import Chain
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.ordering.metrics import BroadcastEntry, OrdererMetrics
from pyfabric.ledger.ordering.participants import OrderingNode
from pyfabric.ledger.traces import Step
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus.broadcast import channel_header, check_message, check_type
from pyfabric.rules.consensus.config_update import UpdateProcessor
from pyfabric.rules.consensus.types import check_consensus
from pyfabric.rules.validation.form import CONFIG_UPDATE

_MEMBER = "orderer:"


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
    ) -> None:
        self.name = name
        self._node = OrderingNode(name, signer, tls_certificate)
        self._chains = chains
        self.now = now
        self._joined: dict[str, Chain] = {}
        self.metrics = OrdererMetrics(self._joined.values(), name)
        self._member = f"{_MEMBER}{name}"
        self._take_part()

    @property
    def joined(self) -> Mapping[str, Chain]:
        """The chains of the channels that this orderer has joined, as they are now and will be."""
        return MappingProxyType(self._joined)

    @property
    def channels(self) -> Mapping[str, Channel]:
        """The channels that this orderer has joined."""
        return {channel_id: chain.channel for channel_id, chain in self._joined.items()}

    def chain(self, channel_id: str) -> Chain | None:
        """Return the chain of a channel that this orderer has joined: requests look it up once."""
        return self._joined.get(channel_id)

    def is_consenter(self, channel_id: str) -> bool:
        """Return whether this orderer is a consenter of a channel that it has joined, or follows it."""
        return self._joined[channel_id].has_consenter(self.name)

    async def restored(self) -> None:
        """Take part in just those channels that it has joined now that the network was set back."""
        for channel_id, chain in tuple(self._joined.items()):
            if self._chains.channels.get(channel_id) is not chain.channel:
                del self._joined[channel_id]
            elif self._member not in chain.channel.members:
                del self._joined[channel_id]
                await self._chains.leave(chain, self.name)
        self._take_part()

    def _take_part(self) -> None:
        for channel_id, channel in self._chains.channels.items():
            if self._member in channel.members:
                self._joined[channel_id] = self._chains.start(channel, self._node)

    def join(self, block: common_pb2.Block) -> Joined:
        """Join the channel of a configuration block: its first, or a later one that this process has.

        Raises ConfigError if the block makes no channel; OrdererError (HTTP status) if it is joined
        already, if its options are bad, or if this process does not have its chain.
        """
        config = ChannelConfig.from_block(block)
        channel_id = config.channel_id
        if self.chain(channel_id) is not None:
            raise OrdererError("channel already exists", status=405)
        try:
            consenter = self._node.consenter(config)
            check_consensus(config)
            channel = self._begun(block, channel_id)
        except FabricError as error:
            raise OrdererError(str(error), status=400) from error
        channel.join(self._member)
        self._joined[channel_id] = self._chains.start(channel, self._node)
        if block.header.number == 0 and consenter is not None:
            return Joined(channel_id, "consenter", "active", channel.height)
        return Joined(channel_id, "follower" if consenter is None else "consenter", "onboarding", 0)

    async def remove(self, channel_id: str) -> None:
        """Leave a channel; its blocks stay if another node is in it. Raises OrdererError."""
        chain = self.chain(channel_id)
        if chain is None:
            raise OrdererError("channel does not exist", status=404)
        channel = chain.channel
        channel.leave(self._member)
        del self._joined[channel_id]
        await self._chains.leave(chain, self.name)
        if not channel.members:
            self._chains.channels.remove(channel_id)

    async def update(self, channel_id: str, envelope: common_pb2.Envelope) -> Joined:
        """Take a configuration update; returns what this orderer is on the channel. Raises OrdererError."""
        chain = self.chain(channel_id)
        if chain is None:
            raise OrdererError("channel does not exist", status=405)
        if not chain.has_consenter(self.name):
            raise OrdererError("channel is not ready, he is a follower", status=403)
        try:
            await self._configure(chain, envelope, lambda: None)
        except OrdererError as error:
            raise OrdererError(
                f"failed update config of channel {channel_id}: {error.message}", status=400
            ) from error
        return Joined(channel_id, "consenter", "active", chain.channel.height)

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

    def served(self, channel_id: str) -> Chain | None:
        """Return a chain that this orderer takes messages for and serves: it is one of its consenters."""
        chain = self.chain(channel_id)
        return chain if chain is not None and chain.has_consenter(self.name) else None

    def _begun(self, block: common_pb2.Block, channel_id: str) -> Channel:
        """Return the channel that a block begins, or that has it already."""
        if block.header.number == 0:
            return self._chains.channels.create(block)
        found = self._chains.channels.get(channel_id)
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
        chain = self.served(header.channel_id)
        if chain is None:
            raise OrdererError("channel does not exist", status=common_pb2.BAD_REQUEST)
        check_type(header)
        if header.type == CONFIG_UPDATE:
            await self._configure(chain, envelope, entry.checked)
            return
        message = check_message(envelope, chain.channel.config, self.now)
        entry.checked()
        await chain.ready()
        chain.order(message, self.name)

    async def _configure(
        self, chain: Chain, envelope: common_pb2.Envelope, checked: Callable[[], None]
    ) -> None:
        processor = UpdateProcessor(
            self._node.signer,
            self._chains.nonce,
            self.now,
            lambda: chain.cluster(self.name, self.now()),
        )
        message = processor.process(envelope, chain.channel.config)
        checked()
        await chain.ready()
        chain.configure(message, self.name)
