"""Fixtures for pytest: name this module in `pytest_plugins`, and define the fixture `fabric_topology`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfabric.testing.networks import DevelopmentNetwork, development_network

__all__ = ["fabric", "fabric_network", "fabric_topology"]


@pytest.fixture(scope="session")
def fabric_topology() -> Path:
    """Provide the path of the topology file; every project defines this fixture itself."""
    raise LookupError(
        "pyfabric.testing: there is no fixture fabric_topology: define one of session scope that returns "
        "the path of a topology file"
    )


@pytest.fixture(scope="session")
def fabric_network(
    fabric_topology: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DevelopmentNetwork]:
    """Provide the network, which is started once for all tests."""
    with development_network(fabric_topology, tmp_path_factory.mktemp("fabric")) as network:
        yield network


@pytest.fixture
def fabric(fabric_network: DevelopmentNetwork) -> DevelopmentNetwork:
    """Provide the network, reset to the state right after the deployment of its contracts."""
    fabric_network.reset()
    return fabric_network
