"""One department's peer: its identity, packages and contracts, and the channels that it has joined.

Public state and blocks belong to the channel and are shared by all peers of the process; a peer has what is
its department's own, in a folder of its own.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType

from fabric_protos.peer import proposal_response_pb2

from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import LedgerError, PackageError
from pyfabric.identity.msp import MSP
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.channel.commit import CommittedBlock
from pyfabric.ledger.peer.approvals import Chaincode, chaincodes
from pyfabric.ledger.peer.chaincodes import Contracts
from pyfabric.ledger.peer.connection import Connection, read_connection
from pyfabric.ledger.peer.metrics import PeerMetrics
from pyfabric.ledger.peer.packages import PackageStore
from pyfabric.ledger.private.data import PrivateData, PrivateExchange
from pyfabric.ledger.private.settlement import recover, settle
from pyfabric.ledger.private.store import PrivateStore
from pyfabric.ledger.traces import LARGEST_PAYLOAD, Step, Traces, asking
from pyfabric.messages.blocks import parse_block
from pyfabric.messages.lifecycle import LIFECYCLE
from pyfabric.rules.access import Access
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.proposals import Proposal


class Peer:
    """A peer. `address` is how the network knows it; `builder` fills packages' connection.json."""

    def __init__(
        self,
        *,
        name: str,
        address: str,
        identity: SigningIdentity,
        local_msp: MSP,
        builder: Mapping[str, str],
        folder: Path,
        channels: Channels,
        exchange: PrivateExchange,
        traces: Traces,
    ) -> None:
        self.name = name
        self.address = address
        self.msp_id = identity.msp_id
        self.local_msp = local_msp
        self.builder = builder
        self.serialized = identity.serialized()
        self._identity = identity
        self._channels = channels
        self._exchange = exchange
        self._traces = traces
        self._joined: dict[str, JoinedChannel] = {}
        self.packages = PackageStore(folder / "packages")
        self.private_store = PrivateStore(folder / "private.db")
        self.metrics = PeerMetrics(self._joined.values())
        self.contracts = Contracts(self._connection, metrics=self.metrics.shim)
        self.access = Access(local_msp)
        with ExitStack() as unless_ready:
            unless_ready.callback(self.private_store.close)
            self._follow_joined()
            for joined in self._joined.values():
                recover(joined.private)
            unless_ready.pop_all()

    async def close(self) -> None:
        """Close the contracts' streams and the files."""
        await self.contracts.close()
        self.private_store.close()

    @property
    def joined(self) -> "Mapping[str, JoinedChannel]":
        """The channels that this peer has joined, by name, as they are now and will be."""
        return MappingProxyType(self._joined)

    def channel(self, channel_id: str) -> "JoinedChannel | None":
        """Return a channel that this peer has joined: requests look it up once, and hand it on."""
        return self._joined.get(channel_id)

    def join(self, channel_id: str, block: bytes) -> None:
        """Join a channel by its genesis block; raises FabricError with Fabric's text."""
        if self.channel(channel_id) is not None:
            raise LedgerError(
                f"cannot create ledger from genesis block: ledger [{channel_id}] already exists "
                "with state [ACTIVE]"
            )
        channel = self._channels.create(parse_block(block))
        channel.join(self.name)
        self._follow(channel)

    def leave(self, channel_id: str) -> None:
        """Leave a channel, and delete its private data here; its blocks stay if another node is in it."""
        joined = self._joined.pop(channel_id)
        joined.leave()
        joined.channel.leave(self.name)
        self.private_store.forget(channel_id)
        if not joined.channel.members:
            self._channels.remove(channel_id)

    def note(self, proposal: Proposal, did: str, because: str = "", payload: bytes = b"") -> None:
        """Remember what this peer did with a proposal, for `Traces`."""
        traces, transaction_id = self._traces, proposal.transaction_id
        if not traces.of(transaction_id):
            arguments = proposal.invocation.chaincode_spec.input.args
            first = asking(proposal.creator_msp_id, proposal.called_name, arguments)
            traces.add(transaction_id, first)
        step = Step(self.name, self.msp_id, did, because, payload[: LARGEST_PAYLOAD + 1])
        traces.add(transaction_id, step)

    def restore(self, private_data: bytes, packages: Mapping[str, bytes]) -> None:
        """Set what this peer keeps for itself back, and follow the channels that it has joined now."""
        self.private_store.restore(private_data)
        self.packages.restore(packages)
        while self._joined:
            self._joined.popitem()[1].leave()
        self._follow_joined()

    def install(self, package: ChaincodePackage) -> None:
        """Keep a package; definitions approved with it become endorsable."""
        self.packages.save(package)
        for joined in self._joined.values():
            joined.packages_changed()

    def sign(self, payload: bytes) -> proposal_response_pb2.Endorsement:
        """Endorse a proposal response payload."""
        return proposal_response_pb2.Endorsement(
            endorser=self.serialized, signature=self._identity.sign(payload + self.serialized)
        )

    def sign_message(self, message: bytes) -> bytes:
        """Sign a message to other peers."""
        return self._identity.sign(message)

    def _follow_joined(self) -> None:
        for channel in self._channels.values():
            if self.name in channel.members:
                self._follow(channel)

    def _follow(self, channel: Channel) -> None:
        self._joined[channel.channel_id] = JoinedChannel(self, channel, self._exchange)

    def _connection(self, package_id: str) -> Connection:
        if package_id not in self.packages:
            raise PackageError(f"chaincode install package '{package_id}' not found")
        package = ChaincodePackage.read(self.packages.load(package_id))
        return read_connection(package.connection(), self.builder)


class JoinedChannel:
    """A channel as one of its peers has it: the shared channel, and what is the peer's own on it."""

    def __init__(self, peer: Peer, channel: Channel, exchange: PrivateExchange) -> None:
        self.peer = peer
        self.channel = channel
        self.private: PrivateData = exchange.join(
            peer.private_store, channel, peer.serialized, peer.msp_id
        )
        self._exchange = exchange
        self._chaincodes: Mapping[str, Chaincode] | None = None
        self._unsubscribe = channel.subscribe(self._committed)

    @property
    def channel_id(self) -> str:
        """The channel's name."""
        return self.channel.channel_id

    @property
    def config(self) -> ChannelConfig:
        """The channel's configuration in force."""
        return self.channel.config

    @property
    def chaincodes(self) -> Mapping[str, Chaincode]:
        """The channel's defined chaincodes as this peer sees them."""
        if self._chaincodes is None:
            installed = (package_id for package_id, _ in self.peer.packages.listed())
            with self.channel.snapshot() as reader:
                self._chaincodes = chaincodes(reader, self.peer.msp_id, installed)
        return self._chaincodes

    def packages_changed(self) -> None:
        """Look again which chaincodes the peer can run: it has installed something."""
        self._chaincodes = None
        self.channel.generation += 1

    def leave(self) -> None:
        """Follow the channel no more."""
        self._unsubscribe()
        self._exchange.leave(self.channel, self.peer.serialized)

    def _committed(self, block: CommittedBlock) -> None:
        self.peer.metrics.ledger.committed(self.channel, block)
        settle(self.private, block.number, block.transactions)
        if any(transaction.chaincode == LIFECYCLE for transaction in block.transactions):
            self._chaincodes = None
