"""What each node of a network says of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyfabric.admin import orderers, peers
from pyfabric.core.effects import Flow, gather
from pyfabric_network.plan import Node, Plan, Served
from pyfabric_network.ports import listens
from pyfabric_network.steps import administrator, endpoint, participation_endpoint


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node or contract service, why it does not answer (None: it does), its channels' heights."""

    name: str
    department: str
    address: str
    problem: str | None = None
    channels: Mapping[str, int] = field(default_factory=dict)


def network_status(plan: Plan) -> Flow[list[NodeStatus]]:
    """Ask every node of this machine; one that does not answer is reported with its problem, not raised."""
    nodes = plan.own_nodes
    outcomes = yield from gather(
        [
            _orderer_channels(plan, node) if node.admin else _peer_channels(plan, node)
            for node in nodes
        ]
    )
    return [
        NodeStatus(
            name=node.name,
            department=plan.owner(node).name,
            address=str(node.outside),
            problem=None if outcome.error is None else str(outcome.error),
            channels=outcome.value or {},
        )
        for node, outcome in zip(nodes, outcomes, strict=True)
    ]


def _orderer_channels(plan: Plan, node: Node) -> Flow[Mapping[str, int]]:
    target = participation_endpoint(plan, node)
    heights = {}
    for name in (yield from orderers.channels(target)):
        heights[name] = (yield from orderers.channel(target, name)).height
    return heights


def _peer_channels(plan: Plan, node: Node) -> Flow[Mapping[str, int]]:
    target, admin = endpoint(node), administrator(plan.owner(node))
    heights = {}
    for name in (yield from peers.channels(target, admin)):
        heights[name] = (yield from peers.chain_info(target, admin, name)).height
    return heights


def service_status(plan: Plan, served: Sequence[Served]) -> list[NodeStatus]:
    """Whether each department's service of each package listens: its contract host's, or another."""
    hosted = [
        (item.label, department, department.contract_address(item.slot))
        for item in served
        for department in plan.own
    ]
    elsewhere = [
        (contract.package.label, department, department.elsewhere[name])
        for name, contract in plan.contracts.items()
        for department in plan.own
        if name in department.elsewhere
    ]
    return [
        NodeStatus(
            name=label,
            department=department.name,
            address=str(address),
            problem=None if listens(address) else "nothing listens there",
        )
        for label, department, address in (*hosted, *elsewhere)
    ]
