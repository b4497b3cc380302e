"""Who has an identity of an organisation of this machine: its users and nodes, and those that it had."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from pyfabric.errors import ConfigError, IdentityError
from pyfabric.identity import parsing
from pyfabric.identity.certificates import certificate_attributes, load_certificate
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.names import ORGANIZATIONAL_UNIT
from pyfabric.identity.revocation import is_revoked, revoked
from pyfabric.identity.trust import read_certificate
from pyfabric_network.material.former import former_certificates
from pyfabric_network.topology.organizations import Organization

Role: TypeAlias = Literal["client", "peer", "admin", "orderer"]
_ROLES: Final[tuple[Role, ...]] = ("client", "peer", "admin", "orderer")


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody's certificate: `name` is short for users (clerk), and the host name for nodes.

    `serial` is hexadecimal. `is_current`: the network has it so; otherwise it was replaced, or the topology has lost its
    holder. `is_revoked`: it is in a list of its organisation on this machine; channels may have others.
    """

    name: str
    msp_id: str
    role: str
    attributes: Mapping[str, str]
    serial: str
    begins: datetime
    ends: datetime
    issuer: str
    is_current: bool
    is_revoked: bool
    file: Path

    def state(self, now: datetime) -> str:
        """Return what an administrator wants to know of it at a glance."""
        if self.is_revoked:
            return "revoked"
        if self.ends <= now:
            return "expired"
        return "valid" if self.is_current else "replaced"


def holders(organization: Organization) -> list[Holder]:
    """Return everybody who has or had an identity of the organisation, as far as files of this machine tell.

    Raises IdentityError for a file that cannot be read.
    """
    definition = MSPDefinition.from_folder(organization.msp, organization.msp_id)
    taken_back = revoked(definition.revocation_lists)
    short = {member.name: name for name, member in organization.users.items()}
    current = [
        (short.get(member.name, member.name), member.certificate)
        for member in organization.members()
        if member.certificate.exists()
    ]
    return [
        *(_holder(name, organization, file, taken_back, is_current=True) for name, file in current),
        *(
            _holder("", organization, file, taken_back, is_current=False)
            for file in former_certificates(organization)
        ),
    ]


def find_holder(organization: Organization, name: str) -> Holder:
    """Return who has an identity now by the short name or host name; raises ConfigError that names the ones there are."""
    present = [one for one in holders(organization) if one.is_current]
    found = next((one for one in present if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in present)
        raise ConfigError(
            f"{organization.name} has given no identity to {name}; there are: {known}"
        )
    return found


def role_in(certificate: parsing.Certificate) -> Role | None:
    """Return the role that a certificate states as an organizational unit, as NodeOUs usually read it; None for none."""
    units = certificate.subject.values(ORGANIZATIONAL_UNIT)
    return next((one for one in _ROLES if one in units), None)


def _holder(
    name: str,
    organization: Organization,
    file: Path,
    taken_back: Container[tuple[bytes, int]],
    *,
    is_current: bool,
) -> Holder:
    content = file.read_bytes()
    try:
        certificate, parsed = load_certificate(content), read_certificate(content)
    except IdentityError as error:
        raise IdentityError(f"{file}: {error}") from error
    return Holder(
        name=name or parsed.subject.common_name.removesuffix(f"@{organization.domain}"),
        msp_id=organization.msp_id,
        role=role_in(parsed) or "",
        attributes=certificate_attributes(certificate),
        serial=f"{certificate.serial_number:x}",
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
        issuer=parsed.issuer.common_name,
        is_current=is_current,
        is_revoked=is_revoked(parsed, taken_back),
        file=file,
    )
