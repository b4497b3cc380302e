"""Who waits where departments have machines of their own: whom the topology names and the channel does not have."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyfabric_network.channels.admission import admitted
from pyfabric_network.connections import Connections
from pyfabric_network.material.keys import make_material
from pyfabric_network.network import Network
from pyfabric_network.topology.loading import read_topology
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT

from tests.support.network.network import TOPOLOGY, running_network

AHEAD = (
    TOPOLOGY.replace("  Health: {}", "  Health: {}\n  Zoo: {}")
    .replace("nodes: [Tax]", "nodes: [Tax, Health]")
    .replace("departments: [Tax, Health]", "departments: [Tax, Health, Zoo]")
)


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a running network of Tax and Health, with an orderer of Tax."""
    with running_network(tmp_path_factory.mktemp("small")) as running:
        yield running


def plan_of(network: Network, text: str, *here: str) -> Plan:
    """Return the plan of a topology of which this machine has some departments, with their keys."""
    topology = read_topology(text, Path("small.yaml"))
    port = network.state.base_port
    places = {
        name: Place("127.0.0.1", port + PORTS_PER_DEPARTMENT * index, here=name in here)
        for index, name in enumerate(topology.departments)
    }
    plan = make_plan(topology, network.root, base_port=port, places=places)
    make_material(plan, now=datetime.now(UTC))
    return plan


def test_whom_the_channel_does_not_have_waits(network: Network) -> None:
    plan = plan_of(network, AHEAD, "Health", "Zoo")
    with Connections(plan) as connections:
        known, waiting = admitted(plan, connections)
    assert [one.partition(":")[0] for one in waiting] == [
        "bills has not admitted HealthOrdererMSP",
        "bills has not admitted ZooMSP",
    ]
    bills = known.channels["bills"]
    assert bills.left == {"orderer0.health", "peer0.zoo"}
    assert [one.name for one in bills.own] == ["Health"]


def test_departments_elsewhere_that_are_no_members_are_not_waited_for(network: Network) -> None:
    plan = plan_of(network, AHEAD, "Tax")
    with Connections(plan) as connections:
        known, waiting = admitted(plan, connections)
    assert waiting == ()
    assert [one.name for one in known.channels["bills"].departments] == ["Tax", "Health"]


def test_one_machine_has_admitted_everybody(network: Network) -> None:
    with Connections(network.plan) as connections:
        assert admitted(network.plan, connections) == (network.plan, ())


def test_a_newcomer_alone_sees_nothing_of_the_channel(network: Network) -> None:
    plan = plan_of(network, AHEAD, "Zoo")
    with Connections(plan) as connections:
        known, waiting = admitted(plan, connections)
    assert len(waiting) == 1
    assert known.channels["bills"].own == ()
