"""Fixtures for pytest: name this module in `pytest_plugins`, and give the fixture `fabric_topology`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfabric.testing.networks import DevelopmentNetwork, development_network

__all__ = ["fabric", "fabric_network", "fabric_topology"]


@pytest.fixture(scope="session")
def fabric_topology() -> Path:
    """The topology file of the network; override it."""
    raise LookupError(
        "pyfabric.testing: define a session fixture fabric_topology that answers a topology's path"
    )


@pytest.fixture(scope="session")
def fabric_network(
    fabric_topology: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DevelopmentNetwork]:
    """The network, up once for all tests."""
    with development_network(fabric_topology, tmp_path_factory.mktemp("fabric")) as network:
        yield network


@pytest.fixture
def fabric(fabric_network: DevelopmentNetwork) -> DevelopmentNetwork:
    """The network as it was when its contracts had just been deployed."""
    fabric_network.reset()
    return fabric_network
