"""The network that the scenarios run on: the development ledger, or Fabric's own programs.

`--runtime native` has them run on Fabric's programs.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyfabric_network.runtimes.runtime import RuntimeName

from tests.support.network.programs import skip_without_fabric
from tests.support.network.running import started

pytest.register_assert_rewrite("tests.behaviour.scenario")

from tests.behaviour.network_ledger import NetworkLedger, network_ledger  # noqa: E402

TOPOLOGY = Path(__file__).parent / "topology.yaml"


@pytest.fixture(scope="session")
def network(
    tmp_path_factory: pytest.TempPathFactory, runtime: RuntimeName
) -> Iterator[NetworkLedger]:
    """Start the suite's network once."""
    if runtime is RuntimeName.NATIVE:
        skip_without_fabric()
    folder = tmp_path_factory.mktemp("behaviour")
    with started(folder, runtime, TOPOLOGY) as running, network_ledger(running) as ledger:
        yield ledger
