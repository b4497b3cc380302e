"""What each node of a network says of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyfabric.admin import orderers, peers
from pyfabric.client.effects import Flow, gather
from pyfabric.local.sockets import listens
from pyfabric.messages.addresses import Address
from pyfabric_network.readiness import is_healthy
from pyfabric_network.steps import administrator, endpoint, participation_endpoint
from pyfabric_network.topology.plan import DepartmentPlan, Node, Plan, Served


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


def service_status(plan: Plan, served: Sequence[Served]) -> Flow[list[NodeStatus]]:
    """What keeps peers from each department's service of each package: its contract host's, or another.

    In containers a host's own word counts, and services elsewhere are not looked for: none of them
    can be reached from here.
    """
    found = []
    for department in plan.own:
        problem = (yield from _host_problem(department)) if plan.containers and served else None
        for item in served:
            address = department.contract_address(item.slot)
            said = problem if plan.containers else _problem(address)
            found.append(NodeStatus(item.label, department.name, str(address), said))
        for name, address in ({} if plan.containers else department.elsewhere).items():
            label = plan.contracts[name].package.label
            found.append(NodeStatus(label, department.name, str(address), _problem(address)))
    return found


def _host_problem(department: DepartmentPlan) -> Flow[str | None]:
    healthy = yield from is_healthy(department.host_operations, department.contract_host)
    return None if healthy else "its contract host is not healthy"


def _problem(address: Address) -> str | None:
    return None if listens(address) else "nothing listens there"
