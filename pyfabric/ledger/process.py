"""The whole process: the channels' ledgers, every peer and orderer, and the contract hosts."""

import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
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
from pyfabric.ledger.nodes.peer import PeerEnvironment
from pyfabric.ledger.nodes.running import RunningNodes
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.services.gateway.submit import Broadcast, Ordering
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
        nodes: RunningNodes,
        restoring: Restoring,
        stack: AsyncExitStack,
    ) -> None:
        self.hosts = hosts
        self.restoring = restoring
        self.peers = nodes.peers
        self.orderers = nodes.orderers
        self._nodes = nodes
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
            broadcasts: dict[str, Broadcast] = {}
            shared = PeerEnvironment(
                channels, Ordering(broadcasts, random), traces, clock.now, random
            )
            nodes = RunningNodes(chains, shared, watching, clock.now, broadcasts)
            stack.push_async_callback(nodes.stop)
            await nodes.apply(config)
            restoring = Restoring(
                chains,
                shared.peers,
                lambda: [each.orderer for each in nodes.orderers.values()],
                config.folder / "restoring",
            )
            await restoring.finish()
            await hosts.apply(config.hosts)
            if config.development is not None:
                development = Development(chains, shared.peers, restoring, clock)
                service = await DevelopmentService.start(config.development, development.calls)
                stack.push_async_callback(service.stop)
            return cls(hosts, nodes, restoring, stack.pop_all())
        raise AssertionError("a node neither started nor failed")

    async def reload(self, config: LedgerConfig) -> None:
        """Take over the nodes and contract hosts of a new configuration; raises FabricError.

        Nodes that run and are in it go on as they are, also if it has other settings for them.
        """
        await self._nodes.apply(config)
        await self.hosts.apply(config.hosts)

    async def stop(self) -> None:
        """Stop everything: first the servers, so that calls under way still find their contracts."""
        await self._stack.aclose()
