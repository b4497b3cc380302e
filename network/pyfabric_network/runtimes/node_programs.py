"""Which of Fabric's programs each node of the native runtime runs: kept in the network's folder, so that it stays."""

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric_network.runtimes.programs import (
    development_warnings,
    find_programs,
    versions_of,
)
from pyfabric_network.runtimes.release import Release
from pyfabric_network.state_folder import PROGRAMS_FILE, RESTORE
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

_OPTION: Final = "--programs"


class _Kept(BaseModel):
    """The programs of the network, and those of nodes that still run others, by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    peer: Path
    orderer: Path
    nodes: Mapping[str, Path] = {}

    def of(self, node: Node) -> Path:
        return self.nodes.get(node.name, self.peer if node.admin is None else self.orderer)


class NodePrograms:
    """The programs of the nodes below `root`.

    Those of a new network are in the folder `given`, or else on PATH; afterwards they are what the network remembers.
    `fabric` is the release that the topology asks for.
    """

    def __init__(self, root: Path, given: Path | None, fabric: str) -> None:
        self._file = root / PROGRAMS_FILE
        self._given = given
        self._fabric = fabric

    def of(self, node: Node) -> Path:
        """Return the program of a node; raises NetworkError if it is missing."""
        program = self._kept.of(node)
        if not program.exists():
            raise NetworkError(
                f"{program}, which {node.name} runs, is not there any more: put it back, or name the folder of another "
                "release (`pyfabric network upgrade --programs FOLDER`)"
            )
        return program

    def check(self, nodes: Collection[Node]) -> tuple[str, ...]:
        """Return warnings; raises NetworkError for a program that is missing, does not run, or is too old."""
        programs = list(dict.fromkeys(self.of(node) for node in nodes))
        versions = versions_of(programs, self._fabric)
        warnings = list(development_warnings(programs, versions, self._fabric))
        folders = dict.fromkeys(one.parent for one in programs)
        given = self._given
        if given is not None and given.resolve() not in folders:
            warnings.append(
                f"peer and orderer in {given} are not used: this network keeps its release, from "
                f"{', '.join(map(str, folders))} (`pyfabric network upgrade` changes it)"
            )
        return tuple(warnings)

    def keep(self) -> None:
        """Remember the programs of a network that starts; raises NetworkError."""
        if not self._file.exists():
            self._write(self._kept)

    def find(self, plan: Plan, *, programs: Path | None, version: str | None) -> Release:
        """Find `peer` and `orderer` in a folder; without one where those of a new network are."""
        if version is not None:
            raise NetworkError(
                "a release of the native runtime is a folder with its programs: name it with --programs (--version is "
                "for images)"
            )
        found = find_programs(programs or self._given, self._fabric)
        if len(set(found.versions)) > 1:
            raise NetworkError(
                f"{found.peer} is {found.versions[0]}, and {found.orderer} is {found.versions[1]}: the programs of one "
                "release name one version"
            )
        peer, orderer = _settled(found.peer), _settled(found.orderer)
        if peer.parent != orderer.parent:
            raise NetworkError(
                f"{peer} and {orderer} are in two folders: name the one of the release with --programs"
            )
        return Release(found.versions[0], _OPTION, str(peer.parent))

    def former(self, plan: Plan, release: Release) -> Release | None:
        """Return the programs that nodes which start run now; None if it is these."""
        folder = str(self._kept.peer.parent)
        return None if folder == release.value else Release("", _OPTION, folder)

    def others(self, plan: Plan, release: Release) -> frozenset[str]:
        """Return the nodes with programs of another folder."""
        kept, folder = self._kept, Path(release.value)
        return frozenset(one.name for one in plan.own_nodes if kept.of(one).parent != folder)

    def choose(self, plan: Plan, release: Release) -> None:
        """Remember programs; each node that there is keeps its own until it takes them."""
        kept, folder = self._kept, Path(release.value)
        nodes = {one.name: kept.of(one) for one in plan.own_nodes}
        self._write(_Kept(peer=folder / "peer", orderer=folder / "orderer", nodes=nodes))

    def take(self, node: Node) -> None:
        """Set a node to start from the programs of the network."""
        kept = self._kept
        left = {name: program for name, program in kept.nodes.items() if name != node.name}
        self._write(kept.model_copy(update={"nodes": left}))

    @property
    def _kept(self) -> _Kept:
        try:
            return _Kept.model_validate_json(self._file.read_bytes())
        except FileNotFoundError:
            return self._of_new_network
        except ValidationError as error:
            raise NetworkError(f"{self._file} is damaged: {RESTORE}") from error

    @cached_property
    def _of_new_network(self) -> _Kept:
        found = find_programs(self._given, self._fabric)
        return _Kept(peer=_settled(found.peer), orderer=_settled(found.orderer))

    def _write(self, kept: _Kept) -> None:
        content = kept.model_dump_json(indent=2).encode() + b"\n"
        files.write_public(self._file, content, error=NetworkError)


def _settled(program: Path) -> Path:
    """Return a program by the folder that it is in now: a link to folders of releases may lead to another one later."""
    return program.parent.resolve() / program.name
