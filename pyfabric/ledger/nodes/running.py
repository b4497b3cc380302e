"""The peers, orderers and CA servers of a process, which come and go while the others run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from pyfabric.ledger.config import LedgerConfig
from pyfabric.ledger.nodes.ca import CANode
from pyfabric.ledger.nodes.operations import Watching
from pyfabric.ledger.nodes.orderer import OrdererNode
from pyfabric.ledger.nodes.peer import PeerEnvironment, PeerNode
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.services.gateway.submit import Broadcast


@dataclass(frozen=True, slots=True)
class RunningNodes:
    """The nodes by name. `broadcasts` has the orderers by address, as the peers' gateways know them."""

    chains: Chains
    shared: PeerEnvironment
    watching: Watching
    now: Callable[[], datetime]
    broadcasts: dict[str, Broadcast]
    peers: dict[str, PeerNode] = field(default_factory=dict)
    cas: dict[str, CANode] = field(default_factory=dict)
    orderers: dict[str, OrdererNode] = field(default_factory=dict)

    async def apply(self, config: LedgerConfig) -> None:
        """Run the nodes of a configuration: others stop, new ones start, and those that run go on as they are.

        A CA server with other settings is started again: it gets more CAs when its department gets orderers. Raises FabricError for one that cannot start; what started before runs then.
        """
        for name in self.peers.keys() - {one.name for one in config.peers}:
            await self._stop_peer(name)
        for name in self.orderers.keys() - {one.name for one in config.orderers}:
            await self._stop_orderer(name)
        for name in [name for name, node in self.cas.items() if node.config not in config.cas]:
            await self.cas.pop(name).stop()
        for ca in config.cas:
            if ca.name not in self.cas:
                self.cas[ca.name] = await CANode.start(
                    ca, self.now, self.shared.random, self.watching
                )
        for one in config.orderers:
            if one.name not in self.orderers:
                node = await OrdererNode.start(one, self.chains, self.now, self.watching)
                self.orderers[one.name] = node
                self.broadcasts[one.address] = node.broadcast
        for peer in config.peers:
            if peer.name not in self.peers:
                folder = config.folder / "peers" / peer.name
                self.peers[peer.name] = await PeerNode.start(
                    peer, folder, self.shared, self.watching
                )

    async def stop(self) -> None:
        """Stop all nodes, the last that started first: channels stay as they are."""
        while self.cas:
            await self.cas.popitem()[1].stop()
        while self.peers:
            await self.peers.popitem()[1].stop()
        while self.orderers:
            await self.orderers.popitem()[1].stop()

    async def _stop_peer(self, name: str) -> None:
        node = self.peers.pop(name)
        await node.stop()  # first: calls that run need the others to know it
        self.shared.peers.remove(node.peer)

    async def _stop_orderer(self, name: str) -> None:
        node = self.orderers.pop(name)
        await node.stop()  # first: calls that run need its channels
        for address in [key for key, one in self.broadcasts.items() if one == node.broadcast]:
            del self.broadcasts[address]
        for chain in tuple(node.orderer.joined.values()):
            await self.chains.leave(chain, name)
