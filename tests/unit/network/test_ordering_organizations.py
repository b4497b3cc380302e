"""A department's orderers are an organisation of their own; a department may have nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyfabric_network.connections import endpoint, participation_endpoint
from pyfabric_network.contexts import Contexts
from pyfabric_network.network import Network
from pyfabric_network.program_environment import program_environment
from pyfabric_network.runtimes.compose import compose_project
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import make_plan

from pyfabric.admin import compute_update
from pyfabric.errors import GatewayError, NetworkError, OrdererError, TopologyError
from pyfabric.gateway import Admin, OrdererAdmin, connect
from pyfabric.messages import decode_message, encode_message
from tests.support.network.network import TOPOLOGY, write_topology

# Land has no peers: it runs one of the orderers only.
WITH_LAND = TOPOLOGY.replace("  Health: {}\n", "  Health: {}\n  Land: { peers: 0 }\n").replace(
    "nodes: [Tax]", "nodes: [Tax, Land]"
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a running network with a department that only orders."""
    folder = tmp_path_factory.mktemp("land")
    network = Network.prepare(write_topology(folder, WITH_LAND), folder / "state", base_port=0)
    network.up()
    try:
        yield network
    finally:
        network.down(delete=True)


def ordering(department: DepartmentPlan) -> Organization:
    """Return the ordering organisation of a department that has one."""
    assert department.ordering is not None
    return department.ordering


def test_a_department_that_only_orders_has_the_one_organisation(running: Network) -> None:
    land = running.plan.department("Land")
    assert [one.msp_id for one in land.organizations] == ["LandOrdererMSP"]
    assert {path.name for path in land.folder.iterdir()} == {"ordering"}
    profiles = {path.name for path in (running.plan.root / "profiles").iterdir()}
    assert profiles == {"tax.json", "health.json"}
    assert set(Contexts(running.folder).all()) == {"small/Tax", "small/Health"}


def test_its_nodes_are_up_and_contracts_are_deployed_without_it(running: Network) -> None:
    running.deploy()
    found = {(one.name, one.department): one.problem for one in running.status()}
    label = running.plan.contracts["sample"].package.label
    assert found == {
        ("orderer0.tax", "Tax"): None,
        ("orderer0.land", "Land"): None,
        ("peer0.tax", "Tax"): None,
        ("peer0.health", "Health"): None,
        ("ca.tax", "Tax"): None,
        ("ca.health", "Health"): None,
        ("ca.ordering.land", "Land"): None,
        (label, "Tax"): None,
        (label, "Health"): None,
    }
    assert "contracts.land" not in running.operations()
    assert running.pending() == []


def test_only_the_ordering_organisations_administrator_opens_the_participation_api(
    running: Network,
) -> None:
    tax = running.plan.department("Tax")
    (orderer,) = tax.orderers
    with OrdererAdmin(participation_endpoint(ordering(tax), orderer)) as own:
        assert own.channels() == ("bills",)
    with (
        OrdererAdmin(participation_endpoint(tax, orderer)) as other,
        pytest.raises(GatewayError),
    ):
        other.channels()


def test_a_department_signs_for_its_peers_and_for_its_orderers(running: Network) -> None:
    plan = running.plan
    assert list(running.administrators("Tax")) == ["TaxOrdererMSP", "TaxMSP"]
    assert list(running.administrators("Land")) == ["LandOrdererMSP"]
    peers = running.administrators("Tax")["TaxMSP"]
    peer, orderer = endpoint(plan.peers[0]), endpoint(plan.orderers[0])
    with Admin(peers) as admin:
        present = admin.config(peer, "bills")
        wanted = decode_message("common.Config", present)
        batch = wanted["channel_group"]["groups"]["Orderer"]["values"]["BatchSize"]["value"]
        batch["max_message_count"] = 7
        update = compute_update("bills", present, encode_message("common.Config", wanted))
        mine = [admin.sign_update(update)]
        with pytest.raises(OrdererError, match="/Channel/Orderer"):
            admin.submit_update(orderer, "bills", update, mine)
        both = []
        for name in ("Tax", "Land"):
            with Admin(running.administrators(name)[f"{name}OrdererMSP"]) as operator:
                both.append(operator.sign_update(update))
        admin.submit_update(orderer, "bills", update, both)
    with connect(peers, peer) as gateway:
        config = gateway.network("bills").wait_for_config(after=present, timeout=30)
    found = decode_message("common.Config", config)["channel_group"]["groups"]["Orderer"]
    assert found["values"]["BatchSize"]["value"]["max_message_count"] == 7


def test_fabric_s_programs_act_as_the_administrator_of_its_orderers(running: Network) -> None:
    found = program_environment(running.plan, running.plan.department("Land"))
    assert found["CORE_PEER_LOCALMSPID"] == found["OSN_MSPID"] == "LandOrdererMSP"
    assert found["CORE_PEER_MSPCONFIGPATH"] == found["OSN_MSPCONFIGPATH"]
    assert "CORE_PEER_ADDRESS" not in found


def test_administrators_of_nobody(running: Network) -> None:
    with pytest.raises(NetworkError, match="no department named Zoo"):
        running.administrators("Zoo")


def test_containers_of_a_department_that_only_orders(tmp_path: Path) -> None:
    with_cas = WITH_LAND.replace("name: small\n", "name: small\nca_server: true\n")
    topology = load_topology(write_topology(tmp_path, with_cas))
    plan = make_plan(topology, tmp_path / "small", base_port=17000, containers=True)
    services = compose_project(plan)["services"]
    assert [name for name in services if name.endswith("land")] == [
        "orderer0.land",
        "ca.ordering.land",
    ]
    mounts = services["orderer0.land"]["volumes"]
    assert mounts[0].startswith("./organizations/land/ordering/orderers/orderer0.land:")
    assert services["ca.ordering.land"]["ports"] == [
        "127.0.0.1:17118:7054",
        "127.0.0.1:17119:9443",
    ]


@pytest.mark.parametrize(
    ("land", "key", "says"),
    [
        ("{ peers: 0, users: { ann: {} } }", "departments.Land.users", "that has peers"),
        ("{ peers: 0, msp_id: L }", "departments.Land.msp_id", "that has peers"),
        ("{ peers: 0, anchor_peers: 1 }", "departments.Land.anchor_peers", "that has peers"),
    ],
)
def test_what_is_for_peers_alone(tmp_path: Path, land: str, key: str, says: str) -> None:
    file = write_topology(tmp_path, WITH_LAND.replace("{ peers: 0 }", land))
    with pytest.raises(TopologyError, match=says) as caught:
        load_topology(file)
    assert caught.value.key == key


def test_a_department_without_peers_is_in_no_channel(tmp_path: Path) -> None:
    file = write_topology(tmp_path, WITH_LAND.replace("[Tax, Health]", "[Tax, Health, Land]"))
    with pytest.raises(TopologyError, match="Land has no peers") as caught:
        load_topology(file)
    assert caught.value.key == "channels.bills.departments.2"
