"""Whether the nodes, CA servers and contract hosts in containers are ready, and why not."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeAlias

from pyfabric.errors import FabricError
from pyfabric.local.waiting import poll
from pyfabric_network.connections import Connections, endpoint, health
from pyfabric_network.parallel import within
from pyfabric_network.runtimes.engine import containers, logged_reason, why_stopped
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

Probe: TypeAlias = Callable[[Plan, str], bool]
"""Returns whether a service of a plan's project, given by its name, is ready."""

_ANSWER_SECONDS: Final = 3.0
_PAUSE: Final = 0.2


def is_ready(plan: Plan, service: str) -> bool:
    """Return whether a node reports that it is healthy, and its channels, or a contract host its health.

    A node's operations service answers before the node has read its ledgers. A host is ready although one of
    its contracts is down. Services of the project that are neither are not asked.
    """
    with Connections(plan) as connections:
        for department in plan.own_with_peers:
            if department.contract_host.name == service:
                return health(connections.host_operations(department)) is not None
        for department in plan.own:
            cas = department.cas
            if cas is not None and cas.name == service:
                found = health(connections.ca_operations(department, cas))
                return found is not None and found.is_healthy
        for node in plan.own_nodes:
            if node.name == service:
                return _is_node_ready(plan, connections, node)
        return True


def _is_node_ready(plan: Plan, connections: Connections, node: Node) -> bool:
    found = health(connections.operations(node))
    if found is None or not found.is_healthy:
        return False
    try:
        if node.admin is not None:
            connections.orderer(node).channels()
        else:
            connections.admin(plan.owner(node)).channels(endpoint(node))
    except FabricError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class ContainerReadiness:
    """Waits for services of a project. `probe` asks one, which may take `start_seconds` to start."""

    probe: Probe = is_ready
    start_seconds: float = 90.0

    def unready(self, plan: Plan, services: Collection[str]) -> dict[str, str]:
        """Wait until these services are ready; return why those are not that stop, or take too long."""
        waiting = list(services)
        why: dict[str, str] = {}

        def left() -> str | None:
            answers = within([partial(self.probe, plan, name) for name in waiting], _ANSWER_SECONDS)
            waiting[:] = [name for name, ready in zip(waiting, answers, strict=True) if not ready]
            found = {one.service: one for one in containers(plan.project)} if waiting else {}
            for name in waiting:
                if name not in found:
                    why[name] = "it has no container"
                elif not found[name].runs:
                    why[name] = why_stopped(found[name].id)
            waiting[:] = [name for name in waiting if name not in why]
            return next(iter(waiting), None)

        poll(left, every=_PAUSE, timeout=self.start_seconds)
        ids = {one.service: one.id for one in containers(plan.project)} if waiting else {}
        late = f"it is not ready after {self.start_seconds:.0f} s"
        return why | {name: f"{late}: {logged_reason(ids[name])}" for name in waiting}
