"""Judgements about single nodes: whether they answer, TLS, clock, health."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from pyfabric_network.diagnosis.facts import Encounter, Facts, NodeFacts
from pyfabric_network.diagnosis.findings import Finding, Judge, Unmade

CLOCK_SECONDS: Final = 30.0
"""More than two machines with synchronised clocks differ; peers refuse requests from 15 minutes on."""

_HOSTS: Final = frozenset(
    {
        Encounter.UNKNOWN_HOST,
        Encounter.REFUSED,
        Encounter.UNREACHABLE,
        Encounter.SILENT,
        Encounter.CLOSED,
    }
)
_TIME_WINDOW: Final = re.compile(r"incorrect timestamp ([^\s,]+Z), peer time ([^\s,]+Z)")
"""What a peer says of a request from another time (core/handlers/auth/filter/timewindow.go of Fabric 3.1)."""
_SPACE: Final = "no space left on device"


def meets(*encounters: Encounter) -> Judge:
    """Return the judgement that finds the nodes at which a connection met one of these."""
    return lambda facts: _meets(facts, frozenset(encounters))


def _meets(facts: Facts, encounters: frozenset[Encounter]) -> Iterator[Finding | Unmade]:
    for node in _nodes(facts):
        if node.probe.encounter in encounters:
            yield Finding(node.name, node.msp_id, _met(node))


def _nodes(facts: Facts) -> Iterator[NodeFacts]:
    """Yield the nodes as each view has them, without addresses that nothing but an anchor peer's entry names."""
    return (node for view in facts.views for node in view.nodes if not node.only_anchor)


def _met(node: NodeFacts) -> str:
    said = f" ({node.probe.said})" if node.probe.said else ""
    wanted = f", not {node.probe.name}" if node.probe.encounter is Encounter.WRONG_NAME else ""
    return f"{node.outside}: {node.probe.encounter}{wanted}{said}"


def hosts(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find nodes that do not run, that hang, or that nobody reaches."""
    for node in _nodes(facts):
        if node.probe.encounter in _HOSTS:
            state = f"{node.state}; " if node.state else ""
            yield Finding(node.name, node.msp_id, f"{state}{_met(node)}")


def clock(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find nodes whose clock differs from that of the machine that asked them."""
    yield from _meets(facts, frozenset({Encounter.NOT_YET}))
    for node in _own(facts):
        ahead = _ahead(node)
        if ahead is None:
            if not node.unasked:
                yield Unmade(node.msp_id, _unwatched(node))
        elif abs(ahead) > CLOCK_SECONDS:
            way = "ahead of" if ahead > 0 else "behind"
            yield Finding(
                node.name, node.msp_id, f"its clock is {abs(ahead):.0f} s {way} this machine's"
            )


def _ahead(node: NodeFacts) -> float | None:
    """Return how many seconds a node's clock is ahead: as it reports, or as it refused a request for its time."""
    if refusal := _TIME_WINDOW.search(node.unasked):
        sent, received = (datetime.fromisoformat(one) for one in refusal.groups())
        return (received - sent).total_seconds()
    return None if node.operations is None else node.operations.ahead


def health(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find nodes whose own checks fail, except those of contracts and of the disk."""
    for node in _own(facts):
        if node.operations is None and not node.unasked:
            yield Unmade(node.msp_id, _unwatched(node))
        for component, reason in _failed(node).items():
            if not component.startswith("chaincode ") and _SPACE not in reason.lower():
                yield Finding(node.name, node.msp_id, f"{component}: {reason}")


def _unwatched(node: NodeFacts) -> str:
    return f"the operations service of {node.name} is not known, or does not answer"


def full(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find nodes that report that their disk is full, or that have stopped for that."""
    for node in _own(facts):
        if _SPACE in node.state.lower():
            yield Finding(node.name, node.msp_id, node.state)
        for component, reason in _failed(node).items():
            if _SPACE in reason.lower():
                yield Finding(node.name, node.msp_id, f"{component}: {reason}")


def _failed(node: NodeFacts) -> Mapping[str, str]:
    return {} if node.operations is None else node.operations.failed_checks


def _own(facts: Facts) -> Iterator[NodeFacts]:
    return (node for node in facts.nodes() if node.own)
