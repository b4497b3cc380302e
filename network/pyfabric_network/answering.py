"""Which nodes answer: one that hangs has its process and takes connections, like one that is well."""

from collections.abc import Collection
from functools import partial
from typing import Final

from pyfabric.local.waiting import poll
from pyfabric_network.connections import Connections, health
from pyfabric_network.parallel import within
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

ANSWER_SECONDS: Final = 3.0
# Before a node is stopped for its silence: it may only be slow on a busy machine, or starting.
_PATIENT_SECONDS: Final = 12.0
_PAUSE: Final = 0.1


def silent_nodes(plan: Plan, idle: Collection[str]) -> tuple[str, ...]:
    """Return the names of the nodes of this machine that run but do not answer; those in `idle` do not run.

    All are asked side by side, for three seconds; those that do not answer are asked again for twelve.
    """
    waiting = [node for node in plan.own_nodes if node.name not in idle]
    for seconds in (ANSWER_SECONDS, _PATIENT_SECONDS):
        calls = [partial(_answers_in_time, plan, node, seconds) for node in waiting]
        found = within(calls, seconds)
        waiting = [node for node, answer in zip(waiting, found, strict=True) if not answer]
    return tuple(node.name for node in waiting)


def _answers_in_time(plan: Plan, node: Node, seconds: float) -> bool:
    with Connections(plan) as connections:  # its own: it may take longer than anybody waits
        operations = connections.operations(node)
        found = poll(
            lambda: health(operations),
            until=lambda found: found is not None,
            every=_PAUSE,
            timeout=seconds,
        )
    return found is not None
