"""What takes a network to another release, node by node, and why it is not begun: worked out from what there is. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.succession import unknown_capabilities
from pyfabric_network.outages import outages
from pyfabric_network.runtimes.release import Release
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan


class Action(StrEnum):
    """What is done to a node: nothing, started on the release, stopped and started on it, or it is remembered for `up`."""

    KEEP = "keep"
    START = "start"
    UPGRADE = "upgrade"
    CHOOSE = "choose"


@dataclass(frozen=True, slots=True)
class Step:
    """What is done to a node: the versions that it runs (empty if it does not answer) and will run.

    `away` is what does not work meanwhile.
    """

    action: Action
    node: str
    runs: str
    will_run: str
    away: str = ""


@dataclass(frozen=True)
class Facts:
    """What there is: the version that each node of this machine answers (None: nothing), by name.

    `others` were started from another release, `leading` are orderers that lead a channel. `configs` are the channels'
    configurations; none while the network is down.
    """

    versions: Mapping[str, str | None]
    others: frozenset[str]
    leading: frozenset[str]
    configs: Mapping[str, ChannelConfig]
    running: bool


def steps(plan: Plan, facts: Facts, release: Release) -> tuple[Step, ...]:
    """Return what is to be done to each node, in this order.

    First what does not run, since no other node may be missing besides; then orderers, leaders last, since each change of
    a leader keeps a channel waiting; then peers; at last what is left as it is.
    """
    found = [_step(plan, facts, release, node) for node in plan.own_nodes]
    ordered = sorted(
        zip(plan.own_nodes, found, strict=True),
        key=lambda pair: _rank(*pair, leading=facts.leading),
    )
    return tuple(step for _, step in ordered)


def refusals(plan: Plan, facts: Facts, release: Release) -> Iterator[str]:
    """Yield each reason against a release in a sentence."""
    for name, config in facts.configs.items():
        unknown = () if release.number is None else unknown_capabilities(config, release.number)
        if unknown:
            yield (
                f"{release.version} does not know the {_capabilities(unknown)} of {name}: its nodes would stop there, and "
                "there is no way back from a capability"
            )


def capabilities(config: ChannelConfig) -> str:
    """Return the capabilities of a channel, for people."""
    found = config.capabilities
    levels = {
        "channel": found.channel,
        "orderer": found.orderer,
        "application": found.application,
    }
    return ", ".join(f"{level} {'+'.join(sorted(names))}" for level, names in levels.items())


def _step(plan: Plan, facts: Facts, release: Release, node: Node) -> Step:
    runs = facts.versions[node.name]
    if not facts.running:
        action = Action.CHOOSE
    elif runs is None:
        action = Action.START
    elif runs != release.version or node.name in facts.others:
        action = Action.UPGRADE
    else:
        action = Action.KEEP
    away = outages(plan, facts.configs, node.name) if action is Action.UPGRADE else ()
    return Step(action, node.name, runs or "", release.version, "; ".join(away))


def _rank(node: Node, step: Step, *, leading: frozenset[str]) -> tuple[int, bool, bool]:
    order = (Action.START, Action.CHOOSE, Action.UPGRADE, Action.KEEP)
    return order.index(step.action), node.admin is None, node.name in leading


def _capabilities(names: tuple[str, ...]) -> str:
    return f"capabilit{'y' if len(names) == 1 else 'ies'} {', '.join(names)}"
