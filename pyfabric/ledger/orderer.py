"""An orderer: the channels it has joined, what it takes and what it serves.

Several orderers of one process share a channel's one sequence: the first that joined makes and signs
the blocks. The participation API over HTTPS is in `participation`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from pyfabric.core.channel_config import ChannelConfig
from pyfabric.core.decoding import decode
from pyfabric.core.policies.evaluation import MissingPolicy, SignedData
from pyfabric.errors import DecodeError, LedgerError, OrdererError, PolicyError
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.broadcast import channel_header, check_message, check_type
from pyfabric.ledger.chain import Chain
from pyfabric.ledger.channel import ChannelLedger
from pyfabric.ledger.delivery import Delivery
from pyfabric.ledger.ledgers import Ledgers
from pyfabric.ledger.metrics import BroadcastEntry, OrdererMetrics
from pyfabric.ledger.servers import client_certificate_hash

READERS = "/Channel/Readers"
_MEMBER = "orderer:"


class Chains:
    """The running sequences of all channels, shared by the orderers of this process."""

    def __init__(self, ledgers: Ledgers, nonce: Callable[[], bytes]) -> None:
        self.ledgers = ledgers
        self._nonce = nonce
        self._chains: dict[str, Chain] = {}

    def start(self, ledger: ChannelLedger, signer: SigningIdentity) -> None:
        """Order the messages of a channel, unless that is done already."""
        if ledger.channel_id not in self._chains:
            self._chains[ledger.channel_id] = Chain(ledger, signer, self._nonce)

    def get(self, channel_id: str) -> Chain:
        """The sequence of a channel that an orderer has joined."""
        return self._chains[channel_id]

    async def stop(self, channel_id: str) -> None:
        """Write what was taken and end the sequence of a channel."""
        await self._chains.pop(channel_id).stop()

    async def close(self) -> None:
        """End all sequences."""
        for channel_id in list(self._chains):
            await self.stop(channel_id)


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
        self._tls_certificate = tls_certificate
        self._signer = signer
        self._chains = chains
        self._now = now
        self.metrics = OrdererMetrics(lambda: self.channels.values())
        self._member = f"{_MEMBER}{name}"
        self._delivery = Delivery(self.channel, _authorize, now, mutual_tls=mutual_tls)
        for ledger in self.channels.values():
            chains.start(ledger, signer)

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

    def join(self, genesis: common_pb2.Block) -> ChannelLedger:
        """Join the channel that begins with this block.

        Raises ConfigError if the block makes no channel; OrdererError (HTTP status) if it is joined
        already, or is one that this ledger does not order: not Raft, or not with this orderer.
        """
        config = ChannelConfig.from_block(genesis)
        if self.channel(config.channel_id) is not None:
            raise OrdererError("channel already exists", status=405)
        self._check_support(genesis, config)
        try:
            ledger = self._chains.ledgers.create(genesis)
        except LedgerError as error:
            raise OrdererError(str(error), status=400) from error
        ledger.join(self._member)
        self._chains.start(ledger, self._signer)
        return ledger

    async def remove(self, channel_id: str) -> None:
        """Leave a channel; its blocks stay if another node is in it. Raises OrdererError."""
        ledger = self.channel(channel_id)
        if ledger is None:
            raise OrdererError("channel does not exist", status=404)
        ledger.leave(self._member)
        if not any(member.startswith(_MEMBER) for member in ledger.members):
            await self._chains.stop(channel_id)
        if not ledger.members:
            self._chains.ledgers.remove(channel_id)

    async def broadcast(self, envelope: bytes) -> tuple[int, str]:
        """Take a message into the order; answers (status, info), as in BroadcastResponse."""
        entry = BroadcastEntry(self.metrics)
        status, info = int(common_pb2.SUCCESS), ""
        try:
            await self._order(envelope, entry)
        except OrdererError as error:
            status, info = error.status, error.message
        entry.answered(status)
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

    def _check_support(self, genesis: common_pb2.Block, config: ChannelConfig) -> None:
        ledger = "the development ledger"
        problem = None
        if genesis.header.number != 0:
            problem = f"{ledger} joins channels by their genesis block only"
        elif config.consensus_type != "etcdraft":
            problem = f"{ledger} does not order channels of type {config.consensus_type}"
        elif not _is_consenter(config, self._tls_certificate):
            problem = (
                f"this orderer is not a consenter of the channel, and {ledger} has no followers"
            )
        if problem is not None:
            raise OrdererError(problem, status=400)

    async def _order(self, raw: bytes, entry: BroadcastEntry) -> None:
        try:
            envelope = decode(common_pb2.Envelope, raw)
        except DecodeError as error:
            raise OrdererError(str(error), status=common_pb2.BAD_REQUEST) from error
        header = channel_header(envelope)
        entry.identified(header)
        ledger = self.channel(header.channel_id)
        if ledger is None:
            raise OrdererError("channel does not exist", status=common_pb2.BAD_REQUEST)
        check_type(header)
        message = check_message(envelope, header, ledger.config, self._now())
        entry.checked()
        chain = self._chains.get(header.channel_id)
        await chain.ready()
        chain.order(message)


def as_ordered(block: common_pb2.Block) -> common_pb2.Block:
    """A block without the validation codes and the commit hash that peers add."""
    ordered = common_pb2.Block(header=block.header, metadata=block.metadata)
    if block.HasField("data"):
        ordered.data.CopyFrom(block.data)
    for index in (common_pb2.TRANSACTIONS_FILTER, common_pb2.COMMIT_HASH):
        ordered.metadata.metadata[index] = b""
    return ordered


def _is_consenter(config: ChannelConfig, certificate: bytes) -> bool:
    """Whether a consenter has this certificate, or another for the same key."""
    own = load_certificate(certificate).public_key()
    return any(
        load_certificate(known).public_key() == own
        for consenter in config.consenters
        for known in (consenter.client_tls_certificate, consenter.server_tls_certificate)
    )


def _authorize(ledger: ChannelLedger, signed: SignedData) -> None:
    policy = ledger.config.policy(READERS)
    if isinstance(policy, MissingPolicy):
        raise PolicyError(f"could not find policy {READERS}")
    policy.evaluate([signed])


def _status(number: int) -> str:
    return common_pb2.Status.Name(number)
