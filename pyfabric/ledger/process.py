"""The whole process: the channels' ledgers, every peer and orderer, and the contract hosts."""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from random import Random

from pyfabric._operations.levels import Levels
from pyfabric.client.tracing import Tracer
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.clock import Clock
from pyfabric.ledger.config import LedgerConfig
from pyfabric.ledger.development.restoring import Restoring
from pyfabric.ledger.development.service import DevelopmentService
from pyfabric.ledger.development.tools import Development
from pyfabric.ledger.nodes.hosts import ContractHosts
from pyfabric.ledger.nodes.operations import Watching
from pyfabric.ledger.nodes.orderer import OrdererNode
from pyfabric.ledger.nodes.peer import PeerEnvironment, PeerNode
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.services.gateway.submit import Ordering
from pyfabric.ledger.traces import Traces

_log = logging.getLogger("pyfabric.ledger")

WARNING = "development ledger: not for production"


class LedgerProcess:
    """A running development ledger. Make it with `start`; `stop` stops it.

    `peers` and `orderers` are the nodes by name; each has the port where it listens.
    """

    def __init__(
        self,
        hosts: ContractHosts,
        peers: dict[str, PeerNode],
        orderers: dict[str, OrdererNode],
        restoring: Restoring,
        stack: AsyncExitStack,
    ) -> None:
        self.hosts = hosts
        self.restoring = restoring
        self.peers = peers
        self.orderers = orderers
        self._stack = stack

    @classmethod
    async def start(
        cls,
        config: LedgerConfig,
        now: Callable[[], datetime],
        nonce: Callable[[], bytes],
        random: Random,
        tracer: Tracer | None = None,
    ) -> "LedgerProcess":
        """Start everything; raises FabricError, and then leaves nothing running.

        `tracer` gets a span of each unary call that a node serves.
        """
        _log.warning(WARNING)
        clock = Clock(now)
        watching = Watching(Levels(), clock.now, tracer)
        async with AsyncExitStack() as stack:
            channels = Channels(config.folder / "channels")
            stack.callback(channels.close)
            traces = Traces()
            chains = Chains(channels, nonce, traces)
            stack.push_async_callback(chains.close)
            hosts = ContractHosts()
            stack.push_async_callback(hosts.stop)
            orderers = {}
            for one in config.orderers:
                orderer = await OrdererNode.start(one, chains, clock.now, watching)
                stack.push_async_callback(orderer.stop)
                orderers[one.name] = orderer
            ordering = Ordering(
                {one.address: orderers[one.name].broadcast for one in config.orderers},
                random,
            )
            shared = PeerEnvironment(channels, ordering, traces, clock.now, random)
            peers = {}
            for peer in config.peers:
                folder = _peer_folder(config, peer.name)
                node = await PeerNode.start(peer, folder, shared, watching)
                stack.push_async_callback(node.stop)
                peers[peer.name] = node
            restoring = Restoring(
                chains,
                shared.peers,
                [each.orderer for each in orderers.values()],
                config.folder / "restoring",
            )
            await restoring.finish()
            await hosts.apply(config.hosts)
            if config.development is not None:
                development = Development(chains, shared.peers, restoring, clock)
                service = await DevelopmentService.start(config.development, development.calls)
                stack.push_async_callback(service.stop)
            return cls(hosts, peers, orderers, restoring, stack.pop_all())
        raise AssertionError("a node neither started nor failed")

    async def reload(self, config: LedgerConfig) -> None:
        """Take over the contract hosts of a new configuration; raises NetworkError."""
        await self.hosts.apply(config.hosts)

    async def stop(self) -> None:
        """Stop everything: first the servers, so that calls under way still find their contracts."""
        await self._stack.aclose()


def _peer_folder(config: LedgerConfig, name: str) -> Path:
    return config.folder / "peers" / name
