"""Administration of peers and orderers."""

from collections.abc import Mapping, Sequence

from pyfabric.admin import discovery, lifecycle, orderers, peers, snapshots, updates
from pyfabric.admin.config.update import config_of_block
from pyfabric.admin.definitions import (
    ApprovedDefinition,
    ChaincodeDefinition,
    CommittedDefinition,
)
from pyfabric.admin.discovery import (
    ChaincodeCall,
    DiscoveredConfig,
    DiscoveredEndorsers,
    DiscoveredPeer,
)
from pyfabric.admin.lifecycle import InstalledChaincode
from pyfabric.admin.ordered_blocks import ordered_config_block
from pyfabric.admin.orderers import BlockPlace, ChannelInfo
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.admin.peers import ChainInfo, ProcessedTransaction
from pyfabric.admin.snapshots import JoinBySnapshotStatus
from pyfabric.aio.administration import Administration
from pyfabric.client.effects import Endpoint
from pyfabric.client.transactions import SubmitResult
from pyfabric.identity.signing import SigningIdentity


class Admin(Administration):
    """What an administrator does on peers; each method names the peer that is asked.

    A peer's refusal raises PeerResponseError with its own text; a call that fails raises GatewayError;
    approvals and commits raise what `Contract.submit` raises. Close it, or open it in `async with`.
    """

    def __init__(self, identity: SigningIdentity) -> None:
        super().__init__()
        self._identity = identity

    async def install(self, peer: Endpoint, package: ChaincodePackage) -> str:
        """Install a package on a peer and return its id; that it is installed already is no error."""
        return await self._driver.run(lifecycle.install(peer, self._identity, package))

    async def installed(self, peer: Endpoint) -> tuple[InstalledChaincode, ...]:
        """Return what is installed on the peer, sorted by package id."""
        return await self._driver.run(lifecycle.installed(peer, self._identity))

    async def installed_package(self, peer: Endpoint, package_id: str) -> ChaincodePackage:
        """Return a package as it was installed."""
        return await self._driver.run(lifecycle.installed_package(peer, self._identity, package_id))

    async def approve(
        self, peer: Endpoint, channel: str, definition: ChaincodeDefinition, package_id: str | None
    ) -> SubmitResult:
        """Approve a definition for the administrator's organisation, and wait until that is committed.

        With None as the package id the organisation's peers do not run the chaincode.
        """
        return await self._driver.run(
            lifecycle.approve(peer, self._identity, channel, definition, package_id)
        )

    async def check_commit_readiness(
        self, peer: Endpoint, channel: str, definition: ChaincodeDefinition
    ) -> Mapping[str, bool]:
        """Return whether each organisation, by MSP id, has approved exactly this definition."""
        return await self._driver.run(
            lifecycle.check_commit_readiness(peer, self._identity, channel, definition)
        )

    async def unapproved_parts(
        self, peer: Endpoint, channel: str, definition: ChaincodeDefinition
    ) -> Mapping[str, tuple[str, ...]]:
        """Return which parts of a definition each organisation, by MSP id, has not approved.

        `ChaincodeParameters`: it has approved nothing with this sequence. Otherwise it has approved another
        definition: `EndorsementInfo` (version, init_required), `ValidationInfo` (endorsement policy) or
        `Collections` differ. Fabric 2.5 names no parts. Organisations that approved exactly this one are left out.
        """
        return await self._driver.run(
            lifecycle.unapproved_parts(peer, self._identity, channel, definition)
        )

    async def commit(
        self,
        peer: Endpoint,
        channel: str,
        definition: ChaincodeDefinition,
        endorsing_organizations: Sequence[str] = (),
    ) -> SubmitResult:
        """Commit a definition, and wait until it is in force.

        `endorsing_organizations` are MSP ids; without them the peer chooses.
        """
        return await self._driver.run(
            lifecycle.commit(peer, self._identity, channel, definition, endorsing_organizations)
        )

    async def committed(self, peer: Endpoint, channel: str) -> tuple[ChaincodeDefinition, ...]:
        """Return the definitions in force on the channel, sorted by name."""
        return await self._driver.run(lifecycle.committed(peer, self._identity, channel))

    async def committed_definition(
        self, peer: Endpoint, channel: str, name: str
    ) -> CommittedDefinition:
        """Return a chaincode's definition and who approved it.

        Raises PeerResponseError with status 404 when it has none.
        """
        return await self._driver.run(
            lifecycle.committed_definition(peer, self._identity, channel, name)
        )

    async def approved(
        self, peer: Endpoint, channel: str, name: str, sequence: int = 0
    ) -> ApprovedDefinition:
        """Return what the organisation approved at a sequence; 0 means the newest."""
        return await self._driver.run(
            lifecycle.approved(peer, self._identity, channel, name, sequence)
        )

    async def join_channel(self, peer: Endpoint, block: bytes) -> None:
        """Join the peer to the channel of a configuration block (bytes of common.Block)."""
        await self._driver.run(peers.join_channel(peer, self._identity, block))

    async def join_by_snapshot(self, peer: Endpoint, folder: str) -> None:
        """Request that the peer joins the channel of a snapshot, whose folder is on the peer's machine.

        The peer joins after it has answered (`join_by_snapshot_status`), and will have no blocks from before the
        snapshot. The development ledger refuses.
        """
        await self._driver.run(snapshots.join_by_snapshot(peer, self._identity, folder))

    async def join_by_snapshot_status(self, peer: Endpoint) -> JoinBySnapshotStatus:
        """Return whether the peer is joining a channel by a snapshot now."""
        return await self._driver.run(snapshots.join_by_snapshot_status(peer, self._identity))

    async def request_snapshot(self, peer: Endpoint, channel: str, block_number: int = 0) -> None:
        """Request that the peer makes a snapshot when it has committed a block; 0 stands for the newest one.

        The peer answers before the snapshot is made. The development ledger refuses.
        """
        await self._driver.run(
            snapshots.request_snapshot(peer, self._identity, channel, block_number)
        )

    async def cancel_snapshot(self, peer: Endpoint, channel: str, block_number: int) -> None:
        """Cancel a request for a snapshot that the peer has not begun."""
        await self._driver.run(
            snapshots.cancel_snapshot(peer, self._identity, channel, block_number)
        )

    async def pending_snapshots(self, peer: Endpoint, channel: str) -> tuple[int, ...]:
        """Return the numbers of the blocks at which the peer will make a snapshot, sorted."""
        return await self._driver.run(snapshots.pending_snapshots(peer, self._identity, channel))

    async def channels(self, peer: Endpoint) -> tuple[str, ...]:
        """Return the names of the channels that the peer has joined."""
        return await self._driver.run(peers.channels(peer, self._identity))

    async def config_block(self, peer: Endpoint, channel: str) -> bytes:
        """Return the newest configuration block (bytes of common.Block)."""
        return await self._driver.run(peers.config_block(peer, self._identity, channel))

    async def config(self, peer: Endpoint, channel: str) -> bytes:
        """Return the configuration in force (bytes of common.Config); updates are computed from it."""
        return config_of_block(await self.config_block(peer, channel))

    async def channel_config(self, peer: Endpoint, channel: str) -> bytes:
        """Return the configuration in force (bytes of common.Config), as the peer's state has it.

        Unlike `config`, it needs no configuration block, which a peer that joined by a snapshot may not have.
        """
        return await self._driver.run(peers.channel_config(peer, self._identity, channel))

    async def ordered_config(self, orderer: Endpoint, channel: str) -> bytes:
        """Return the newest configuration (bytes of common.Config) that an orderer has.

        In maintenance mode peers receive no blocks, and orderers send them to administrators and nodes of the orderers'
        organisations alone. Raises DeliverError when the orderer refuses.
        """
        return config_of_block(await self.ordered_config_block(orderer, channel))

    async def ordered_config_block(self, orderer: Endpoint, channel: str) -> bytes:
        """Return the newest configuration block (bytes of common.Block) that an orderer has; see `ordered_config`.

        With it another orderer joins a channel whose orderers are no longer those of its genesis block.
        """
        return await self._driver.run(ordered_config_block(orderer, self._identity, channel))

    async def sign_update(self, update: bytes) -> bytes:
        """Sign an update (bytes of common.ConfigUpdate); `submit_update` takes such signatures.

        Raises ConfigError for bytes that are no configuration update of a channel.
        """
        return await self._driver.run(updates.sign_update(self._identity, update))

    async def submit_update(
        self, orderer: Endpoint, channel: str, update: bytes, signatures: Sequence[bytes]
    ) -> None:
        """Send an update with its signatures to an orderer.

        It is in force when the peers have committed its configuration block. The administrator's own
        signature counts only if it is among the signatures. Raises OrdererError when it is refused,
        and ConfigError when it is an update of another channel.
        """
        await self._driver.run(
            updates.submit_update(orderer, self._identity, channel, update, signatures)
        )

    async def chain_info(self, peer: Endpoint, channel: str) -> ChainInfo:
        """Return the height and the newest hashes of the peer's copy of the channel."""
        return await self._driver.run(peers.chain_info(peer, self._identity, channel))

    async def block(self, peer: Endpoint, channel: str, which: int | str | bytes) -> bytes:
        """Return a block (bytes of common.Block) by its number (int), its hash (bytes) or the id of one
        of its transactions (str)."""
        return await self._driver.run(peers.block(peer, self._identity, channel, which))

    async def transaction(
        self, peer: Endpoint, channel: str, transaction_id: str
    ) -> ProcessedTransaction:
        """Return a transaction and its validation code by its id."""
        return await self._driver.run(
            peers.transaction(peer, self._identity, channel, transaction_id)
        )

    async def discover_peers(
        self, peer: Endpoint, channel: str, calls: Sequence[ChaincodeCall] = ()
    ) -> tuple[DiscoveredPeer, ...]:
        """Return the channel's peers that the peer knows; with calls, those that can serve all of them."""
        return await self._driver.run(
            discovery.discover_peers(peer, self._identity, channel, calls)
        )

    async def discover_local_peers(self, peer: Endpoint) -> tuple[DiscoveredPeer, ...]:
        """Return every peer that the peer knows, of any channel."""
        return await self._driver.run(discovery.discover_local_peers(peer, self._identity))

    async def discover_config(self, peer: Endpoint, channel: str) -> DiscoveredConfig:
        """Return the channel's members and orderers."""
        return await self._driver.run(discovery.discover_config(peer, self._identity, channel))

    async def discover_endorsers(
        self, peer: Endpoint, channel: str, calls: Sequence[ChaincodeCall]
    ) -> DiscoveredEndorsers:
        """Return who can endorse a transaction that makes these calls.

        Raises DiscoveryError when no set of peers can.
        """
        return await self._driver.run(
            discovery.discover_endorsers(peer, self._identity, channel, calls)
        )


class OrdererAdmin(Administration):
    """The channels of one orderer, through its participation API (the endpoint is the admin address).

    A refusal raises OrdererError with the orderer's own text. Close it, or open it in `async with`.
    """

    def __init__(self, orderer: Endpoint) -> None:
        super().__init__()
        self._orderer = orderer

    async def join(self, block: bytes) -> ChannelInfo:
        """Join the orderer to the channel of a configuration block (bytes of common.Block)."""
        return await self._driver.run(orderers.join(self._orderer, block))

    async def channels(self) -> tuple[str, ...]:
        """Return the names of the orderer's channels."""
        return await self._driver.run(orderers.channels(self._orderer))

    async def channel(self, name: str) -> ChannelInfo:
        """Return the orderer's part in a channel. Raises OrdererError with status 404 when it has none."""
        return await self._driver.run(orderers.channel(self._orderer, name))

    async def block(self, name: str, which: int | BlockPlace) -> bytes:
        """Return a block (bytes of common.Block) by its number, or the newest, the oldest or the newest configuration's.

        The participation API of Fabric 3.1 has it, for consenters. Raises OrdererError with status 404 where there is none.
        """
        return await self._driver.run(orderers.block(self._orderer, name, which))

    async def remove(self, name: str) -> None:
        """Remove the orderer from a channel, and the channel's blocks from the orderer."""
        await self._driver.run(orderers.remove(self._orderer, name))
