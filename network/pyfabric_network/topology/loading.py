"""How a topology file is read and checked."""

from pathlib import Path

from pyfabric_network.topology.checks import check_topology
from pyfabric_network.topology.document import read_document
from pyfabric_network.topology.spec import Topology


def load_topology(file: Path) -> Topology:
    """Read and check a topology file; raise TopologyError with file, line and key."""
    document = read_document(file)
    topology = document.parse(Topology)
    check_topology(topology, document)
    return topology
