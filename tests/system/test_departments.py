"""Departments on machines of their own form one Fabric network: each with its own processes and keys."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import pytest
from pyfabric_network.network import Network
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.gateway import connect
from tests.support.departments import City, private_keys
from tests.support.programs import needs_fabric

pytestmark = needs_fabric


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Network]]:
    """Every department's part of the network, up at the same time from its own bundle and keys."""
    made = City(tmp_path_factory.mktemp("city"))
    made.collect()
    for name in made.departments:
        made.bundle(name)
        made.accept(name)
    parts = {name: made.network(name) for name in made.departments}
    try:
        with ThreadPoolExecutor(len(parts)) as pool:
            list(pool.map(lambda part: part.up(), parts.values()))
        yield parts
    finally:
        for part in parts.values():
            part.down()


def gateway(part: Network):
    (department,) = part.plan.own
    profile = load_profile(profile_file(part.plan, department))
    return connect(profile.user("Admin"), profile.peers)


def test_each_department_deploys_for_itself_and_all_share_one_ledger(
    city: dict[str, Network],
) -> None:
    told = {(name, one.channel): one for name, part in city.items() for one in part.deploy()}
    assert {where: one.waiting_for for where, one in told.items()} == {
        ("Tax", "bills"): ("Health", "Land"),
        ("Health", "bills"): ("Land",),
        ("Health", "seals"): ("Mail",),
        ("Land", "bills"): (),
        ("Mail", "seals"): (),
    }
    assert not any(one.changed for part in city.values() for one in part.deploy())
    for channel, writer, readers in (
        ("bills", "Tax", ("Tax", "Health", "Land")),
        ("seals", "Mail", ("Health", "Mail")),
    ):
        with gateway(city[writer]) as own:
            contract = own.network(channel).contract("sample")
            contract.submit("put", "colour", f"{channel} blue")
        for name in readers:
            with gateway(city[name]) as own:
                found = own.network(channel).contract("sample").evaluate("get", "colour")
                assert found.decode() == f"{channel} blue"


def test_each_department_tells_of_its_own_nodes(city: dict[str, Network]) -> None:
    for name, part in city.items():
        status = part.status()
        assert {one.department for one in status} == {name}
        assert [one.problem for one in status] == [None] * len(status)
    assert [one.name for one in city["Mail"].status()] == ["peer0.mail", "sample_1.0"]


def test_a_department_goes_down_and_comes_up_by_itself(city: dict[str, Network]) -> None:
    mail = city["Mail"]
    assert mail.down()
    assert not any(one.problem for one in city["Health"].status())
    mail.up()
    with gateway(mail) as own:
        assert own.network("seals").contract("sample").submit("put", "after", "all") == b"all"


def test_nobody_has_a_key_of_anybody_else(city: dict[str, Network]) -> None:
    keys = {name: private_keys(part.folder.parent) for name, part in city.items()}
    assert all(len(own) >= 7 for own in keys.values())
    for one, other in combinations(keys.values(), 2):
        assert not one & other
    assert not private_keys(city["Tax"].folder.parents[1] / "coordinator")
