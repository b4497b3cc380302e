"""A network taken to another release of Fabric: each node must work with it before the next one is stopped.

It ends at the first that does not. What is left to do is worked out from what nodes run, so it may be stopped and repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

from pyfabric.errors import FabricError, GatewayError, NetworkError
from pyfabric.local.waiting import poll
from pyfabric_network.channels.carrying import configurations
from pyfabric_network.connections import Connections
from pyfabric_network.parallel import side_by_side
from pyfabric_network.progress import Report
from pyfabric_network.readiness import leaders
from pyfabric_network.restarting import Restarting
from pyfabric_network.runtimes.release import Release, Releases
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan
from pyfabric_network.upgrading.steps import Action, Facts, Step, capabilities, refusals, steps

_PATIENT_SECONDS: Final = 12.0
_PAUSE: Final = 0.1


@dataclass(frozen=True)
class Upgrade:
    """The way of a network to a `release`, from what there was when `facts` were collected."""

    restarting: Restarting
    releases: Releases
    release: Release
    facts: Facts

    @property
    def plan(self) -> Plan:
        """The network's plan."""
        return self.restarting.plan

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """What is done to each node, in this order."""
        return steps(self.plan, self.facts, self.release)

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action is not Action.KEEP)

    def check(self) -> None:
        """Raise NetworkError for an upgrade that may not be begun."""
        problems = list(refusals(self.plan, self.facts, self.release))
        if problems:
            raise NetworkError("; ".join(problems))
        if None not in self.facts.versions.values():
            for step in self.changes:
                self.restarting.check(self._node(step), self.facts.configs)

    def capabilities(self) -> tuple[str, ...]:
        """Return a sentence for each channel: which capabilities it has, as before."""
        return tuple(
            f"{name} has its capabilities as before: {capabilities(config)}"
            for name, config in self.facts.configs.items()
        )

    def run(self, report: Report) -> None:
        """Take all nodes to the release; raises NetworkError that names the first which does not work with it."""
        former = self.releases.former(self.plan, self.release)
        changes = self.changes
        if changes or former is not None:
            self.releases.choose(self.plan, self.release)
        for number, step in enumerate(changes):
            report(f"{step.action} {step.node}", number, len(changes))
            try:
                self._do(step, last_start=_is_last_start(changes, number))
            except FabricError as error:
                fault = self.restarting.runtime.fault(step.node) or ""
                why = str(error) if fault in str(error) else f"{error}: {fault}"
                left = "the nodes after it are as they were; " if step is not changes[-1] else ""
                raise NetworkError(
                    f"the upgrade to {self.release.version} ends at {step.node}: {why}; {left}"
                    f"{_what_next(self.release, former)}"
                ) from error

    def _do(self, step: Step, *, last_start: bool) -> None:
        node, runtime = self._node(step), self.restarting.runtime
        take = partial(self.releases.take, node)
        if step.action is Action.CHOOSE:
            take()
            return
        if step.action is Action.UPGRADE:
            self.restarting.restart(node, take)
        else:
            runtime.halt(self.plan, node)
            take()
            runtime.resume(self.plan, node)
            if last_start:  # channels cannot work before
                self.restarting.await_work(node)
        found = _version(self.plan, runtime, node)
        if found != self.release.version:
            said = "nothing" if found is None else found
            raise NetworkError(f"{node.name} answers {said} when it is asked for its version")

    def _node(self, step: Step) -> Node:
        return next(one for one in self.plan.own_nodes if one.name == step.node)


def look(plan: Plan, runtime: Runtime, releases: Releases, release: Release) -> Facts:
    """Return what there is of a network; raises NetworkError if it runs and gives no configuration of a channel."""
    running = runtime.running()
    nodes = plan.own_nodes
    versions = side_by_side([partial(_version, plan, runtime, node) for node in nodes])
    answering = [node for node, found in zip(nodes, versions, strict=True) if found is not None]
    return Facts(
        versions={node.name: found for node, found in zip(nodes, versions, strict=True)},
        others=frozenset(releases.others(plan, release)),
        leading=_leading(plan, [node for node in answering if node.admin is not None]),
        configs=configurations(plan) if running else {},
        running=running,
    )


def _version(plan: Plan, runtime: Runtime, node: Node) -> str | None:
    """Return the version that a node answers; None if it does not run, or does not answer for some seconds."""
    if runtime.process(node.name) is None:
        return None
    with Connections(plan) as connections:
        operations = connections.operations(node)

        def ask() -> str | None:
            try:
                return operations.version()
            except GatewayError:
                return None

        return poll(
            ask, until=lambda found: found is not None, every=_PAUSE, timeout=_PATIENT_SECONDS
        )


def _leading(plan: Plan, orderers: Sequence[Node]) -> frozenset[str]:
    """Return the names of the orderers that lead a channel."""
    with Connections(plan) as connections:
        metrics = side_by_side([connections.operations(node).metrics for node in orderers])
    return frozenset(
        node.name
        for node, text in zip(orderers, metrics, strict=True)
        if any(leaders(text).values())
    )


def _is_last_start(changes: Sequence[Step], number: int) -> bool:
    return all(step.action is not Action.START for step in changes[number + 1 :])


def _what_next(release: Release, former: Release | None) -> str:
    back = "" if former is None else f", or go back: `pyfabric {former.command}`"
    return f"correct that and repeat `pyfabric {release.command}`{back}"
