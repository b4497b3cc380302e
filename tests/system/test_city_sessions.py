"""The city of network/city.yaml, founded: the example sessions of its contracts, and the scenarios of `make demo-city`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyfabric_network.network import Network
from pyfabric_network.topology.bundled import bundled_topologies

from tests.support.municipal.running_sessions import ByCommand
from tools.city_report import report
from tools.demo_city import scenarios, show
from tools.found_city import found
from tools.make_contract_pages import contracts
from tools.run_sessions import Runner
from tools.sessions import FOLDER, read_session

SESSIONS = sorted(FOLDER.glob("*.yaml"))
CONTRACTS = {one.contract_name().lower(): one for one in contracts()}


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
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


@pytest.fixture
def city(founded: Network) -> Network:
    """Provide the city as it was founded, with the machine's time."""
    founded.development().run_clock()
    founded.development().revert("founded")
    return founded


@pytest.mark.parametrize("file", SESSIONS, ids=[file.stem for file in SESSIONS])
def test_a_session_comes_to_what_its_page_says(city: Network, file: Path) -> None:
    runner = Runner(city, ByCommand(city), CONTRACTS)
    for number, done in enumerate(runner.run(file.stem, read_session(file)), start=1):
        assert not done.problem, f"entry {number} ({done.entry.en}): {done.problem}"


def test_the_scenarios_run_and_no_block_shows_what_is_private(city: Network) -> None:
    ran, searched = show(city, scenarios())
    assert [one.en for one in ran] == [one.en for one in scenarios()]
    assert {one.kind for one in searched.secrets} >= {"name", "resident id", "price", "salt"}
    assert [leak for found in searched.leaks.values() for leak in found] == []
    page = report(ran, searched)
    assert page.count("<svg") == len(ran)
    for done in (done for one in ran for done in one.lines):
        assert done.entry.zh in page
