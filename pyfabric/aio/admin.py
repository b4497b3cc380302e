"""Administering peers and orderers, in an event loop."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from pyfabric._grpc.drivers import AsyncDriver
from pyfabric.admin import discovery, lifecycle, orderers, peers, updates
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
from pyfabric.admin.orderers import ChannelInfo
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.admin.peers import ChainInfo, ProcessedTransaction
from pyfabric.client.effects import Endpoint
from pyfabric.client.transactions import SubmitResult
from pyfabric.identity.signing import SigningIdentity


class Admin:
    """What one administrator does on peers, each time on the very peer that is named.

    Refusals raise PeerResponseError with the peer's own text; approvals and commits raise what a
    submit raises. Use it in an `async with` statement, or close it.
    """

    def __init__(self, identity: SigningIdentity) -> None:
        self._identity = identity
        self._driver = AsyncDriver()

    async def install(self, peer: Endpoint, package: ChaincodePackage) -> str:
        """The package is on the peer; the answer is its id. That it was there already is no error."""
        return await self._driver.run(lifecycle.install(peer, self._identity, package))

    async def installed(self, peer: Endpoint) -> tuple[InstalledChaincode, ...]:
        """What is installed on the peer, by package id."""
        return await self._driver.run(lifecycle.installed(peer, self._identity))

    async def installed_package(self, peer: Endpoint, package_id: str) -> ChaincodePackage:
        """A package as it was installed."""
        return await self._driver.run(lifecycle.installed_package(peer, self._identity, package_id))

    async def approve(
        self, peer: Endpoint, channel: str, definition: ChaincodeDefinition, package_id: str | None
    ) -> SubmitResult:
        """The organisation has approved the definition; None: its peers will not run the chaincode."""
        return await self._driver.run(
            lifecycle.approve(peer, self._identity, channel, definition, package_id)
        )

    async def check_commit_readiness(
        self, peer: Endpoint, channel: str, definition: ChaincodeDefinition
    ) -> Mapping[str, bool]:
        """Which organisations, by MSP id, have approved exactly this definition."""
        return await self._driver.run(
            lifecycle.check_commit_readiness(peer, self._identity, channel, definition)
        )

    async def commit(
        self,
        peer: Endpoint,
        channel: str,
        definition: ChaincodeDefinition,
        endorsing_organizations: Sequence[str] = (),
    ) -> SubmitResult:
        """The definition is in force; without MSP ids the peer chooses who endorses that."""
        return await self._driver.run(
            lifecycle.commit(peer, self._identity, channel, definition, endorsing_organizations)
        )

    async def committed(self, peer: Endpoint, channel: str) -> tuple[ChaincodeDefinition, ...]:
        """The definitions in force on the channel, by name."""
        return await self._driver.run(lifecycle.committed(peer, self._identity, channel))

    async def committed_definition(
        self, peer: Endpoint, channel: str, name: str
    ) -> CommittedDefinition:
        """The definition of one chaincode, with who approved it; status 404 when it has none."""
        return await self._driver.run(
            lifecycle.committed_definition(peer, self._identity, channel, name)
        )

    async def approved(
        self, peer: Endpoint, channel: str, name: str, sequence: int = 0
    ) -> ApprovedDefinition:
        """What the organisation approved: at that sequence, or the newest when it is 0."""
        return await self._driver.run(
            lifecycle.approved(peer, self._identity, channel, name, sequence)
        )

    async def join_channel(self, peer: Endpoint, block: bytes) -> None:
        """The peer is on the channel of this configuration block."""
        await self._driver.run(peers.join_channel(peer, self._identity, block))

    async def channels(self, peer: Endpoint) -> tuple[str, ...]:
        """The names of the channels that the peer has joined."""
        return await self._driver.run(peers.channels(peer, self._identity))

    async def config_block(self, peer: Endpoint, channel: str) -> bytes:
        """The newest configuration block (bytes of common.Block)."""
        return await self._driver.run(peers.config_block(peer, self._identity, channel))

    async def config(self, peer: Endpoint, channel: str) -> bytes:
        """The configuration in force (bytes of common.Config), from which updates are computed."""
        return config_of_block(await self.config_block(peer, channel))

    async def sign_update(self, update: bytes) -> bytes:
        """A signature over an update (bytes of common.ConfigUpdate), to be collected for its submit."""
        return await self._driver.run(updates.sign_update(self._identity, update))

    async def submit_update(
        self, orderer: Endpoint, channel: str, update: bytes, signatures: Sequence[bytes]
    ) -> None:
        """The orderer has taken an update with these signatures; in force with its configuration block.

        OrdererError when it refuses. A signature of one's own counts only if it is among them.
        """
        await self._driver.run(
            updates.submit_update(orderer, self._identity, channel, update, signatures)
        )

    async def chain_info(self, peer: Endpoint, channel: str) -> ChainInfo:
        """How far the peer has come on the channel."""
        return await self._driver.run(peers.chain_info(peer, self._identity, channel))

    async def block(self, peer: Endpoint, channel: str, which: int | str | bytes) -> bytes:
        """A block (bytes of common.Block) by its number, a transaction's id or its hash."""
        return await self._driver.run(peers.block(peer, self._identity, channel, which))

    async def transaction(
        self, peer: Endpoint, channel: str, transaction_id: str
    ) -> ProcessedTransaction:
        """A transaction by its id."""
        return await self._driver.run(
            peers.transaction(peer, self._identity, channel, transaction_id)
        )

    async def discover_peers(
        self, peer: Endpoint, channel: str, calls: Sequence[ChaincodeCall] = ()
    ) -> tuple[DiscoveredPeer, ...]:
        """The channel's peers as the peer knows them; with calls, those that can serve all of them."""
        return await self._driver.run(
            discovery.discover_peers(peer, self._identity, channel, calls)
        )

    async def discover_local_peers(self, peer: Endpoint) -> tuple[DiscoveredPeer, ...]:
        """All peers that the peer knows, of whichever channel."""
        return await self._driver.run(discovery.discover_local_peers(peer, self._identity))

    async def discover_config(self, peer: Endpoint, channel: str) -> DiscoveredConfig:
        """The channel's members and orderers."""
        return await self._driver.run(discovery.discover_config(peer, self._identity, channel))

    async def discover_endorsers(
        self, peer: Endpoint, channel: str, calls: Sequence[ChaincodeCall]
    ) -> DiscoveredEndorsers:
        """Who can endorse a transaction that makes these calls; DiscoveryError when nobody can."""
        return await self._driver.run(
            discovery.discover_endorsers(peer, self._identity, channel, calls)
        )

    async def close(self) -> None:
        """End the connections. Safe to repeat."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class OrdererAdmin:
    """One orderer's channels, through its participation API (the endpoint is the admin address).

    Refusals raise OrdererError with the orderer's own text. Use it in an `async with` statement, or close it.
    """

    def __init__(self, orderer: Endpoint) -> None:
        self._orderer = orderer
        self._driver = AsyncDriver()

    async def join(self, block: bytes) -> ChannelInfo:
        """The orderer is on the channel of this configuration block."""
        return await self._driver.run(orderers.join(self._orderer, block))

    async def channels(self) -> tuple[str, ...]:
        """The names of the channels that the orderer is on."""
        return await self._driver.run(orderers.channels(self._orderer))

    async def channel(self, name: str) -> ChannelInfo:
        """The orderer's part in a channel; status 404 when it is not on it."""
        return await self._driver.run(orderers.channel(self._orderer, name))

    async def remove(self, name: str) -> None:
        """The orderer has left the channel and deleted its blocks."""
        await self._driver.run(orderers.remove(self._orderer, name))

    async def close(self) -> None:
        """End the connections. Safe to repeat."""
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
