"""Who has certificates, and the nodes among them: names, folders and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from pyfabric.messages.addresses import Address
from pyfabric_network.topology.places import (
    CONTAINER_PORTS,
    FIRST_PORT,
    LOOPBACK,
    PORTS_PER_NODE,
    NodeKind,
    Place,
)

Unit: TypeAlias = Literal["admin", "client", "peer", "orderer"]


@dataclass(frozen=True)
class Member:
    """A holder of certificates: an identity of its organisation (`msp`) and a TLS pair (`tls`).

    `unit` is the role that the identity's certificate states; `hosts` are the host names in the TLS
    certificate; `attributes` are for contracts to read. `self_signed`: its TLS certificate is its own root.
    `enrolled`: its identity comes from a certificate authority's server, and is not made here.
    """

    name: str
    unit: Unit
    folder: Path
    hosts: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    self_signed: bool = False
    enrolled: bool = False

    @property
    def msp(self) -> Path:
        """The MSP folder with this member's certificate and key."""
        return self.folder / "msp"

    @property
    def certificate(self) -> Path:
        """The identity's certificate."""
        return self.msp / "signcerts" / "cert.pem"

    @property
    def key(self) -> Path:
        """The identity's private key."""
        return self.msp / "keystore" / "priv_sk"

    @property
    def tls(self) -> Path:
        """The folder with the TLS certificate, key and roots."""
        return self.folder / "tls"

    @property
    def tls_certificate(self) -> Path:
        """The TLS certificate: a server's if the member has host names, otherwise a client's."""
        return self.tls / ("server.crt" if self.hosts else "client.crt")

    @property
    def tls_key(self) -> Path:
        """The key of the TLS certificate."""
        return self.tls_certificate.with_suffix(".key")

    @property
    def tls_roots(self) -> Path:
        """The certificate of the organisation's TLS CA."""
        return self.tls / "ca.crt"


@dataclass(frozen=True)
class Node:
    """A peer or an orderer: nodes reach it at `inside`, everything else at `outside`.

    `listen` is where its program listens; `operations` serves health and metrics; `admin` is the
    participation API of an orderer. If the node serves only clients that show a TLS certificate (mutual TLS), this
    machine's programs show that of `client`.
    """

    member: Member
    msp_id: str
    inside: Address
    outside: Address
    listen: Address
    operations: Address
    admin: Address | None = None
    client: Member | None = None

    @property
    def name(self) -> str:
        """The node's host name."""
        return self.member.name

    def listening(self) -> dict[str, Address]:
        """Return the addresses where it listens on this machine, each with what listens there."""
        found = {self.name: self.listen, f"{self.name} (operations)": self.operations}
        if self.admin is not None:
            found[f"{self.name} (participation API)"] = self.admin
        return found


def make_nodes(
    kind: NodeKind,
    count: int,
    *,
    msp_id: str,
    folder: Path,
    domain: str,
    place: Place,
    containers: bool,
) -> tuple[Node, ...]:
    """Work out the peers or orderers of the organisation in `folder`; `domain` ends their host names.

    In `containers`, the nodes of this machine reach each other by host name at Fabric's usual ports.
    """
    return tuple(
        _make_node(
            kind, f"{kind}{index}.{domain}", index, msp_id, folder, place, containers=containers
        )
        for index in range(count)
    )


def _make_node(
    kind: NodeKind,
    host: str,
    index: int,
    msp_id: str,
    folder: Path,
    place: Place,
    *,
    containers: bool,
) -> Node:
    ports = PORTS_PER_NODE[kind]
    first = place.first_port + FIRST_PORT[kind] + ports * index
    outside = Address(place.host, first)
    by_name = containers and outside.is_loopback
    hosts = dict.fromkeys((host, "localhost", LOOPBACK, place.host))
    return Node(
        member=Member(host, kind, folder / f"{kind}s" / host, tuple(hosts)),
        msp_id=msp_id,
        inside=Address(host, CONTAINER_PORTS[kind]) if by_name else outside,
        outside=outside,
        listen=Address(place.listening_host, first),
        operations=Address(LOOPBACK, first + ports - 1),
        admin=Address(LOOPBACK, first + 1) if kind == "orderer" else None,
    )
