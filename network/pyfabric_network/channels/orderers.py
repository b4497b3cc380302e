"""An orderer that takes its part in a channel, step by step: a follower, a consenter, gone.

Source of the order: "Reconfiguration" in Fabric's raft_configuration.md and bft_configuration.md.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from pyfabric.admin import ChannelInfo
from pyfabric.errors import FabricError, GatewayError, NetworkError, OrdererError
from pyfabric.gateway import OrdererAdmin
from pyfabric.local.waiting import poll
from pyfabric_network.connections import Connections
from pyfabric_network.joining import join_one
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import ChannelPlan, Plan

CONSENTER: Final = "consenter"
_ACTIVE: Final = "active"
_SECONDS: Final = 120.0
_PAUSE: Final = 0.1
_NOT_FOUND: Final = 404
_DELETING_SECONDS: Final = 30.0


def part_of(orderer: OrdererAdmin, channel: str) -> ChannelInfo | None:
    """Return what an orderer is to a channel; None if it has not joined."""
    try:
        return orderer.channel(channel)
    except OrdererError as error:
        if error.status != _NOT_FOUND:
            raise
        return None


def remove_from(orderer: OrdererAdmin, node: Node, channel: str) -> None:
    """Remove an orderer from a channel, and return once its blocks of it are deleted.

    An orderer of Fabric deletes them after its answer (Registrar.removeLedgerAsync), and until then joins no more. Raises
    OrdererError with status 404 if it has not joined, and NetworkError if it does not delete them.
    """
    orderer.remove(channel)
    left = poll(partial(part_of, orderer, channel), every=_PAUSE, timeout=_DELETING_SECONDS)
    if left is not None:
        raise NetworkError(
            f"{node.name} has not deleted its blocks of {channel} within {_DELETING_SECONDS:g} s (it says: {left.status}); see its log"
        )


@dataclass(frozen=True)
class Part:
    """The part of one orderer of this machine in one channel."""

    plan: Plan
    connections: Connections
    channel: ChannelPlan
    node: Node

    def follow(self) -> None:
        """Join as a follower, and wait until the orderer has the blocks that the consenters have.

        Only then may it count for their quorum. Raises NetworkError if it takes more than two minutes.
        """
        join_one(self.plan, self.connections, self.channel, self.node)
        wanted = max(self._heights(), default=0)
        self._await(
            lambda info: info.status == _ACTIVE and info.height >= wanted,
            f"has the {wanted} blocks of the others",
        )

    def follows(self) -> bool:
        """Return whether the orderer has all blocks up to the one by which it joined."""
        info = self.info()
        return info is not None and info.status == _ACTIVE

    def await_consenter(self) -> None:
        """Wait until the orderer has seen that it is a consenter; raises NetworkError after two minutes."""
        self._await(
            lambda info: info.status == _ACTIVE and info.consensus_relation == CONSENTER,
            "is a consenter",
        )

    def leave(self) -> None:
        """Take the orderer, which is no consenter any more, out of the channel; one that does not answer is left."""
        try:
            remove_from(self.connections.orderer(self.node), self.node, self.channel.name)
        except OrdererError as error:
            if error.status != _NOT_FOUND:
                raise
        except GatewayError:  # it does not run, or is lost
            pass

    def info(self) -> ChannelInfo | None:
        """Return the orderer's part as it reports it; None if it does not answer or has none."""
        with suppress(FabricError):
            return self.connections.orderer(self.node).channel(self.channel.name)
        return None

    def _heights(self) -> list[int]:
        found = [
            Part(self.plan, self.connections, self.channel, node).info()
            for node in self.plan.own_orderers
            if node is not self.node
        ]
        return [one.height for one in found if one is not None]

    def _await(self, is_so: Callable[[ChannelInfo], bool], what: str) -> None:
        info = poll(
            self.info,
            until=lambda found: found is not None and is_so(found),
            every=_PAUSE,
            timeout=_SECONDS,
        )
        if info is None or not is_so(info):
            raise NetworkError(
                f"{self.node.name} does not report that it {what} on {self.channel.name} after {_SECONDS:.0f} s: {info}; "
                "see `pyfabric network logs`, and run the command again"
            )
