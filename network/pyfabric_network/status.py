"""What each node of a network reports of itself."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from pyfabric.admin import Health
from pyfabric.errors import FabricError, GatewayError, StatusCode
from pyfabric.local.sockets import listens
from pyfabric.messages.addresses import Address
from pyfabric_network.answering import ANSWER_SECONDS
from pyfabric_network.connections import Connections, endpoint, health
from pyfabric_network.joining import joined_channels
from pyfabric_network.parallel import within
from pyfabric_network.state_folder import TICKER
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

_LEDGER_CHECKS: Final = ("channel ", "ledger ")
_UNANSWERED: Final = (StatusCode.UNAVAILABLE, StatusCode.DEADLINE_EXCEEDED)


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """A node or contract service: why it does not answer or cannot work (None if it can), its channels' heights.

    `operations` is where its health and metrics are served; empty for a service that no contract host
    of this network serves. `stopped`: it does not run, since somebody has stopped it.
    """

    name: str
    department: str
    address: str
    problem: str | None = None
    channels: Mapping[str, int] = field(default_factory=dict)
    operations: str = ""
    stopped: bool = False

    @property
    def state(self) -> str:
        """Whether it is "up", "down", or was "stopped"."""
        if self.problem is None:
            return "up"
        return "stopped" if self.stopped else "down"


def network_status(
    plan: Plan,
    running: Callable[[str], str | None],
    fault: Callable[[str], str | None],
) -> list[NodeStatus]:
    """Ask every node of this machine, side by side, for three seconds.

    A node that does not answer is reported with its problem, not raised. `running` returns what runs
    a node ("process 17"), None if nothing does; `fault` returns why a node has terminated, if that is known.
    """
    nodes = plan.own_nodes
    calls = [partial(_channels, plan, node) for node in nodes]
    found = within(calls, ANSWER_SECONDS)
    return [
        _node_status(plan, node, channels, running, fault)
        for node, channels in zip(nodes, found, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Answer:
    """The heights of a node's channels, and why it cannot write to them."""

    channels: Mapping[str, int]
    problem: str | None


def _channels(plan: Plan, node: Node) -> _Answer | str | None:
    """Return what a node answers, why it does not report its channels, or None without an answer."""
    with Connections(plan) as connections:  # its own: it may take longer than anybody waits
        try:
            heights = {}
            for name in joined_channels(plan, connections, node):
                with _refused_elsewhere(plan, node, name):
                    heights[name] = _height(plan, connections, node, name)
            return _Answer(heights, _ledger_problem(connections, node))
        except GatewayError as error:
            return None if error.code in _UNANSWERED else str(error)
        except FabricError as error:
            return str(error)
        except OSError as error:
            return f"{node.name}: {error.filename} cannot be read: {error.strerror}"


@contextmanager
def _refused_elsewhere(plan: Plan, node: Node, channel: str) -> Iterator[None]:
    """Skip a refusal by a peer whose department is no member of the channel any more: it asks as a stranger."""
    try:
        yield
    except GatewayError as error:
        known = plan.channels.get(channel)
        if error.code in _UNANSWERED or node.admin is not None:
            raise
        if known is not None and node in known.peers():
            raise


def _node_status(
    plan: Plan,
    node: Node,
    channels: _Answer | str | None,
    running: Callable[[str], str | None],
    fault: Callable[[str], str | None],
) -> NodeStatus:
    """Return what is known of a node; `channels` are None if it has not answered in time."""
    status = NodeStatus(
        name=node.name,
        department=plan.owner(node).name,
        address=str(node.outside),
        operations=str(node.operations),
    )
    if isinstance(channels, _Answer):
        return replace(status, channels=channels.channels, problem=channels.problem)
    runs = running(node.name)
    silent = _silence(node.name, runs, fault)
    return replace(status, problem=silent if runs is None else channels or silent)


def _silence(name: str, runs: str | None, fault: Callable[[str], str | None]) -> str:
    """Return why something does not answer; `runs` is what runs it, None if nothing does."""
    if runs is not None:
        return f"{name} ({runs}) runs but does not answer"
    why = fault(name)
    return f"{name} does not run" + (f": {why}" if why else "")


def ca_status(
    plan: Plan,
    running: Callable[[str], str | None],
    fault: Callable[[str], str | None],
) -> list[NodeStatus]:
    """Ask the CA server of every department of this machine, side by side, for three seconds; see `network_status`."""
    serving = [(one, one.cas) for one in plan.own if one.cas is not None]
    found = within([partial(_ca_health, plan, *each) for each in serving], ANSWER_SECONDS)
    return [
        NodeStatus(
            name=server.name,
            department=department.name,
            address=str(server.address),
            problem=_ca_problem(server.name, answer, running, fault),
            operations=str(server.operations),
        )
        for (department, server), answer in zip(serving, found, strict=True)
    ]


def _ca_health(plan: Plan, department: DepartmentPlan, server: CAServer) -> Health | None:
    if not server.member.tls_roots.exists():
        return None
    with Connections(plan) as connections:  # its own: it may take longer than anybody waits
        return health(connections.ca_operations(department, server))


def _ca_problem(
    name: str,
    answer: Health | None,
    running: Callable[[str], str | None],
    fault: Callable[[str], str | None],
) -> str | None:
    """Return why a CA server cannot work; `answer` is None if it has not answered in time."""
    if answer is not None:
        return "; ".join(answer.failed_checks.values()) or None
    return _silence(name, running(name), fault)


def _ledger_problem(connections: Connections, node: Node) -> str | None:
    """Return why a node of the development ledger cannot write or read a channel, as its health has it."""
    failed = connections.operations(node).health().failed_checks
    reasons = [why for name, why in failed.items() if name.startswith(_LEDGER_CHECKS)]
    return "; ".join(dict.fromkeys(reasons)) or None


def _height(plan: Plan, connections: Connections, node: Node, channel: str) -> int:
    if node.admin is not None:
        return connections.orderer(node).channel(channel).height
    return connections.admin(plan.owner(node)).chain_info(endpoint(node), channel).height


def service_status(plan: Plan) -> list[NodeStatus]:
    """Return what keeps peers from each department's service of each package, and what keeps its ticker from its work.

    All contract hosts are asked side by side, for three seconds. In containers, services elsewhere are not
    looked for: this machine reaches none of their addresses.
    """
    found = []
    departments = plan.own_with_peers
    reports = within([partial(_down, plan, one) for one in departments], ANSWER_SECONDS)
    for department, down in zip(departments, reports, strict=True):
        operations = str(department.host_operations)
        for item in plan.served_by(department):
            address = department.contract_address(item.slot)
            why = down.get(item.package_id) if down is not None else _silent(plan, address)
            found.append(
                NodeStatus(item.label, department.name, str(address), why, operations=operations)
            )
        if department.ticked and plan.served_by(department):
            why = down.get(TICKER) if down is not None else "its contract host does not answer"
            name = department.users[TICKER].name
            found.append(NodeStatus(name, department.name, "", why, operations=operations))
        for name, address in ({} if plan.containers else department.elsewhere).items():
            label = plan.contracts[name].package.label
            found.append(NodeStatus(label, department.name, str(address), _problem(address)))
    return found


def _down(plan: Plan, department: DepartmentPlan) -> Mapping[str, str] | None:
    """Return why packages of a department are down, by package id; None if its host does not answer."""
    served, host = plan.served_by(department), department.contract_host
    if not host.tls_roots.exists():
        lost = f"{host.name} has lost its TLS certificate: `pyfabric network up` makes another"
        return {item.package_id: lost for item in served}
    if not served:
        return {}
    with Connections(plan) as connections:  # its own: it may take longer than anybody waits
        found = health(connections.host_operations(department))
    return None if found is None else found.failed_checks


def _silent(plan: Plan, address: Address) -> str:
    """Return the problem of a service whose host does not answer; a container's port is not published."""
    without_host = "its contract host does not answer"
    return without_host if plan.containers else _problem(address) or without_host


def _problem(address: Address) -> str | None:
    return None if listens(address) else "nothing listens there"
