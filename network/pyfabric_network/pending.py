"""What bringing a network up would do: the steps that are still to be done, for `--dry-run`."""

from collections.abc import Collection
from functools import partial
from itertools import chain

from pyfabric_network.connections import Connections
from pyfabric_network.joining import joined_channels
from pyfabric_network.material.genesis import check_genesis_blocks
from pyfabric_network.material.keys import missing_material
from pyfabric_network.parallel import side_by_side
from pyfabric_network.progress import Step
from pyfabric_network.status import service_status
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import ChannelPlan, Plan


def pending(
    plan: Plan, connections: Connections, *, idle: Collection[str], silent: Collection[str]
) -> list[Step]:
    """Return what `up` would do, in its order.

    `idle` are the nodes that the runtime would start, `silent` the nodes and contract hosts that it would
    start again.

    Nothing is changed; raises as `check_genesis_blocks`. A node that does not run cannot report which
    channels it has joined already.
    """
    check_genesis_blocks(plan)
    made = [Step("make", "keys and certificates", member.name) for member in missing_material(plan)]
    blocks = [
        Step("make", "genesis block", name)
        for name, channel in plan.channels.items()
        if not (plan.places or channel.block.exists())
    ]
    started = [Step("start", name) for name in idle]
    started += [Step("start again", name, "runs but does not answer") for name in silent]
    mute = {*idle, *silent}
    joins = side_by_side(
        [partial(_joins, plan, connections, node, mute) for node in plan.own_nodes]
    )
    return [*made, *blocks, *started, *chain.from_iterable(joins), *_services(plan)]


def _joins(plan: Plan, connections: Connections, node: Node, mute: Collection[str]) -> list[Step]:
    wanted = [
        channel
        for channel in plan.channels.values()
        if node.name not in channel.left and (node.admin is not None or node in channel.peers())
    ]
    if node.name in mute:
        return [Step("join", node.name, channel.name + _unless(channel)) for channel in wanted]
    joined = joined_channels(plan, connections, node)
    return [Step("join", node.name, one.name) for one in wanted if one.name not in joined]


def _unless(channel: ChannelPlan) -> str:
    return ", unless it has" if channel.block.exists() else ""


def _services(plan: Plan) -> list[Step]:
    return [
        Step("serve", one.name, one.department)
        for one in service_status(plan)
        if one.problem is not None and one.operations
    ]
