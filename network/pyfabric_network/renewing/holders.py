"""Who has certificates on this machine, by the names that people renew them by."""

from collections.abc import Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from cryptography import x509

from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.revocation import is_revoked, revoked
from pyfabric.identity.trust import read_certificate
from pyfabric_network.material.former import CERTIFICATE, former_cas
from pyfabric_network.renewing.definitions import Authorities
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan

NEXT = "next"


class Kind(StrEnum):
    """What has a certificate."""

    USER = "user"
    PEER = "peer"
    ORDERER = "orderer"
    HOST = "contract host"
    CLIENT = "contract client"
    CA_SERVER = "CA server"
    CA = "CA"
    ROOT_CA = "root CA"
    TLS_CA = "TLS CA"


AUTHORITIES = frozenset({Kind.CA, Kind.ROOT_CA, Kind.TLS_CA})


class Use(StrEnum):
    """What a certificate is for."""

    IDENTITY = "identity"
    TLS = "TLS"
    ISSUING = "issuing"


@dataclass(frozen=True)
class Certificate:
    """A certificate in a file of this machine, and whose it is."""

    holder: str
    kind: Kind
    use: Use
    organization: Organization
    file: Path
    content: bytes
    member: Member | None = None

    @cached_property
    def parsed(self) -> x509.Certificate:
        """The certificate itself."""
        return load_certificate(self.content)

    @property
    def serial(self) -> str:
        """Its serial number in hexadecimal, which no other certificate has."""
        return f"{self.parsed.serial_number:x}"

    @property
    def ends(self) -> datetime:
        """When it is valid no longer."""
        return self.parsed.not_valid_after_utc


@dataclass(frozen=True)
class Authority:
    """A CA of an organisation: its certificate, the next one if it is made, and those before that are still accepted."""

    holder: str
    kind: Kind
    organization: Organization
    folder: Path
    present: bytes
    staged: bytes | None
    former: tuple[bytes, ...]


def certificates(plan: Plan) -> tuple[Certificate, ...]:
    """Return the certificates in use of this machine's organisations, CAs first; raises IdentityError.

    Those of users that are revoked are in use no longer: nobody comes back by a renewal.
    """
    return tuple(
        Certificate(holder, kind, use, organization, file, file.read_bytes(), member)
        for organization in plan.own_organizations
        for holder, kind, use, file, member in (
            *_of_authorities(organization),
            *_of_members(organization),
        )
        if file.exists()
    )


def authorities(organization: Organization) -> tuple[Authority, ...]:
    """Return the CAs of an organisation that exist."""
    return tuple(
        Authority(
            holder=holder,
            kind=kind,
            organization=organization,
            folder=file.parent,
            present=file.read_bytes(),
            staged=_read(file.parent / NEXT / CERTIFICATE),
            former=tuple((one / CERTIFICATE).read_bytes() for one in former_cas(file.parent)),
        )
        for holder, kind, _, file, _ in _of_authorities(organization)
        if file.exists()
    )


def accepted(these: tuple[Authority, ...]) -> Authorities:
    """Return the CAs of an organisation that its definition must have: the present ones, and the next."""
    has_root = any(one.kind is Kind.ROOT_CA for one in these)

    def of(kind: Kind) -> tuple[bytes, ...]:
        return tuple(
            content
            for one in these
            if one.kind is kind
            for content in (one.present, one.staged)
            if content is not None
        )

    return Authorities(
        root_certificates=of(Kind.ROOT_CA) if has_root else of(Kind.CA),
        intermediate_certificates=of(Kind.CA) if has_root else (),
        tls_root_certificates=of(Kind.TLS_CA),
    )


def _of_authorities(
    organization: Organization,
) -> Iterator[tuple[str, Kind, Use, Path, Member | None]]:
    domain = organization.domain
    if organization.intermediate_ca:
        folder = organization.root_ca
        yield f"rootca.{domain}", Kind.ROOT_CA, Use.ISSUING, folder / CERTIFICATE, None
    yield f"ca.{domain}", Kind.CA, Use.ISSUING, organization.ca / CERTIFICATE, None
    yield f"tlsca.{domain}", Kind.TLS_CA, Use.ISSUING, organization.tls_ca / CERTIFICATE, None


def _of_members(
    organization: Organization,
) -> Iterator[tuple[str, Kind, Use, Path, Member | None]]:
    definition = MSPDefinition.from_folder(organization.msp, organization.msp_id)
    taken_back = revoked(definition.revocation_lists)
    for member in organization.members():
        kind = Kind(member.unit) if member.unit in {"peer", "orderer"} else Kind.USER
        if kind is not Kind.USER or not _is_revoked(member.certificate, taken_back):
            yield member.name, kind, Use.IDENTITY, member.certificate, member
        yield member.name, kind, Use.TLS, member.tls_certificate, member
    for member in organization.tls_only:
        holder, kind = _tls_only(organization, member)
        yield holder, kind, Use.TLS, member.tls_certificate, member


def _is_revoked(file: Path, taken_back: Container[tuple[bytes, int]]) -> bool:
    return file.exists() and is_revoked(read_certificate(file.read_bytes()), taken_back)


def _tls_only(organization: Organization, member: Member) -> tuple[str, Kind]:
    if organization.ca_server and member == organization.ca_server.member:
        return f"ca-server.{organization.domain}", Kind.CA_SERVER  # ca.… is the CA itself
    if isinstance(organization, DepartmentPlan) and member == organization.contract_client:
        return member.name, Kind.CLIENT
    return member.name, Kind.HOST


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None
