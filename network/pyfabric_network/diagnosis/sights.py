"""What the doctor can look at: from a network's state folder, or from a department's connection profile."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyfabric.client.effects import Endpoint
from pyfabric.errors import IdentityError, NetworkError
from pyfabric.identity.signing import SigningIdentity
from pyfabric_network.connections import (
    administrator,
    endpoint,
    operations_endpoint,
    participation_endpoint,
)
from pyfabric_network.diagnosis.facts import (
    CertificateFacts,
    FolderFacts,
    NodeKind,
    PortFacts,
    RevocationFacts,
    ServiceFacts,
)
from pyfabric_network.material.expiry import certificate_files
from pyfabric_network.ports import taken
from pyfabric_network.profile import Profile
from pyfabric_network.runtimes.runtime import Runtime
from pyfabric_network.status import service_status
from pyfabric_network.topology.ca_servers import CAServer, ServedCA
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan
from pyfabric_network.unfinished import interrupted


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A node to look at: where other nodes reach it (`address`), how this machine does, and what it should have joined."""

    name: str
    kind: NodeKind
    msp_id: str
    address: str
    endpoint: Endpoint
    own: bool = False
    only_anchor: bool = False
    expected: tuple[str, ...] = ()
    operations: Endpoint | None = None
    participation: Endpoint | None = None
    state: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Everything that one run can look at. `actors` ask the peers of their organisation, by MSP id.

    `names` are those of nodes of other machines, by address.
    """

    network: str
    departments: Mapping[str, str]
    actors: Mapping[str, SigningIdentity]
    own: tuple[str, ...]
    targets: tuple[Target, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    certificates: tuple[CertificateFacts, ...] = ()
    revocations: tuple[RevocationFacts, ...] = ()
    authorities: tuple[tuple[CAServer, ServedCA], ...] = ()
    services: tuple[ServiceFacts, ...] = ()
    folders: tuple[FolderFacts, ...] = ()
    ports: tuple[PortFacts, ...] = ()
    unfinished: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


def sight_of_profile(profile: Profile, user: str) -> Sight:
    """Return what a department's profile shows, asked as its administrator if that is there, else as `user`.

    Raises NetworkError for a profile whose orderers cannot be read.
    """
    peers = [_peer_of(profile, one) for one in profile.peers]
    orderers = [
        Target(
            name=one.server_name or one.address,
            kind="orderer",
            msp_id="",
            address=one.address,
            endpoint=one,
            expected=profile.channels,
        )
        for one in profile.orderers
    ]
    return Sight(
        network=profile.network,
        departments={profile.msp_id: profile.department},
        actors=dict(_actor(profile, user)),
        own=(profile.msp_id,),
        targets=(*peers, *orderers),
        certificates=tuple(_of_users(profile)),
        absent={
            **dict.fromkeys(
                ("disk", "ports", "contracts", "unfinished"), "a profile does not name machines"
            ),
            "crl": "a profile has no folder with revocation lists",
            "authorities": "a profile has no registrar of its CA server",
        },
    )


def sight_of_plan(plan: Plan, runtime: Runtime) -> Sight:
    """Return what a network's folder shows: of the departments of this machine everything."""
    organizations = plan.own_organizations
    return Sight(
        network=plan.name,
        departments={
            organization.msp_id: department.name
            for department in plan.departments.values()
            for organization in department.organizations
        },
        actors=dict(_administrators(plan)),
        own=tuple(one.msp_id for one in organizations),
        targets=tuple(_targets(plan, runtime)),
        names={str(one.inside): one.name for one in (*plan.orderers, *plan.peers)},
        certificates=tuple(
            CertificateFacts(
                one.what, one.msp_id, str(one.file), one.file.read_bytes(), one.identity
            )
            for one in certificate_files(plan)
        ),
        revocations=tuple(
            RevocationFacts(one.msp_id, str(file), file.read_bytes())
            for one in organizations
            for file in sorted((one.msp / "crls").glob("*"))
        ),
        authorities=tuple((server, one) for server in plan.own_ca_servers for one in server.served),
        services=tuple(_services(plan)),
        folders=(_folder(plan.root),) if plan.root.exists() else (),
        ports=tuple(_taken(plan, runtime)),
        unfinished=interrupted(plan.root),
    )


def _actor(profile: Profile, user: str) -> Iterator[tuple[str, SigningIdentity]]:
    """Yield the first of the administrator and a user whose keys can be used, with its MSP id."""
    for name in ("Admin", user):
        try:
            yield profile.msp_id, profile.user(name)
        except (IdentityError, NetworkError):
            continue
        return


def _peer_of(profile: Profile, peer: Endpoint) -> Target:
    return Target(
        name=peer.server_name or peer.address,
        kind="peer",
        msp_id=profile.msp_id,
        address=peer.address,
        endpoint=peer,
        own=True,
        expected=profile.channels,
    )


def _of_users(profile: Profile) -> Iterator[CertificateFacts]:
    for name in profile.user_names:
        try:
            certificate = profile.user(name).identity.certificate
        except (IdentityError, NetworkError):
            continue  # its keys are elsewhere
        what, place = f"the certificate of {name}", str(profile.users.get(name, "the profile"))
        yield CertificateFacts(what, profile.msp_id, place, certificate, identity=True)


def _administrators(plan: Plan) -> Iterator[tuple[str, SigningIdentity]]:
    for one in plan.own_organizations:
        try:
            yield one.msp_id, administrator(one)
        except IdentityError:
            continue  # never brought up: its nodes are found to have no keys either


def _targets(plan: Plan, runtime: Runtime) -> Iterator[Target]:
    for node in plan.own_nodes:
        organization = plan.organization(node)
        found = Target(
            name=node.name,
            kind="peer" if node.admin is None else "orderer",
            msp_id=node.msp_id,
            address=str(node.inside),
            endpoint=Endpoint(str(node.outside), b""),
            own=True,
            expected=_expected(plan, node),
            state=_state(runtime, node.name),
        )
        try:
            yield replace(
                found,
                endpoint=endpoint(node),
                operations=operations_endpoint(organization, node),
                participation=_participation(organization, node),
            )
        except OSError:  # its certificates, or its administrator's, are lost
            yield found


def _expected(plan: Plan, node: Node) -> tuple[str, ...]:
    channels = plan.channels.values()
    return tuple(one.name for one in channels if node.admin is not None or node in one.peers())


def _participation(organization: Organization, node: Node) -> Endpoint | None:
    return None if node.admin is None else participation_endpoint(organization, node)


def _state(runtime: Runtime, name: str) -> str:
    """Return why a node does not run; empty if it does."""
    if runtime.process(name) is not None:
        return ""
    if runtime.was_stopped(name):
        return "it was stopped"
    why = runtime.fault(name)
    return f"it does not run: {why}" if why else "it does not run"


def _services(plan: Plan) -> Iterator[ServiceFacts]:
    msp_ids = {one.name: one.msp_id for one in plan.own_with_peers}
    for one in service_status(plan):
        yield ServiceFacts(one.name, msp_ids[one.department], one.address, one.problem)


def _folder(root: Path) -> FolderFacts:
    usage = shutil.disk_usage(root)
    return FolderFacts(str(root), usage.free, usage.total)


def _taken(plan: Plan, runtime: Runtime) -> Iterator[PortFacts]:
    hosts = [one.contract_host.name for one in plan.own_with_peers]
    names = [*(server.name for server in plan.own_servers), *hosts]
    addresses = plan.listening(running=[one for one in names if runtime.process(one) is not None])
    for name, owner in taken(addresses).items():
        yield PortFacts(name, str(addresses[name]), owner)
