"""The small network of tests.support.network.network, started once for all tests of this folder."""

from collections.abc import Iterator

import pytest
from pyfabric_network.network import Network

from tests.support.network.network import running_network


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a network that tests may add to, but not break."""
    with running_network(tmp_path_factory.mktemp("running")) as network:
        yield network
