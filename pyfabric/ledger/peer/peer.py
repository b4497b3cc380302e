"""One department's peer: its identity, packages, private data, contracts, and the channels it joined.

Public state and blocks belong to the channel and are shared by all peers of the process; what is here
is the department's own, in its own folder.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from fabric_protos.peer import proposal_response_pb2

from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import LedgerError, PackageError
from pyfabric.identity.msp import MSP
from pyfabric.identity.signing import SigningIdentity
from pyfabric.ledger.channel.channel import ChannelLedger, CommittedBlock
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.metrics import PeerMetrics
from pyfabric.ledger.peer.access import Access
from pyfabric.ledger.peer.approvals import Chaincode, chaincodes
from pyfabric.ledger.peer.chaincodes import Contracts
from pyfabric.ledger.peer.connection import Connection, read_connection
from pyfabric.ledger.peer.packages_store import PackageStore
from pyfabric.ledger.private.private_data import PrivateData
from pyfabric.ledger.private.private_store import PrivateStore
from pyfabric.ledger.traces import LARGEST_PAYLOAD, Step, asking
from pyfabric.messages.lifecycle import LIFECYCLE
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
    ) -> None:
        self.name = name
        self.address = address
        self.msp_id = identity.msp_id
        self.local_msp = local_msp
        self.builder = builder
        self.serialized = identity.serialized()
        self._identity = identity
        self._channels = channels
        self.packages = PackageStore(folder / "packages")
        self.private = PrivateData(
            PrivateStore(folder / "private.db"),
            self.serialized,
            self.msp_id,
            self.channel,
            lambda channel_id: [peer.private for peer in channels.members(channel_id)],
        )
        self.metrics = PeerMetrics(lambda: filter(None, map(self.channel, self.joined)))
        self.contracts = Contracts(self._connection, metrics=self.metrics.shim)
        self.access = Access(local_msp, self._configuration)
        self._chaincodes: dict[str, Mapping[str, Chaincode]] = {}
        for channel_id in self.joined:
            self.private.recover(channel_id)

    async def close(self) -> None:
        """End the contracts' streams and close the files."""
        await self.contracts.close()
        self.private.store.close()

    @property
    def joined(self) -> Sequence[str]:
        """The channels that this peer has joined."""
        return self._channels.joined(self.name)

    def channel(self, channel_id: str) -> ChannelLedger | None:
        """A channel that this peer has joined."""
        return self._channels.get(channel_id, self.name)

    def join(self, channel_id: str, block: bytes) -> None:
        """Join a channel by its genesis block; raises FabricError with Fabric's text."""
        if self.channel(channel_id) is not None:
            raise LedgerError(
                f"cannot create ledger from genesis block: ledger [{channel_id}] already exists "
                "with state [ACTIVE]"
            )
        self._channels.join(block, self.name)

    def chaincodes(self, channel_id: str) -> Mapping[str, Chaincode]:
        """The defined chaincodes of a channel as this peer sees them."""
        known = self._chaincodes.get(channel_id)
        channel = self.channel(channel_id)
        if known is None and channel is not None:
            with channel.snapshot() as reader:
                known = chaincodes(reader, self.msp_id, (one for one, _ in self.packages.listed()))
            self._chaincodes[channel_id] = known
        return known or {}

    def note(self, proposal: Proposal, did: str, because: str = "", payload: bytes = b"") -> None:
        """Remember what this peer did with a proposal, for `Traces`."""
        traces, transaction_id = self._channels.traces, proposal.transaction_id
        if not traces.of(transaction_id):
            arguments = proposal.invocation.chaincode_spec.input.args
            first = asking(proposal.creator_msp_id, proposal.called_name, arguments)
            traces.add(transaction_id, first)
        step = Step(self.name, self.msp_id, did, because, payload[: LARGEST_PAYLOAD + 1])
        traces.add(transaction_id, step)

    def restore(self, private_data: bytes, packages: Mapping[str, bytes]) -> None:
        """Make what this peer keeps for itself what it was."""
        self.private.store.restore(private_data)
        self.packages.restore(packages)
        self._chaincodes.clear()

    def install(self, package: ChaincodePackage) -> None:
        """Keep a package; definitions approved with it become endorsable."""
        self.packages.save(package)
        for channel_id in self.joined:
            self._chaincodes.pop(channel_id, None)
            self._channels.changed(channel_id)

    def sign(self, payload: bytes) -> proposal_response_pb2.Endorsement:
        """Endorse a proposal response payload."""
        return proposal_response_pb2.Endorsement(
            endorser=self.serialized, signature=self._identity.sign(payload + self.serialized)
        )

    def sign_message(self, message: bytes) -> bytes:
        """The peer's signature over a message to other peers."""
        return self._identity.sign(message)

    def _configuration(self, channel_id: str) -> ChannelConfig | None:
        channel = self.channel(channel_id)
        return None if channel is None else channel.config

    def _connection(self, package_id: str) -> Connection:
        if package_id not in self.packages:
            raise PackageError(f"chaincode install package '{package_id}' not found")
        package = ChaincodePackage.read(self.packages.load(package_id))
        return read_connection(package.connection(), self.builder)

    def committed(self, channel_id: str, block: CommittedBlock) -> None:
        """Take over what a committed block means for this peer."""
        channel = self.channel(channel_id)
        if channel is not None:
            self.metrics.ledger.committed(channel, block)
        self.private.settle(channel_id, block.number, block.transactions)
        if any(transaction.chaincode == LIFECYCLE for transaction in block.transactions):
            self._chaincodes.pop(channel_id, None)
