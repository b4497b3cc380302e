"""Every scenario on each ledger."""

from collections.abc import Iterator

import pytest

from tests.behaviour.memory_ledger import MemoryLedger
from tests.behaviour.network_ledger import NetworkLedger
from tests.behaviour.scenario import Scenario, play
from tests.behaviour.scenarios import SCENARIOS

STUBS = {"blocking": "Requests", "asynchronous": "AsyncRequests"}


def _in_memory() -> Iterator[object]:
    """Yield each scenario that is about what the test ledger simulates, with both stubs."""
    for scenario in SCENARIOS:
        for stub, contract in STUBS.items():
            if not scenario.beyond and scenario.stub in ("", stub):
                yield pytest.param(scenario, contract, id=f"{scenario.name}-{stub}")


def _on_a_network() -> Iterator[object]:
    """Yield each scenario with one of the stubs in turn: to a peer both are the same."""
    for number, scenario in enumerate(SCENARIOS):
        stub = scenario.stub or list(STUBS)[number % len(STUBS)]
        yield pytest.param(scenario, STUBS[stub], id=f"{scenario.name}-{stub}")


@pytest.mark.parametrize(("scenario", "contract"), tuple(_in_memory()))
def test_on_the_test_ledger(scenario: Scenario, contract: str) -> None:
    play(scenario, MemoryLedger(), contract)


@pytest.mark.parametrize(("scenario", "contract"), tuple(_on_a_network()))
def test_on_a_network(scenario: Scenario, contract: str, network: NetworkLedger) -> None:
    play(scenario, network, contract)
