"""Joining orderers and peers to the channels; each step is safe to repeat."""

from collections.abc import Collection
from functools import partial

from pyfabric.errors import NetworkError
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.parallel import side_by_side
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import ChannelPlan, Plan


def join_orderers(plan: Plan, connections: Connections) -> None:
    """Join every orderer of this machine to every channel.

    Raises NetworkError for a channel that peers have blocks of and no orderer knows: its ledger is
    lost, and orderers that begin it again would order other blocks under the same numbers.
    """
    orderers = plan.own_orderers
    listed = side_by_side([connections.orderer(node).channels for node in orderers])
    if not plan.places:
        lost = [c for c in plan.channels.values() if not any(c.name in names for names in listed)]
        side_by_side([partial(_check_begins, plan, connections, channel) for channel in lost])
    side_by_side(
        [
            partial(_join_orderer, plan, connections, node, names)
            for node, names in zip(orderers, listed, strict=True)
        ]
    )


def join_peers(plan: Plan, connections: Connections) -> None:
    """Join every peer of this machine to the channels of its department."""
    side_by_side([partial(_join_peer, plan, connections, peer) for peer in plan.own_peers])


def joined_channels(plan: Plan, connections: Connections, node: Node) -> tuple[str, ...]:
    """Return the names of the channels that a node has joined."""
    if node.admin is not None:
        return connections.orderer(node).channels()
    return connections.admin(plan.owner(node)).channels(endpoint(node))


def _check_begins(plan: Plan, connections: Connections, channel: ChannelPlan) -> None:
    """Raise NetworkError if a peer has more of a channel than its genesis block."""
    for peer in channel.peers():
        if channel.name not in joined_channels(plan, connections, peer):
            continue
        admin = connections.admin(plan.owner(peer))
        height = admin.chain_info(endpoint(peer), channel.name).height
        if height > 1:
            raise NetworkError(
                f"no orderer has the blocks of {channel.name}, of which {peer.name} has {height}: "
                "restore an orderer's data from a backup (docs/departments.md)"
            )


def _join_orderer(
    plan: Plan, connections: Connections, node: Node, listed: Collection[str]
) -> None:
    for channel in plan.channels.values():
        if channel.name not in listed:
            connections.orderer(node).join(channel.block.read_bytes())


def _join_peer(plan: Plan, connections: Connections, peer: Node) -> None:
    department = plan.owner(peer)
    joined = joined_channels(plan, connections, peer)
    for channel in plan.channels.values():
        if department in channel.departments and channel.name not in joined:
            admin = connections.admin(department)
            admin.join_channel(endpoint(peer), channel.block.read_bytes())
