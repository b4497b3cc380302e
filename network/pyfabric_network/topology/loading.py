"""How a topology file is read and checked."""

from pathlib import Path

from pyfabric_network.topology.checks import check_topology
from pyfabric_network.topology.document import Document, parse_document, read_document
from pyfabric_network.topology.spec import Topology


def load_topology(file: Path) -> Topology:
    """Read and check a topology file; raise TopologyError with file, line and key."""
    return _checked(read_document(file))


def read_topology(text: str, file: Path) -> Topology:
    """Check a topology's text, which is or is going to be in a file; raise TopologyError as `load_topology`."""
    return _checked(parse_document(text, file))


def _checked(document: Document) -> Topology:
    topology = document.parse(Topology)
    check_topology(topology, document)
    return topology
