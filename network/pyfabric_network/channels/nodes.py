"""Nodes that join and leave the channels of a running network."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from pyfabric.errors import NetworkError
from pyfabric_network.channels.admission import admitted
from pyfabric_network.channels.orderers import CONSENTER, part_of, remove_from
from pyfabric_network.connections import Connections
from pyfabric_network.joining import join_one, join_orderers, join_peers
from pyfabric_network.parallel import side_by_side
from pyfabric_network.progress import Report
from pyfabric_network.readiness import Readiness
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import ChannelPlan, Plan

_STEPS = ("orderers join", "peers join", "channels")


def begin_channels(plan: Plan, names: Collection[str], report: Report) -> tuple[str, ...]:
    """Join all nodes of this machine to channels whose genesis blocks exist; return what is still lacking.

    Safe to repeat. Raises what the nodes or `Readiness` raise.
    """
    part = only(plan, names)
    with Connections(plan) as connections:
        ready = Readiness(part, connections)
        for number, step in enumerate((join_orderers, join_peers)):
            report(_STEPS[number], number, len(_STEPS))
            step(part, connections)
        report(_STEPS[-1], len(_STEPS) - 1, len(_STEPS))
        ready.await_channels()
        return (*ready.absent(), *ready.behind())


def join_nodes(plan: Plan, channel: ChannelPlan, nodes: Sequence[Node]) -> tuple[str, ...]:
    """Join nodes to a channel that runs; return the names of those that had not joined.

    Raises what the nodes or `Readiness` raise, also for one that does not catch up.
    """
    with Connections(plan) as connections:
        known, waiting = admitted(only(plan, [channel.name]), connections)
        early = known.channels[channel.name].left - channel.left
        if not early.isdisjoint(node.name for node in nodes):
            raise NetworkError(waiting[0])
        joined = side_by_side([partial(join_one, plan, connections, channel, one) for one in nodes])
        Readiness(known, connections).await_channels()
    return tuple(node.name for node, new in zip(nodes, joined, strict=True) if new)


def leave_as_orderer(plan: Plan, node: Node, channel: str) -> None:
    """Remove an orderer from a channel of which it is no consenter, and return once its blocks of it are deleted.

    Raises NetworkError for a consenter, for an orderer that has not joined, and for one that does not delete them.
    """
    with Connections(plan) as connections:
        orderer = connections.orderer(node)
        part = part_of(orderer, channel)
        if part is None:
            raise NetworkError(f"{node.name} has not joined {channel}")
        if part.consensus_relation == CONSENTER:
            raise NetworkError(
                f"{node.name} is a consenter of {channel}, which counts on it: take it out of the "
                f"configuration first (`pyfabric channel orderer remove {node.name}`)"
            )
        remove_from(orderer, node, channel)


def wanted_nodes(plan: Plan, channel: ChannelPlan, names: Sequence[str]) -> tuple[Node, ...]:
    """Return the nodes of this machine with these names (default: all) that a channel is for.

    Raises NetworkError for a peer whose department is not in the channel.
    """
    every = {node.name: node for node in plan.own_nodes}
    members = {peer.name for one in channel.departments for peer in one.peers}
    meant = {name for name, node in every.items() if node.admin is not None or name in members}
    for name in names:
        if name not in meant:
            department = plan.owner(every[name]).name if name in every else None
            raise NetworkError(
                f"{name} is of {department}, which is not in {channel.name}: "
                f"`pyfabric channel add-member {channel.name} {department}` adds a department"
                if department
                else f"{name} is neither a peer nor an orderer"
            )
    return tuple(node for name, node in every.items() if name in (names or meant))


def only(plan: Plan, names: Collection[str]) -> Plan:
    """Return a plan with some of its channels alone."""
    return replace(plan, channels={name: plan.channels[name] for name in names})
