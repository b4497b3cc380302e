"""Keys, certificates and MSP folders of a plan, in the layout that Fabric's own tools use.

    organizations/<department>/
      msp/                      the definition of its MSP
      ca/  tlsca/               its CAs for identities and for TLS, with their keys
      rootca/                   the root above ca/, where the topology asks for an intermediate CA
      peers/<node>/{msp,tls}    users/<user>/{msp,tls}
      contracts/tls             its contract host's TLS certificate and key
      contract-client/tls       its peers' as clients of that host, which trusts that certificate alone
      ca-server/                what its CA server starts with and remembers (see `ca_server`)
      ordering/                 the same for the organisation of its orderers, if it runs any:
        msp/  ca/  tlsca/  rootca/  orderers/<node>/{msp,tls}  users/<user>/{msp,tls}

All departments' keys in one place: for development. A department with a machine of its own makes its
own keys there (see `membership`). Nothing that exists is made again.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Literal

from pyfabric.errors import NetworkError
from pyfabric.identity.certificates import certificate_attributes, load_certificate
from pyfabric.identity.definition import MSPDefinition, NodeUnits
from pyfabric.identity.folders import load_ca, write_ca, write_local_msp, write_tls
from pyfabric.identity.issuing import CertificateAuthority, self_signed_client
from pyfabric.identity.key_files import FileKey
from pyfabric.identity.keys import PrivateKey, generate_private_key
from pyfabric.local import files
from pyfabric_network.material.ca_server import write_ca_server
from pyfabric_network.material.former import keep_replaced
from pyfabric_network.parallel import side_by_side
from pyfabric_network.state_folder import RESTORE
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan

AUTHORITY_YEARS: Final = 20
"""More than what CAs issue lasts, so that they can renew it."""
_DAYS: Final = 365 * 10
_NEXT = "tls-next"


def make_material(plan: Plan, *, now: datetime) -> None:
    """Make all keys and certificates of a plan that do not exist yet.

    Raises NetworkError if a department's CA is missing although the channels' genesis blocks name it.
    """
    # Side by side: most of the time goes into waiting for the disk.
    side_by_side([partial(_make_organization, plan, one, now) for one in plan.own_organizations])
    side_by_side([partial(write_ca_server, one) for one in plan.own_ca_servers])


def missing_material(plan: Plan) -> list[Member]:
    """Return whose keys and certificates `make_material` would make."""
    return [
        member
        for organization in plan.own_organizations
        for member in (*organization.members(), *organization.tls_only)
        if not (_has_tls(member) and (member in organization.tls_only or _has_own_identity(member)))
    ]


def make_user(organization: Organization, user: Member, *, now: datetime, days: int) -> None:
    """Make the keys and certificates of a user whom the organisation's own CA knows, unless they exist.

    They are valid for `days`, and no longer than the CA. Raises IdentityError.
    """
    ca = load_ca(organization.ca)
    if not _has_identity(user):
        keep_replaced(user)
        definition = MSPDefinition.from_folder(organization.msp, organization.msp_id)
        _issue_identity(user, ca, definition, now, days)
    make_tls(organization, user, now=now, days=days)


def make_tls(
    organization: Organization, member: Member, *, now: datetime, days: int = _DAYS
) -> None:
    """Make a member's TLS certificate and key unless they exist; raises IdentityError."""
    if not _has_tls(member):
        definition = MSPDefinition.from_folder(organization.msp, organization.msp_id)
        roots = definition.tls_root_certificates
        _issue_tls(member, load_ca(organization.tls_ca), roots, now, days)


def _make_organization(plan: Plan, organization: Organization, now: datetime) -> None:
    tls_ca = _authority(plan, organization, organization.tls_ca, "tlsca", now)
    ca, root = _identity_authority(plan, organization, now)
    definition = MSPDefinition(
        msp_id=organization.msp_id,
        root_certificates=(root,),
        intermediate_certificates=(ca.certificate_pem,) if organization.intermediate_ca else (),
        tls_root_certificates=(tls_ca.certificate_pem,),
        node_units=NodeUnits.standard(),
    )
    if (organization.msp / "config.yaml").exists():  # with all that came to it since
        definition = MSPDefinition.from_folder(organization.msp, organization.msp_id)
    else:
        definition.write(organization.msp)
    for member in organization.members():
        if not _has_own_identity(member):
            keep_replaced(member)
            _issue_identity(member, ca, definition, now)
    for member in (*organization.members(), *organization.tls_only):
        if not _has_tls(member):
            _issue_tls(member, tls_ca, definition.tls_root_certificates, now)


def _identity_authority(
    plan: Plan, organization: Organization, now: datetime
) -> tuple[CertificateAuthority, bytes]:
    """Return the CA that issues identities, and the certificate of its root (itself if there is none).

    The root's key is needed once; it may be kept offline afterwards.
    """
    if not organization.intermediate_ca:
        ca = _authority(plan, organization, organization.ca, "ca", now)
        return ca, ca.certificate_pem
    if not _has_authority(organization.ca):
        _authority(plan, organization, organization.root_ca, "rootca", now)
    ca = _authority(plan, organization, organization.ca, "ca", now, below=organization.root_ca)
    return ca, (organization.root_ca / "ca.pem").read_bytes()


def _authority(
    plan: Plan,
    organization: Organization,
    folder: Path,
    prefix: str,
    now: datetime,
    below: Path | None = None,
) -> CertificateAuthority:
    """Return the CA in a folder: the one there, or a new one; `below` is the folder of the CA above it."""
    if _has_authority(folder):
        return load_ca(folder)
    block = next((spec.block for spec in plan.channels.values() if spec.block.exists()), None)
    if block is not None and organization.msp.exists():
        raise NetworkError(f"{folder} is missing, and {block} was made with it: {RESTORE}")
    name = f"{prefix}.{organization.domain}"
    if below is None:
        authority = CertificateAuthority.create(
            name, organization.name, now=now, years=AUTHORITY_YEARS
        )
    else:
        authority = load_ca(below).create_intermediate(name, now=now, years=AUTHORITY_YEARS)
    write_ca(folder, authority)
    return authority


def _has_authority(folder: Path) -> bool:
    return (folder / "ca.key").exists()


def _has_identity(member: Member) -> bool:
    certificate = member.certificate
    if not (certificate.exists() and member.key.exists()):
        return False
    held = certificate_attributes(load_certificate(certificate.read_bytes()))
    return dict(held) == dict(member.attributes)


def _has_own_identity(member: Member) -> bool:
    """Return whether a member has its identity, or gets it from a certificate authority's server."""
    return member.enrolled or _has_identity(member)


def _has_tls(member: Member) -> bool:
    return all(file.exists() for file in (member.tls_certificate, member.tls_key, member.tls_roots))


def _issue_identity(
    member: Member,
    ca: CertificateAuthority,
    definition: MSPDefinition,
    now: datetime,
    days: int = _DAYS,
) -> None:
    key = generate_private_key()
    certificate = identity_certificate(member, ca, key, now, days)
    write_local_msp(member.msp, definition, certificate, key)


def identity_certificate(
    member: Member,
    ca: CertificateAuthority,
    key: FileKey,
    now: datetime,
    days: int = _DAYS,
) -> bytes:
    """Return a member's certificate (PEM) of this CA for a key, with its role and attributes."""
    return ca.issue(
        member.name,
        unit=member.unit,
        now=now,
        public_key=key.public_key(),
        days=days,
        attributes=member.attributes,
    )


def tls_certificate(
    member: Member,
    ca: CertificateAuthority,
    key: PrivateKey,
    now: datetime,
    days: int = _DAYS,
) -> bytes:
    """Return a member's TLS certificate (PEM) of this CA for a key, or one that is its own root."""
    if member.self_signed:
        return self_signed_client(member.name, ca.organization, key, now=now, days=days)
    return ca.issue(
        member.name,
        now=now,
        public_key=key.public_key(),
        days=days,
        hosts=member.hosts,
        tls=True,
    )


def stage_tls(organization: Organization, member: Member, *, now: datetime) -> Path:
    """Make a node's next TLS certificate and key beside the present ones, unless they are made; return the folder.

    `take_staged_tls` then puts them in place. Raises IdentityError.
    """
    folder = member.folder / _NEXT
    if not (folder / member.tls_certificate.name).exists():
        authority = load_ca(organization.tls_ca)
        key = generate_private_key()
        certificate = tls_certificate(member, authority, key, now)
        write_tls(folder, certificate, key, [authority.certificate_pem])
    return folder


def take_staged_tls(member: Member) -> None:
    """Put a node's next TLS certificate and key in the place of the present ones, if they were made."""
    folder = member.folder / _NEXT
    if not (folder / member.tls_certificate.name).exists():
        return
    with files.reported(member.tls, NetworkError):
        for name in (member.tls_key.name, member.tls_roots.name, member.tls_certificate.name):
            if (folder / name).exists():
                (folder / name).replace(member.tls / name)
        folder.rmdir()


def _issue_tls(
    member: Member,
    ca: CertificateAuthority,
    roots: Sequence[bytes],
    now: datetime,
    days: int = _DAYS,
) -> None:
    key = generate_private_key()
    certificate = tls_certificate(member, ca, key, now, days)
    side: Literal["server", "client"] = "server" if member.hosts else "client"
    known = dict.fromkeys((*roots, ca.certificate_pem))
    write_tls(member.tls, certificate, key, tuple(known), side=side)
