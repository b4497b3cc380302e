"""Every scenario, with both stubs, on each ledger."""

import pytest

from tests.behaviour.network_ledger import NetworkLedger
from tests.behaviour.scenario import Scenario, play
from tests.behaviour.scenarios import SCENARIOS

STUBS = {"blocking": "Requests", "asynchronous": "AsyncRequests"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each scenario with the stubs that it is about."""
    cases = [
        pytest.param(scenario, contract, id=f"{scenario.name}-{stub}")
        for scenario in SCENARIOS
        for stub, contract in STUBS.items()
        if scenario.stub in ("", stub)
    ]
    metafunc.parametrize(("scenario", "contract"), cases)


def test_on_a_network(scenario: Scenario, contract: str, network: NetworkLedger) -> None:
    play(scenario, network, contract)
