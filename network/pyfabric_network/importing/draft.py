"""A topology in the making: what cannot be in a valid one is left out, and named."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from pyfabric.errors import ConfigError, TopologyError
from pyfabric.messages.durations import SECOND
from pyfabric_network.importing.source import LeftOut
from pyfabric_network.topology.loading import read_topology

MOST_ORDERERS: Final = 3
"""The number of orderers that one department may run."""
_NAME_LENGTH: Final = 31
_HINT: Final = re.compile(r"; (there are|did you mean|its MSP ids are).*")


@dataclass(frozen=True, slots=True)
class Imported:
    """A valid topology file (YAML) of a network with this name, and what it does not hold of the other tool's."""

    name: str
    text: str
    left_out: tuple[LeftOut, ...]


@dataclass
class Draft:
    """The document of a topology. `origins` has the keys that may be left out, with where each comes from."""

    document: dict[str, Any]
    origins: dict[tuple[str, ...], str] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)

    def offer(self, key: Sequence[str], value: object, origin: str) -> None:
        """Set a key if a valid topology can have it."""
        holder = self.document
        for part in key[:-1]:
            holder = holder.setdefault(part, {})
        holder[key[-1]] = value
        self.origins[tuple(key)] = origin

    def finish(self, name: Path) -> Imported:
        """Return the topology; raise ConfigError if what is left is no valid one.

        `name` stands for the file in errors.
        """
        while True:
            text = _text(self.document)
            try:
                read_topology(text, name)
            except TopologyError as error:
                self._leave_out(error)
            else:
                return Imported(self.document["name"], text, tuple(self.left_out))

    def _leave_out(self, error: TopologyError) -> None:
        key = self._origin_of(error.key)
        if key is None:
            raise ConfigError(
                f"what was read is no valid topology: {error.key}: {error.reason}"
            ) from error
        holder = self.document
        for part in key[:-1]:
            holder = holder[part]
        del holder[key[-1]]
        self.left_out.append(LeftOut(self.origins.pop(key), _HINT.sub("", error.reason)))

    def _origin_of(self, key: str) -> tuple[str, ...] | None:
        """Return the innermost key that may be left out and holds this one."""
        holding = [one for one in self.origins if f"{key}.".startswith(".".join(one) + ".")]
        return max(holding, key=len, default=None)


def fitting(name: str, taken: Sequence[str], *, begin: str, allowed: str) -> str:
    """Return a name of these characters that differs from those taken by more than case.

    `begin` goes before a name that does not begin with a letter.
    """
    found = re.sub(f"[^{allowed}]+", "-", name).strip("-.")
    if not found[:1].isalpha():
        found = f"{begin}{found}"
    found = found[:_NAME_LENGTH].rstrip("-.")
    known, number, tried = {one.lower() for one in taken}, 2, found
    while tried.lower() in known:
        tried = f"{found[: _NAME_LENGTH - 2]}{number}"
        number += 1
    return tried


def department_name(name: str, taken: Sequence[str]) -> str:
    """Return a department's name, as near as can be to an organisation's."""
    return fitting(name, taken, begin="D", allowed="A-Za-z0-9-")


def channel_name(name: str, taken: Sequence[str]) -> str:
    """Return a channel's name, as near as can be to this one."""
    return fitting(name.lower(), taken, begin="c", allowed="a-z0-9.-")


def network_name(name: str) -> str:
    """Return a network's name, as near as can be to this one."""
    return fitting(name.lower(), (), begin="n", allowed="a-z0-9-")


def orderers_of(
    owners: Sequence[tuple[str, int]], taken: Sequence[str], report: Callable[[str, str], None]
) -> tuple[list[str], list[str]]:
    """Return the departments of orderers, one name each, and those to be added for a department's too many.

    `report` is given the department and the reason for each that has too many.
    """
    nodes: list[str] = []
    added: list[str] = []
    for owner, count in owners:
        nodes += [owner] * min(count, MOST_ORDERERS)
        left = count - MOST_ORDERERS
        while left > 0:
            further = department_name(owner, [*taken, *added])
            added.append(further)
            nodes += [further] * min(left, MOST_ORDERERS)
            left -= MOST_ORDERERS
            report(
                owner, f"a department runs at most {MOST_ORDERERS} orderers: {further} runs others"
            )
    return nodes, added


def duration(nanoseconds: int) -> str:
    """Return a duration as topologies write it."""
    if nanoseconds % SECOND == 0:
        return f"{nanoseconds // SECOND}s"
    return f"{nanoseconds / 1_000_000:.12g}ms"


def size(octets: int) -> str:
    """Return a size as topologies write it."""
    for unit, factor in (("MB", 1024**2), ("KB", 1024)):
        if octets % factor == 0:
            return f"{octets // factor} {unit}"
    return f"{octets} B"


def _text(document: Mapping[str, Any]) -> str:
    """Return YAML; what holds plain values alone stands on one line."""
    return yaml.safe_dump(
        document, sort_keys=False, allow_unicode=True, width=100, default_flow_style=None
    )
