"""The city of network/city.yaml comes up: four BFT orderers, nine channels, contracts, an ACL."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyfabric_network.network import Network as CityNetwork
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.reading import block
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.bundled import bundled_topologies

from pyfabric.errors import DeliverError
from pyfabric.gateway import Network, connect
from tests.support.network.programs import fabric_programs


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, runtime: RuntimeName) -> Iterator[CityNetwork]:
    network = CityNetwork.prepare(
        bundled_topologies()["city"],
        tmp_path_factory.mktemp("city"),
        base_port=0,
        runtime=runtime,
        programs=fabric_programs(),
    )
    network.up()
    try:
        yield network
    finally:
        network.down(delete=True)


@contextmanager
def channel(city: CityNetwork, department: str, user: str, name: str) -> Iterator[Network]:
    profile = load_profile(profile_file(city.plan, city.plan.department(department)))
    with connect(profile.user(user), profile.peers) as gateway:
        yield gateway.network(name)


def test_every_node_has_its_channels(city: CityNetwork) -> None:
    status = {one.name: one for one in city.status()}
    assert not [one for one in status.values() if one.problem]
    cas = [one.cas for one in city.plan.departments.values() if one.cas is not None]
    assert len(status) == 4 + 19 + len(cas)
    for node in city.plan.orderers:
        assert set(status[node.name].channels) == set(city.plan.channels)
    for peer in city.plan.peers:
        member = city.plan.owner(peer)
        wanted = {name for name, one in city.plan.channels.items() if member in one.departments}
        assert set(status[peer.name].channels) == wanted


def test_a_contract_answers_every_member(city: CityNetwork) -> None:
    (deployed,) = city.deploy(["credit"])
    assert deployed.channel == "credit"
    for department, user in (("EconInfo", "manager"), ("Zgc", "clerk")):
        with channel(city, department, user, "credit") as network:
            assert b"Credit" in network.contract("credit").evaluate(
                "org.hyperledger.fabric:GetMetadata"
            )


def test_whole_blocks_of_health_are_for_administrators(city: CityNetwork) -> None:
    with channel(city, "MedIns", "Admin", "health") as network:
        assert block(network, 0).number == 0
    with channel(city, "MedIns", "clerk", "health") as network:
        with network.filtered_block_events(start_block=0) as stream:
            assert next(stream).number == 0
        with pytest.raises(DeliverError, match="FORBIDDEN"):
            block(network, 0)
