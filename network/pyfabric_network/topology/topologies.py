"""Topology files: the ones that come along, how one is found, and how it is read."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from pyfabric.errors import TopologyError
from pyfabric_network.topology.checks import check_topology
from pyfabric_network.topology.document import read_document
from pyfabric_network.topology.spec import Topology


def bundled_topologies() -> Mapping[str, Path]:
    """The topologies that come with this package, by name."""
    packaged = Path(str(files("pyfabric_network") / "topologies"))
    source = Path(__file__).parents[2]
    folder = packaged if packaged.is_dir() else source
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_topology(file: Path) -> Topology:
    """Read and check a topology file; raises TopologyError with file, line and key."""
    document = read_document(file)
    topology = document.parse(Topology)
    check_topology(topology, document)
    return topology


def find_topology(name: str) -> Path:
    """The file of a topology given as a path or as the name of a bundled one."""
    bundled = bundled_topologies()
    if name in bundled:
        return bundled[name]
    if Path(name).exists():
        return Path(name)
    raise TopologyError(
        f"no such file, and the topologies that come along are: {', '.join(bundled)}",
        file=Path(name),
        line=None,
        key="",
    )
