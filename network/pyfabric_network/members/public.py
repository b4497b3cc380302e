"""A department's public definition: all that the others must know of it, in one file that can be mailed.

The MSP of its peers and that of its orderers, where its nodes are reached, and the certificates by which
channels know its orderers. No secret is in it; what a received one must be: `public_checks`.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from pyfabric.errors import NetworkError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.local import files
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import Plan
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT
from pyfabric_network.topology.values import HostName, between

_HIGHEST_FIRST_PORT = 65536 - PORTS_PER_DEPARTMENT


class OrdererCertificates(BaseModel):
    """An orderer's certificates (PEM): of its identity, and of its TLS server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    identity: bytes
    tls: bytes


class Location(BaseModel):
    """Where the others reach a department's nodes: a host, at the 50 ports from `first_port` on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: HostName
    first_port: Annotated[int, AfterValidator(between(1024, _HIGHEST_FIRST_PORT))]


class OrderingDefinition(BaseModel):
    """The organisation of a department's orderers; the names of `orderers` are those of the topology."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    msp: MSPDefinition
    orderers: Mapping[str, OrdererCertificates]


class PublicDefinition(Location):
    """What a department sends to the others: `msp` if it has peers, `ordering` if it runs orderers."""

    network: str
    department: str
    msp: MSPDefinition | None
    ordering: OrderingDefinition | None

    def place(self, *, here: bool) -> Place:
        """Return where the department is; `here` is true on that machine."""
        return Place(self.host, self.first_port, here)

    def msps(self) -> tuple[MSPDefinition, ...]:
        """Return the definitions of its MSPs."""
        ordering = None if self.ordering is None else self.ordering.msp
        return tuple(one for one in (self.msp, ordering) if one is not None)

    def to_bytes(self) -> bytes:
        """Return the file."""
        return self.model_dump_json(indent=2).encode() + b"\n"

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file (hex), for people to compare over a second channel."""
        return sha256(self.to_bytes()).hexdigest()


def public_definition(network: str, department: DepartmentPlan) -> PublicDefinition:
    """Return the definition of a department as far as its public files are on this machine; raises IdentityError."""
    return PublicDefinition(
        network=network,
        department=department.name,
        host=department.place.host,
        first_port=department.place.first_port,
        msp=_msp(department) if department.peers and department.msp.exists() else None,
        ordering=_ordering_definition(department.ordering)
        if department.ordering and department.ordering.msp.exists()
        else None,
    )


def goes_on(before: PublicDefinition, after: PublicDefinition) -> bool:
    """Return whether a later definition of a department may replace the one that genesis blocks were made with.

    Orderers may come and go and get other certificates, and an MSP may be added: its place and the MSPs that it had stay,
    since the channels and the other departments know it by these.
    """
    former, later = (
        (one.department, one.host, one.first_port, one.msp, one.ordering and one.ordering.msp)
        for one in (before, after)
    )
    return all(old in (None, new) for old, new in zip(former, later, strict=True))


def undefined(plan: Plan) -> tuple[str, ...]:
    """Return the departments with machines of their own whose definitions are missing, or lack a node of the topology."""
    return (
        *plan.missing,
        *(
            one.name
            for name in plan.places
            for one in [plan.department(name)]
            if not one.place.here and not _is_complete(one)
        ),
    )


def _is_complete(department: DepartmentPlan) -> bool:
    folders = all(one.msp.exists() for one in department.organizations)
    return folders and all(node.member.tls_certificate.exists() for node in department.orderers)


def unfold(definition: PublicDefinition, department: DepartmentPlan) -> None:
    """Write the department's public files to where a plan looks for them; none of them is a key."""
    if definition.msp is not None:
        _unfold_msp(definition.msp, department)
    if definition.ordering is not None and department.ordering is not None:
        _unfold_msp(definition.ordering.msp, department.ordering)
        for node in department.orderers:
            held = definition.ordering.orderers[node.name]
            files.write_public(node.member.certificate, held.identity, error=NetworkError)
            files.write_public(node.member.tls_certificate, held.tls, error=NetworkError)


def _msp(organization: Organization) -> MSPDefinition:
    return MSPDefinition.from_folder(organization.msp, organization.msp_id)


def _ordering_definition(ordering: Organization) -> OrderingDefinition:
    return OrderingDefinition(
        msp=_msp(ordering),
        orderers={
            node.name: OrdererCertificates(
                identity=node.member.certificate.read_bytes(),
                tls=node.member.tls_certificate.read_bytes(),
            )
            for node in ordering.nodes
            if node.member.certificate.exists() and node.member.tls_certificate.exists()
        },
    )


def _unfold_msp(definition: MSPDefinition, organization: Organization) -> None:
    definition.write(organization.msp)
    roots = b"".join(definition.tls_root_certificates)
    for node in organization.nodes:
        files.write_public(node.member.tls_roots, roots, error=NetworkError)
