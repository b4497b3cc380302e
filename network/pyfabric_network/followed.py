"""The topology that the channels have, where departments have machines of their own and their topology is ahead of it.

Each machine's topology changes when its department accepts a bundle or brings up a changed file; the channels follow by
updates that several departments sign. Until they have, the earlier topology is kept beside the later one.
"""

from pathlib import Path
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric_network.state import State
from pyfabric_network.state_folder import TOPOLOGY_COPY
from pyfabric_network.topology.changes import changed_in_channels
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.spec import Topology

FOLLOWED: Final = "followed.yaml"
"""The name of the earlier topology's file, in the network's folder."""


def followed_topology(root: Path, state: State, topology: Topology) -> Topology | None:
    """Return the topology that the channels have, if a network on many machines is ahead of it with this one.

    None before there are genesis blocks, which are made from any topology. Raises TopologyError.
    """
    source = _source(root, state)
    if source is None:
        return None
    earlier = load_topology(source)
    behind = source.name == FOLLOWED or changed_in_channels(earlier, topology)
    return earlier if behind else None


def keep_followed(root: Path, state: State, topology: Topology) -> None:
    """Keep the topology that the channels have, before this one takes its place; raises NetworkError."""
    source = _source(root, state)
    if source is None or source.name == FOLLOWED:
        return
    if changed_in_channels(load_topology(source), topology):
        files.write_public(root / FOLLOWED, source.read_bytes(), error=NetworkError)


def forget_followed(root: Path) -> None:
    """Forget the earlier topology: the channels have all of the later one."""
    with files.reported(root / FOLLOWED, NetworkError):
        (root / FOLLOWED).unlink(missing_ok=True)


def _source(root: Path, state: State) -> Path | None:
    """Return the file of the topology that the channels have, as far as this machine knows."""
    if not state.places or not any((root / "channels").glob("*.block")):
        return None
    found = [root / FOLLOWED, root / TOPOLOGY_COPY]
    return next((file for file in found if file.exists()), None)
