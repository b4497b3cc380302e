"""Organisations: an MSP each, with its CAs, its nodes and its administrator."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pyfabric_network.state_folder import ADMIN
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.nodes import Member, Node, make_nodes
from pyfabric_network.topology.places import LOOPBACK, Place
from pyfabric_network.topology.spec import FurtherUser, Topology, User

Further: TypeAlias = Mapping[str, Mapping[str, FurtherUser]]
"""Users whom the topology does not have, by the MSP id of their organisation and their short name."""


@dataclass(frozen=True, kw_only=True)
class Organization:
    """An MSP with its folder, its nodes and its users (by short name: Admin, clerk, …).

    `name` is for people, `domain` is how names of its CAs and users end. `ca_server` is the department's, if its
    TLS certificate is of this organisation: the first one that the department has.
    """

    name: str
    domain: str
    msp_id: str
    folder: Path
    nodes: tuple[Node, ...]
    intermediate_ca: bool
    users: Mapping[str, Member]
    ca_server: CAServer | None = None

    @property
    def tls_only(self) -> tuple[Member, ...]:
        """What has a TLS certificate, and no identity on the network."""
        return () if self.ca_server is None else (self.ca_server.member,)

    @property
    def msp(self) -> Path:
        """The definition of its MSP: what every other organisation may see."""
        return self.folder / "msp"

    @property
    def ca(self) -> Path:
        """The folder of the CA that issues identities."""
        return self.folder / "ca"

    @property
    def root_ca(self) -> Path:
        """The folder of the root above that CA, if it is an intermediate CA."""
        return self.folder / "rootca"

    @property
    def tls_ca(self) -> Path:
        """The folder of the CA for TLS."""
        return self.folder / "tlsca"

    @property
    def admin(self) -> Member:
        """The administrator that sets the network up."""
        return self.users[ADMIN]

    def members(self) -> tuple[Member, ...]:
        """Return everybody who gets an identity of this organisation."""
        return (*(node.member for node in self.nodes), *self.users.values())


def make_ordering(
    topology: Topology,
    department: str,
    folder: Path,
    place: Place,
    further: Further,
    *,
    containers: bool,
) -> Organization | None:
    """Work out the ordering organisation of a department; None if the department runs no orderer.

    `folder` is the department's; its orderers' host names end with the department's name, as those of
    its peers do.
    """
    count = topology.ordering.nodes.count(department)
    if not count:
        return None
    msp_id, domain, own = (
        topology.ordering_msp_id(department),
        f"ordering.{folder.name}",
        folder / "ordering",
    )
    return Organization(
        name=f"{department} (ordering)",
        domain=domain,
        msp_id=msp_id,
        folder=own,
        nodes=make_nodes(
            "orderer",
            count,
            msp_id=msp_id,
            folder=own,
            domain=folder.name,
            place=place,
            containers=containers,
        ),
        intermediate_ca=topology.departments[department].intermediate_ca,
        users=make_users(own, domain, {}, further.get(msp_id, {})),
    )


def make_users(
    folder: Path, domain: str, users: Mapping[str, User], further: Mapping[str, FurtherUser]
) -> dict[str, Member]:
    """Work out the users of the organisation in `folder`: its administrator, the topology's, and further ones."""
    own = {
        ADMIN: FurtherUser(unit="admin"),
        **{short: FurtherUser(attributes=one.attributes) for short, one in users.items()},
    }
    return {
        short: Member(
            name := f"{short}@{domain}",
            one.unit,
            folder / "users" / name,
            attributes=one.attributes,
            enrolled=one.enrolled,
        )
        for short, one in {**own, **{k: v for k, v in further.items() if k not in own}}.items()
    }


def make_server(folder: Path, domain: str, service: str, subfolder: str) -> Member:
    """Work out a server of the organisation in `folder` that has a TLS certificate alone."""
    name = f"{service}.{domain}"
    return Member(name, "client", folder / subfolder, (name, "localhost", LOOPBACK))
