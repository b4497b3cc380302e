"""One node of this machine after the other is stopped and started, with other files or another release.

The others serve meanwhile: an orderer is stopped only while enough of the others run, and the next node only when the
last one works again.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.local.sockets import listens
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric_network.channels.carrying import configurations
from pyfabric_network.connections import Connections
from pyfabric_network.outages import consenter_at, quorum
from pyfabric_network.readiness import Readiness
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

_FIRST_PAUSE: Final = 1.5
"""Of gRPC's clients before they connect again: 1 s with 20 % of chance, then 1.6 times as long each time."""
_LONGEST_PAUSE: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Restarting:
    """Stops and starts nodes of this machine."""

    plan: Plan
    runtime: Runtime
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep

    def check(self, node: Node, configs: Mapping[str, ChannelConfig]) -> None:
        """Raise NetworkError if without an orderer too few would order, though there are enough of them."""
        if node.admin is None:
            return
        up = sum(one != node and listens(one.outside) for one in self.plan.orderers)
        for name, config in configs.items():
            if consenter_at(config, node) is None:
                continue
            needed = min(quorum(config), len(config.consenters) - 1)
            if up < needed:
                raise NetworkError(
                    f"{node.name} is not touched: {needed} other orderers of {name} must run, and {up} do: without it "
                    "nothing would be ordered"
                )

    def start(self, node: Node) -> None:
        """Start a node, and wait until all channels work with it; raises NetworkError."""
        self.runtime.resume(self.plan, node)
        self.introduce(node)
        self.await_work(node)

    def introduce(self, node: Node) -> None:
        """Write to the channels what they must have of a node before the others connect to it: nothing here."""

    def await_work(self, node: Node) -> None:
        """Wait until all channels work with a node, it has their blocks, and the peers of this machine receive them.

        A peer that has just started endorses with nobody until it has met the peers of other machines: those that take
        connections get a while. Raises NetworkError.
        """
        with Connections(self.plan) as connections:
            ready = Readiness(self.plan, connections)
            ready.await_channels()
            ready.await_blocks(node)
            ready.behind()
            if node.admin is None:
                ready.absent()

    def restart(self, node: Node, change: Callable[[], None]) -> None:
        """Stop a node, change what it starts with, and start it; raises NetworkError if it may not stop.

        Clients that have missed it come back after a pause, which grows with the time that it took: the next node
        waits for them.
        """
        self.check(node, configurations(self.plan))
        began = self.clock()
        self.runtime.halt(self.plan, node)
        change()
        self.start(node)
        if node.admin is None:
            self.sleep(min(_LONGEST_PAUSE, _FIRST_PAUSE + self.clock() - began))
