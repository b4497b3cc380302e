"""Joining orderers and peers to the channels; each step is safe to repeat."""

from collections.abc import Collection
from contextlib import suppress
from functools import partial

from pyfabric.errors import FabricError, NetworkError
from pyfabric.messages.blocks import parse_block
from pyfabric_network.connections import Connections, administrators, endpoint
from pyfabric_network.parallel import side_by_side
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import ChannelPlan, Plan
from pyfabric_network.updating import ordered_config_block


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


def join_one(plan: Plan, connections: Connections, channel: ChannelPlan, node: Node) -> bool:
    """Join a node to a channel that runs already, unless it has joined; return whether it had not.

    A peer begins with the genesis block, an orderer with the newest configuration block: its consenters are those
    of now, from whom it gets the earlier blocks.
    """
    if channel.name in joined_channels(plan, connections, node):
        return False
    if node.admin is None:
        connections.admin(plan.owner(node)).join_channel(endpoint(node), channel.block.read_bytes())
    else:
        connections.orderer(node).join(newest_config_block(plan, connections, channel))
    return True


def newest_config_block(plan: Plan, connections: Connections, channel: ChannelPlan) -> bytes:
    """Return a channel's newest configuration block, as the peers of this machine or other machines' orderers have it.

    The genesis block, where none of them answers.
    """
    blocks = [channel.block.read_bytes()]
    elsewhere = [
        endpoint(node)
        for node in plan.orderers
        if node not in plan.own_orderers and node.member.tls_roots.exists()
    ]
    if elsewhere:
        everyone = administrators(plan).values()
        ordered = ordered_config_block(channel.name, everyone, elsewhere)
        blocks += [] if ordered is None else [ordered]
    for department in channel.own:
        admin = connections.admin(department)
        for peer in channel.peers_of(department):
            with suppress(FabricError):  # a peer that does not run, or that has yet to join
                blocks.append(admin.config_block(endpoint(peer), channel.name))
    return max(blocks, key=lambda block: parse_block(block).header.number)


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
        if channel.name not in listed and node.name not in channel.left:
            # On one machine no orderer knows the channel yet; on many, the others may have changed it since.
            begins = not plan.places
            block = (
                channel.block.read_bytes()
                if begins
                else newest_config_block(plan, connections, channel)
            )
            connections.orderer(node).join(block)


def _join_peer(plan: Plan, connections: Connections, peer: Node) -> None:
    joined = joined_channels(plan, connections, peer)
    for channel in plan.channels.values():
        if peer in channel.peers() and channel.name not in joined:
            admin = connections.admin(plan.owner(peer))
            admin.join_channel(endpoint(peer), channel.block.read_bytes())
