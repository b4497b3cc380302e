"""What bringing a network up would do: the steps that are still to be done, for `--dry-run`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pyfabric.admin import orderers, peers
from pyfabric.client.effects import Flow, gather
from pyfabric.local.sockets import listens
from pyfabric_network.material.material import missing_material
from pyfabric_network.steps import (
    administrator,
    check_first_blocks,
    endpoint,
    participation_endpoint,
)
from pyfabric_network.topology.plan import ChannelPlan, Node, Plan, Served


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do (make, start, join, serve) and what it is done to."""

    action: str
    subject: str
    detail: str = ""


def pending(plan: Plan, served: Sequence[Served], idle: Collection[str]) -> Flow[list[Step]]:
    """What `up` would do, in its order; `idle` are the nodes that the runtime would start.

    Nothing is changed; raises as `check_first_blocks`. A node that does not run cannot say which channels it has joined already.
    """
    check_first_blocks(plan)
    made = [Step("make", "keys and certificates", member.name) for member in missing_material(plan)]
    blocks = [
        Step("make", "first block", name)
        for name, channel in plan.channels.items()
        if not (plan.places or channel.block.exists())
    ]
    started = [Step("start", name) for name in idle]
    outcomes = yield from gather([_joins(plan, node, idle) for node in plan.own_nodes])
    joined = [step for outcome in outcomes for step in outcome.result()]
    return [*made, *blocks, *started, *joined, *_services(plan, served)]


def _joins(plan: Plan, node: Node, idle: Collection[str]) -> Flow[list[Step]]:
    wanted = [
        channel
        for channel in plan.channels.values()
        if node.admin is not None or node in channel.peers()
    ]
    if node.name in idle:
        return [Step("join", node.name, channel.name + _unless(channel)) for channel in wanted]
    joined = yield from _channels(plan, node)
    return [Step("join", node.name, one.name) for one in wanted if one.name not in joined]


def _unless(channel: ChannelPlan) -> str:
    return ", unless it has" if channel.block.exists() else ""


def _channels(plan: Plan, node: Node) -> Flow[tuple[str, ...]]:
    if node.admin is not None:
        return (yield from orderers.channels(participation_endpoint(plan, node)))
    return (yield from peers.channels(endpoint(node), administrator(plan.owner(node))))


def _services(plan: Plan, served: Sequence[Served]) -> list[Step]:
    return [
        Step("serve", item.label, department.name)
        for department in plan.own
        for item in served
        if not listens(department.contract_address(item.slot))
    ]
