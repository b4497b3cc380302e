"""A channel that its departments govern: committers hold the founding to a majority, ticks, and what they do in flight.

The same on the embedded runtime and on Fabric's own programs (`--runtime native`).
"""

import time
from collections.abc import Iterator

import pytest
from pyfabric_network.connections import host_operations_endpoint
from pyfabric_network.network import Network
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.errors import CommitError, EndorseError, ValidationCode
from pyfabric.gateway import Contract, Operations
from pyfabric.local.waiting import poll
from tests.support.network.governed import (
    DEPARTMENTS,
    MAJORITY,
    approved,
    contract,
    found,
    founding,
    governed_network,
    msp_ids,
    slots,
)

LENGTH = 10


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, runtime: RuntimeName) -> Iterator[Network]:
    with governed_network(tmp_path_factory.mktemp("governed"), runtime, ticking=False) as running:
        yield running


def test_a_minority_of_the_real_members_founds_nothing(network: Network) -> None:
    two = MAJORITY[:2]
    change = approved(network, founding(two, slot_seconds=LENGTH), two)
    with contract(network, "city") as city:
        with pytest.raises(CommitError) as caught:
            city.submit("enact", change, endorsing_organizations=msp_ids(two))
        assert caught.value.code is ValidationCode.ENDORSEMENT_POLICY_FAILURE
        with pytest.raises(EndorseError) as refused:
            city.submit("enact", change, endorsing_organizations=msp_ids(MAJORITY))
        assert refused.value.refusal is not None
        assert refused.value.refusal.code == "city.not-approved-here"


def test_a_tick_leaves_alone_what_is_in_flight_and_two_do_not(network: Network) -> None:
    found(network, slot_seconds=LENGTH)
    with contract(network, "city") as city, contract(network, "guarded") as guarded:
        first = tick(city, 0)
        prompt = guarded.new_proposal("stamp", "prompt").endorse()
        withheld = guarded.new_proposal("stamp", "withheld").endorse()
        assert int(prompt.result) == first
        second = tick(city, first + LENGTH)
        prompt.submit().status().raise_unless_valid()
        assert second == first + LENGTH
        tick(city, second + LENGTH)
        with pytest.raises(CommitError) as caught:
            withheld.submit().status().raise_unless_valid()
        assert caught.value.code is ValidationCode.MVCC_READ_CONFLICT


def tick(city: Contract, slot: int) -> int:
    """Wait for a slot to begin and write the one of then; returns its start."""
    time.sleep(max(slot - time.time(), 0))
    now = int(time.time())
    slot = now - now % LENGTH
    city.submit("tick", slot, slots(city)["newest"])
    return slot


def test_contract_hosts_tick_the_clock_and_whom_others_are_ahead_of_are_well(
    tmp_path_factory: pytest.TempPathFactory, runtime: RuntimeName
) -> None:
    with governed_network(tmp_path_factory.mktemp("ticking"), runtime, ticking=True) as network:
        with contract(network, "city", user="ticker") as city:
            view = poll(
                lambda: slots(city),
                until=lambda one: one["newest"] is not None,
                every=0.1,
                timeout=60,
            )
        assert view["ticked_by"] in msp_ids(DEPARTMENTS)
        with contract(network, "guarded") as guarded:
            assert int(guarded.submit("stamp", "now")) == view["newest"]
        problems = poll(
            lambda: problems_of(network), until=lambda found: not found, every=0.2, timeout=60
        )
        assert problems == []


def problems_of(network: Network) -> list[str]:
    """Return what keeps nodes, contracts and tickers from their work."""
    found = [one.problem for one in network.status() if one.problem]
    for department in network.plan.own_with_peers:
        with Operations(host_operations_endpoint(department)) as operations:
            found += operations.health().failed_checks.values()
    return found
