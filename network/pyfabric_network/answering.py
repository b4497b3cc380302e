"""Which nodes, CA servers and contract hosts answer: one that hangs has its process and takes connections, like one that is well."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

from pyfabric.gateway import Operations
from pyfabric.local.waiting import poll
from pyfabric_network.connections import Connections, health
from pyfabric_network.parallel import within
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

ANSWER_SECONDS: Final = 3.0
# Before one is stopped for its silence: it may only be slow on a busy machine, or starting.
_PATIENT_SECONDS: Final = 12.0
_PAUSE: Final = 0.1

_Service: TypeAlias = Callable[[Connections], Operations]
"""Returns the operations service of a node or contract host."""


def silent_nodes(plan: Plan, runtime: Runtime) -> tuple[str, ...]:
    """Return the names of the nodes and contract hosts of this machine that run but do not answer.

    All are asked side by side, for three seconds; those that do not answer are asked again for twelve.
    """
    waiting = _running(plan, runtime)
    for seconds in (ANSWER_SECONDS, _PATIENT_SECONDS):
        calls = [partial(_answers_in_time, plan, service, seconds) for service in waiting.values()]
        found = within(calls, seconds)
        silent = {name for name, answer in zip(waiting, found, strict=True) if not answer}
        waiting = {name: service for name, service in waiting.items() if name in silent}
    return tuple(waiting)


def _running(plan: Plan, runtime: Runtime) -> Mapping[str, _Service]:
    """Return what runs. A host runs that has something to serve, and in containers every host."""
    idle = runtime.idle(plan)
    nodes: dict[str, _Service] = {
        node.name: partial(_of_node, node) for node in plan.own_nodes if node.name not in idle
    }
    hosts: dict[str, _Service] = {
        one.contract_host.name: partial(_of_host, one)
        for one in plan.own_with_peers
        if (plan.containers or plan.served_by(one)) and one.contract_host.tls_roots.exists()
    }
    cas: dict[str, _Service] = {
        one.cas.name: partial(_of_ca, one, one.cas)
        for one in plan.own
        if one.cas is not None and one.cas.name not in idle
    }
    running = {name: host for name, host in hosts.items() if runtime.process(name) is not None}
    return {**nodes, **cas, **running}


def _of_node(node: Node, connections: Connections) -> Operations:
    return connections.operations(node)


def _of_host(department: DepartmentPlan, connections: Connections) -> Operations:
    return connections.host_operations(department)


def _of_ca(department: DepartmentPlan, server: CAServer, connections: Connections) -> Operations:
    return connections.ca_operations(department, server)


def _answers_in_time(plan: Plan, service: _Service, seconds: float) -> bool:
    with Connections(plan) as connections:  # its own: it may take longer than anybody waits
        operations = service(connections)
        found = poll(
            lambda: health(operations),
            until=lambda found: found is not None,
            every=_PAUSE,
            timeout=seconds,
        )
    return found is not None
