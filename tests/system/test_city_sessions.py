"""The example sessions of docs/contracts/sessions, each run on the city of network/city.yaml as it was founded."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyfabric_network.network import Network
from pyfabric_network.topology.bundled import bundled_topologies

from tests.support.municipal.running_sessions import RunningSession
from tools.found_city import found
from tools.make_contract_pages import contracts
from tools.sessions import FOLDER

SESSIONS = sorted(FOLDER.glob("*.yaml"))
CONTRACTS = {one.contract_name().lower(): one for one in contracts()}


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    network = Network.prepare(
        bundled_topologies()["city"], tmp_path_factory.mktemp("city"), base_port=0
    )
    network.up()
    try:
        network.deploy()
        network.development().cut_blocks(at_once=True)
        found(network)
        network.development().snapshot("founded")
        yield network
    finally:
        network.down(delete=True)


@pytest.mark.parametrize("file", SESSIONS, ids=[file.stem for file in SESSIONS])
def test_a_session_comes_to_what_its_page_says(city: Network, file: Path) -> None:
    city.development().run_clock()
    city.development().revert("founded")
    RunningSession(city, file.stem, CONTRACTS).run(file)
