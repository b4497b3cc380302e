"""A topology that is ahead of its channels, where departments have machines of their own: kept, agreed on, joined late."""

import json
from pathlib import Path

import pytest
from pyfabric_network.followed import FOLLOWED, followed_topology
from pyfabric_network.members.membership import Membership
from pyfabric_network.members.public import undefined
from pyfabric_network.network import Network
from pyfabric_network.state import read_state
from pyfabric_network.topology.loading import load_topology

from pyfabric.errors import ConfigError, NetworkError, TopologyError
from tests.support.network.departments import City, now

TOPOLOGY = """\
name: small
departments: { Tax: {}, Health: {} }
ordering: { nodes: [Tax], batch: { timeout: 50ms } }
channels: { bills: { departments: [Tax, Health], contracts: [] } }
contracts: {}
"""
WITH_ZOO = (
    ("Health: {} }", "Health: {}, Zoo: {} }"),
    ("departments: [Tax, Health]", "departments: [Tax, Health, Zoo]"),
)


@pytest.fixture
def city(tmp_path: Path) -> City:
    """Provide two departments whose channel has begun by their bundles."""
    city = City(tmp_path, TOPOLOGY)
    city.collect()
    for name in city.departments:
        city.bundle(name)
        city.accept(name)
    return city


def change(city: City, *changes: tuple[str, str]) -> None:
    """Change the topology that all agree on."""
    for old, new in changes:
        assert city.topology.count(old) == 1
        city.topology = city.topology.replace(old, new)


def distribute(city: City, title: str, *names: str) -> None:
    for name in names:
        city.bundle(name, title)
        city.accept(name, title)


def followed(city: City, name: str) -> str | None:
    file = city.state(name) / "small" / FOLLOWED
    return file.read_text() if file.exists() else None


def test_the_topology_that_the_channels_have_is_kept_until_they_follow(city: City) -> None:
    first = city.topology
    change(city, ("50ms", "60ms"))
    distribute(city, "second", "Tax", "Health")
    change(city, ("60ms", "70ms"))
    distribute(city, "third", "Health")
    assert [followed(city, name) for name in ("Tax", "Health")] == [first, first]
    health = city.network("Health")
    assert health.topology.ordering.batch.timeout == "70ms"
    assert health.followed == load_topology(city.state("Health") / "small" / FOLLOWED)


def test_a_changed_file_is_ahead_of_the_channels_too(city: City) -> None:
    change(city, ("50ms", "60ms"))
    members = city.members("Tax")
    earlier = followed_topology(members.root, members.state, members.topology)
    assert earlier is not None
    assert earlier.ordering.batch.timeout == "50ms"
    assert city.network("Tax").followed == earlier
    assert Network.open(city.state("Tax")).followed is None  # as it was last brought up


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("channels: { bills:", "channels: { accounts:", "is part of the configuration"),
        ("Health: {}", "Health: { msp_id: Other }", "undo the change"),
    ],
)
def test_what_no_update_brings_is_refused(city: City, old: str, new: str, says: str) -> None:
    change(city, (old, new))
    with pytest.raises(TopologyError, match=says):
        city.members("Tax")


def test_before_there_are_genesis_blocks_nothing_is_ahead(tmp_path: Path) -> None:
    city = City(tmp_path, TOPOLOGY)
    city.collect()
    change(city, ("50ms", "60ms"))
    members = city.members("coordinator")
    assert followed_topology(members.root, members.state, members.topology) is None


def newcomer(city: City) -> None:
    """Add Zoo to the topology, and its definition at the coordinator."""
    change(city, *WITH_ZOO)
    city.departments = (*city.departments, "Zoo")
    city.members("coordinator").add([city.send("Zoo")], now=now())


def test_a_department_that_comes_later_takes_the_genesis_block_of_others(city: City) -> None:
    before = city.topology
    newcomer(city)
    city.bundle("Zoo")
    review = city.review("Zoo")
    assert review.earlier == ("bills",)
    shown = next(one.bundle for one in review.differences if one.subject == "genesis block")
    assert shown.endswith("(of an earlier topology)")
    review.accept()
    assert followed(city, "Zoo") == before
    blocks = {
        (city.state(name) / "small/channels/bills.block").read_bytes() for name in ("Tax", "Zoo")
    }
    assert len(blocks) == 1


def test_a_false_genesis_block_of_others_is_refused(city: City, tmp_path: Path) -> None:
    newcomer(city)
    other = City(tmp_path / "other", TOPOLOGY)
    other.folder.mkdir()
    other.collect()
    false = other.bundle("Tax") / "channels/bills.block"
    target = city.bundle("Zoo") / "channels/bills.block"
    target.write_bytes(false.read_bytes())
    with pytest.raises(ConfigError, match="genesis block of bills is not the one"):
        city.review("Zoo")
    assert not (city.state("Zoo") / "small/channels").exists()


def test_a_member_takes_no_block_of_an_earlier_topology(city: City, tmp_path: Path) -> None:
    slow = City(tmp_path / "slow", TOPOLOGY)
    slow.folder.mkdir()
    slow.collect()
    slow.bundle("Tax")
    change(slow, ("50ms", "60ms"))
    slow.bundle("Health")
    with pytest.raises(ConfigError, match="genesis block of bills is not the one"):
        slow.review("Health")


def sent_again(city: City, name: str) -> Path:
    file = city.send(name)
    assert read_state(city.members(name).root) is not None
    return file


def test_a_department_that_gets_an_orderer_sends_its_definition_again(city: City) -> None:
    change(city, ("nodes: [Tax]", "nodes: [Tax, Health]"))
    coordinator = city.members("coordinator")
    assert undefined(coordinator.plan) == ("Health",)
    with pytest.raises(NetworkError, match="definition of Health is missing, or lacks an orderer"):
        city.bundle("Tax", "too-early")
    coordinator.add([sent_again(city, "Health")], now=now())
    assert undefined(city.members("coordinator").plan) == ()
    distribute(city, "second", "Tax", "Health")
    assert undefined(city.members("Tax").plan) == ()


def test_a_department_does_not_become_another_one(city: City) -> None:
    coordinator = city.members("coordinator")
    moved = json.loads((city.folder / "Health.json").read_text())
    moved["host"] = "health.example"
    (city.folder / "moved.json").write_text(json.dumps(moved))
    other = Membership.open(
        city.machine("again") / "small.yaml", city.state("again"), runtime=coordinator.state.runtime
    ).make("Health", city.host("Health"), None, now=now())
    (city.folder / "other.json").write_bytes(other.to_bytes())
    for name in ("moved", "other"):
        with pytest.raises(NetworkError, match="was made with another definition of it"):
            coordinator.add([city.folder / f"{name}.json"], now=now())
