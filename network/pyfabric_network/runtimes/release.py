"""A release of Fabric: what nodes run, or are to run."""

import re
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:  # the command names runtimes without loading topologies
    from pyfabric_network.topology.nodes import Node
    from pyfabric_network.topology.plan import Plan

_NAMED: Final = re.compile(r"^ Version: (\S+)", re.MULTILINE)
_NUMBER: Final = re.compile(r"v?(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Release:
    """A build of Fabric: `version` as its builder named it, and where it is, as an `option` and its `value`.

    That is --programs and a folder, or --version and the tag of images.
    """

    version: str
    option: str
    value: str

    @property
    def command(self) -> str:
        """The command that takes a network to it, without the program's name."""
        return f"network upgrade {self.option} {shlex.quote(self.value)}"

    @property
    def number(self) -> tuple[int, int] | None:
        """Its first two numbers, such as (3, 1); None for a development build."""
        return release_number(self.version)


class Releases(Protocol):
    """Which release each node of a network runs, where a runtime has a choice."""

    def find(self, plan: "Plan", *, programs: Path | None, version: str | None) -> Release:
        """Find a release on this machine, or get it, and ask it what it is; nothing that runs is changed.

        Raises NetworkError for one that is missing, does not run, is too old for the topology, or is not one release.
        """
        ...

    def former(self, plan: "Plan", release: Release) -> Release | None:
        """Return the release that was chosen before; None if it was this one."""
        ...

    def others(self, plan: "Plan", release: Release) -> Collection[str]:
        """Return the names of nodes that run and were started from another release."""
        ...

    def choose(self, plan: "Plan", release: Release) -> None:
        """Remember a release, for nodes that are added and for those that take it; raises NetworkError."""
        ...

    def take(self, node: "Node") -> None:
        """Set a stopped node to start from the chosen release, now and later; raises NetworkError."""
        ...


def read_version(said: str) -> str:
    """Return the version in what the command `version` of a program of Fabric prints; empty without one."""
    found = _NAMED.search(said)
    return "" if found is None else found[1]


def release_number(version: str) -> tuple[int, int] | None:
    """Return the first two numbers of a version, such as (3, 1) of v3.1.5; None for a development build."""
    found = _NUMBER.match(version)
    return None if found is None else (int(found[1]), int(found[2]))
