"""Steps: administrators install, approve and commit."""

from dataclasses import replace
from typing import Any

from pytest_bdd import given, parsers, then, when

from pyfabric.admin.definitions import ChaincodeDefinition
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import CommitError, GatewayError, PeerResponseError
from pyfabric.identity.loading import load_msp_folder
from pyfabric.identity.signing import SigningIdentity
from tests.conformance.world import World, attempt, succeeded


def person(world: World, role: str, department: str) -> SigningIdentity:
    if role == "admin":
        plan = world.running.department(department)
        return load_msp_folder(plan.admin.msp, plan.msp_id)
    return world.running.user(department)


def admin_of(world: World, role: str, department: str) -> tuple[Any, Any]:
    """Return an Admin of the surface for that person, and the department's first peer."""
    made = world.surface.Admin(person(world, role, department))
    world.gateways.append(made)
    return made, world.peers(department)[0]


@given(parsers.re('a package labelled "(?P<label>[^"]*)"'))
def a_package(world: World, label: str) -> None:
    world.package = ChaincodePackage.build(world.fill(label), {"address": "127.0.0.1:1"})


@given(parsers.re(r'the definition "(?P<name>[^"]*)" of sequence (?P<sequence>\d+)'))
def a_definition(world: World, name: str, sequence: str) -> None:
    world.definition = ChaincodeDefinition(
        name=world.fill(name), version="1.0", sequence=int(sequence)
    )


@when(parsers.re(r"(?:the|a) (?P<role>admin|user) of (?P<department>\w+) installs it"))
def install(world: World, role: str, department: str) -> None:
    admin, peer = admin_of(world, role, department)
    world.result = attempt(world, lambda: admin.install(peer, world.package))


@when(
    parsers.re(r'the admin of (?P<department>\w+) installs the bytes "(?P<hexadecimal>[0-9a-f]+)"')
)
def install_junk(world: World, department: str, hexadecimal: str) -> None:
    admin, peer = admin_of(world, "admin", department)
    junk = replace(
        ChaincodePackage.build(world.key, {"address": "127.0.0.1:1"}),
        data=bytes.fromhex(hexadecimal),
    )
    attempt(world, lambda: admin.install(peer, junk))


@then(parsers.re(r"(?P<department>\w+) lists the package as installed"))
def lists_installed(world: World, department: str) -> None:
    admin, peer = admin_of(world, "admin", department)
    assert world.result == world.package.package_id
    installed = [item.package_id for item in admin.installed(peer)]
    assert installed.count(world.package.package_id) == 1


@then("installing it again changes nothing")
def install_again(world: World) -> None:
    install(world, "admin", "EconInfo")
    lists_installed(world, "EconInfo")


@then(parsers.re(r'the peer refuses with (?P<status>\d+) and "(?P<text>.*)"'))
def peer_refuses(world: World, status: str, text: str) -> None:
    assert isinstance(world.error, PeerResponseError | GatewayError), repr(world.error)
    if isinstance(world.error, PeerResponseError):
        assert world.error.status == int(status)
    assert text in str(world.error)


@when(parsers.re(r"the admin of (?P<department>\w+) (?:tries to approve|approves) it"))
def approve(world: World, department: str) -> None:
    admin, peer = admin_of(world, "admin", department)
    package_id = world.package.package_id if world.package is not None else None
    attempt(
        world,
        lambda: admin.approve(peer, "conformance", world.definition, package_id),
    )


@when(
    parsers.re(
        r"the admin of (?P<department>\w+) tries to approve "
        r'the committed definition of "(?P<name>\w+)" again'
    )
)
def approve_again(world: World, department: str, name: str) -> None:
    admin, peer = admin_of(world, "admin", department)
    standing = admin.approved(peer, "conformance", name)
    attempt(
        world,
        lambda: admin.approve(peer, "conformance", standing.definition, standing.package_id),
    )


@then(parsers.re(r"it is approved by (?P<department>\w+) only"))
def approved_only_by(world: World, department: str) -> None:
    succeeded(world)
    admin, peer = admin_of(world, "admin", department)
    ready = admin.check_commit_readiness(peer, "conformance", world.definition)
    approvals = {msp_id for msp_id, agreed in ready.items() if agreed}
    assert len(ready) == 3
    assert approvals == {world.running.msp_id(department)}


@when(parsers.re(r"the admin of (?P<department>\w+) commits it"))
def commit(world: World, department: str) -> None:
    succeeded(world)
    admin, peer = admin_of(world, "admin", department)
    admin.commit(peer, "conformance", world.definition)


@then(parsers.re('committing it fails with "(?P<text>.*)"'))
def commit_is_refused(world: World, text: str) -> None:
    admin, peer = admin_of(world, "admin", "EconInfo")
    attempt(world, lambda: admin.commit(peer, "conformance", world.definition))
    fails_with(world, text)
    world.error = None


@then(parsers.re('it fails with "(?P<text>.*)"'))
def fails_with(world: World, text: str) -> None:
    assert world.error is not None
    assert not isinstance(world.error, CommitError)
    assert world.fill(text) in str(world.error)


@then(parsers.re(r'the definition "(?P<name>[^"]*)" is committed with sequence (?P<sequence>\d+)'))
def is_committed(world: World, name: str, sequence: str) -> None:
    admin, peer = admin_of(world, "user", "MktSup")
    found = {item.name: item.sequence for item in admin.committed(peer, "conformance")}
    assert found[world.fill(name)] == int(sequence)


@when(parsers.re(r'a user of (?P<department>\w+) asks for the definition "(?P<name>\w+)"'))
def ask_definition(world: World, department: str, name: str) -> None:
    admin, peer = admin_of(world, "user", department)
    attempt(world, lambda: admin.committed_definition(peer, "conformance", name))
