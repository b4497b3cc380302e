"""Steps: members and nodes, a channel's configuration, endorsers."""

from itertools import combinations
from typing import Any

from pytest_bdd import parsers, then, when

from pyfabric.admin.discovery import ChaincodeCall
from pyfabric.errors import DiscoveryError
from tests.conformance.steps.lifecycle import admin_of
from tests.conformance.world import World, attempt, succeeded

WHO = r"(?:the|a|an) (?P<role>admin|user) of (?P<department>\w+)"
NAMES = r"(?P<names>\w+(?:(?:, | and )\w+)*)"


def names_of(text: str) -> list[str]:
    return text.replace(" and ", ", ").split(", ")


def discover(world: World, role: str, department: str, name: str, *arguments: Any) -> None:
    admin, peer = admin_of(world, role, department)
    world.found = attempt(world, lambda: getattr(admin, name)(peer, *arguments))


@when(parsers.re(rf'{WHO} asks for the peers of the channel "(?P<channel>\w+)"'))
def ask_peers(world: World, role: str, department: str, channel: str) -> None:
    discover(world, role, department, "discover_peers", channel)


@when(
    parsers.re(
        r"a user of (?P<department>\w+) asks the peer of (?P<host>\w+) "
        r'for the peers of the channel "(?P<channel>\w+)"'
    )
)
def ask_peers_at(world: World, department: str, host: str, channel: str) -> None:
    admin, _ = admin_of(world, "user", department)
    peer = world.peers(host)[0]
    world.found = attempt(world, lambda: admin.discover_peers(peer, channel))


@when(parsers.re(rf"{WHO} asks for all peers that its peer knows"))
def ask_local_peers(world: World, role: str, department: str) -> None:
    discover(world, role, department, "discover_local_peers")


@then(parsers.re(rf"the peers are those of {NAMES}"))
def the_peers(world: World, names: str) -> None:
    succeeded(world)
    expected = {
        (world.running.msp_id(name), str(peer.inside))
        for name in names_of(names)
        for peer in world.running.department(name).peers
    }
    assert {(peer.msp_id, peer.address) for peer in world.found} == expected
    assert len(world.found) == len(expected)


@then(parsers.re(r'each of them serves "(?P<chaincode>\w+)" of sequence (?P<sequence>\d+)'))
def they_serve(world: World, chaincode: str, sequence: str) -> None:
    assert {peer.chaincodes[chaincode] for peer in world.found} == {sequence}


@when(parsers.re(rf'{WHO} asks for the configuration of the channel "(?P<channel>\w+)"'))
def ask_config(world: World, role: str, department: str, channel: str) -> None:
    discover(world, role, department, "discover_config", channel)


@then(parsers.re(rf"the members are {NAMES}"))
def the_members(world: World, names: str) -> None:
    succeeded(world)
    operators = world.running.network.topology.ordering.nodes
    expected = {world.running.msp_id(name) for name in names_of(names)}
    expected |= {world.running.ordering_msp_id(name) for name in operators}
    assert set(world.found.msps) == expected
    assert {definition.msp_id for definition in world.found.msps.values()} == expected


@then(parsers.re(rf"the orderers are those of {NAMES}"))
def the_orderers(world: World, names: str) -> None:
    assert world.found.orderers == {
        world.running.ordering_msp_id(name): tuple(
            str(node.inside) for node in world.running.department(name).orderers
        )
        for name in names_of(names)
    }


@when(
    parsers.re(
        rf'{WHO} asks who endorses "(?P<chaincode>\w+)"'
        r'(?: when it (?P<how>reads|only writes) "(?P<collection>\w+)")?'
    )
)
def ask_endorsers(
    world: World,
    role: str,
    department: str,
    chaincode: str,
    how: str | None,
    collection: str | None,
) -> None:
    wanted = ChaincodeCall(
        chaincode,
        collections=(collection,) if collection else (),
        no_private_reads=how == "only writes",
    )
    discover(world, role, department, "discover_endorsers", "conformance", [wanted])


def choices(world: World) -> set[frozenset[str]]:
    """Return the departments' MSP ids of each layout; a group is of one department, one peer of it
    is enough.
    """
    succeeded(world)
    owners = {}
    for group, peers in world.found.groups.items():
        (owners[group],) = {peer.msp_id for peer in peers}
    for layout in world.found.layouts:
        assert set(layout.values()) == {1}
    return {frozenset(owners[group] for group in layout) for layout in world.found.layouts}


@then(parsers.re(rf"any (?P<count>\d) of {NAMES} are enough"))
def any_are_enough(world: World, count: str, names: str) -> None:
    msp_ids = [world.running.msp_id(name) for name in names_of(names)]
    assert choices(world) == {frozenset(some) for some in combinations(msp_ids, int(count))}


@then(parsers.re(r"discovery refuses with \"(?P<text>.*)\""))
def discovery_refuses(world: World, text: str) -> None:
    assert isinstance(world.error, DiscoveryError), repr(world.error)
    assert text in str(world.error)
