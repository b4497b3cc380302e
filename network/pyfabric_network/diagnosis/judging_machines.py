"""Judgements about machines: disks, ports, and commands that were interrupted."""

from collections.abc import Iterator
from typing import Final

from pyfabric_network.diagnosis.facts import Facts
from pyfabric_network.diagnosis.findings import Finding, Unmade
from pyfabric_network.diagnosis.judging_nodes import full

LEAST_FREE: Final = 1024**3
LEAST_SHARE: Final = 0.05
_GIB: Final = 1024**3


def disk(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find file systems with less than 1 GiB and less than 5 % free, and nodes that report a full disk."""
    for view in facts.views:
        for one in view.folders:
            if one.free < LEAST_FREE and one.free < LEAST_SHARE * one.total:
                yield Finding(
                    one.place,
                    view.own[0] if view.own else "",
                    f"{one.free / _GIB:.2f} of {one.total / _GIB:.1f} GiB are free",
                )
    yield from full(facts)


def ports(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find ports of nodes that do not run which another program has."""
    for view in facts.views:
        for one in view.ports:
            yield Finding(
                one.wanted_for, view.own[0] if view.own else "", f"{one.address} {one.taken_by}"
            )


def unfinished(facts: Facts) -> Iterator[Finding | Unmade]:
    """Find commands that were interrupted between two states of the network."""
    for view in facts.views:
        for command in view.unfinished:
            yield Finding(
                f"`pyfabric {command}`", view.own[0] if view.own else "", "was interrupted"
            )
