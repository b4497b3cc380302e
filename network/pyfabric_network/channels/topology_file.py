"""The topology file of a network, changed by a command that then brings the network there."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from pyfabric.errors import NetworkError, TopologyError
from pyfabric.local import files
from pyfabric_network.state import State
from pyfabric_network.state_folder import TOPOLOGY_COPY
from pyfabric_network.topology.bundled import bundled_topologies
from pyfabric_network.topology.editing import with_value, without
from pyfabric_network.topology.loading import read_topology
from pyfabric_network.topology.spec import Topology

Changes: TypeAlias = Mapping[tuple[str, ...], Any]
"""Keys of a topology file, as paths, with their new values; None removes one."""


def topology_file(state: State, root: Path) -> Path:
    """Return the file that a network follows: the one it was made from, or its copy if that is gone.

    Raises NetworkError for one that is bundled, which no command changes.
    """
    file = state.topology if state.topology.exists() else root / TOPOLOGY_COPY
    for name, bundled in bundled_topologies().items():
        if file.resolve() == bundled.resolve():
            raise NetworkError(
                f"{root.name} follows the bundled topology {name}, which commands do not change: copy it first "
                f"(`pyfabric network init {name}`) and bring the network up with that file"
            )
    return file


def changed_topology(file: Path, changes: Changes) -> tuple[str, Topology]:
    """Return the text of a topology file with keys set, or removed where the value is None, and what it means.

    Raises TopologyError for what is then no topology; nothing is written.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise TopologyError(
            f"cannot be read: {error.strerror}", file=file, line=None, key=""
        ) from error
    for path, value in changes.items():
        if value is None:
            text = without(text, path, file=file)
        else:
            text = with_value(text, path, value, file=file)
    return text, read_topology(text, file)


def write_topology(file: Path, text: str) -> None:
    """Replace a topology file, durably; raises NetworkError."""
    files.write_public(file, text.encode(), error=NetworkError)
