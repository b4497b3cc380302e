"""What users, nodes and CAs had before: channels accept it until it is revoked, or an old root leaves them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.revocation import is_revoked, revoked
from pyfabric.identity.trust import read_certificate
from pyfabric.local import files
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan

CERTIFICATE: Final = "ca.pem"
"""The certificate of a CA, in its folder."""
FORMER: Final = "former"
"""Below the folder of a CA: those before it, with their keys, each in a folder of its serial number."""

_REPLACED: Final = "replaced"
_RENEWED: Final = "renewed"
_IDENTITY: Final = "msp/signcerts/cert.pem"


def former_warnings(plan: Plan, *, now: datetime) -> tuple[str, ...]:
    """Return a sentence for each certificate that is valid, not revoked, and given to nobody any more by the topology."""
    found = []
    for organization in plan.own_organizations:
        definition = MSPDefinition.from_folder(organization.msp, organization.msp_id)
        taken_back = revoked(definition.revocation_lists)
        for file, rest in _former(organization):
            certificate = read_certificate(file.read_bytes())
            end = certificate.not_after
            if end > now and not is_revoked(certificate, taken_back):
                found.append(
                    f"{file} is valid until {end:%Y-%m-%d}, though the topology no longer has it: channels "
                    f"accept it until it is revoked (`pyfabric identity revoke`); after that, delete {rest}"
                )
    return tuple(found)


def keep_replaced(member: Member) -> None:
    """Keep a certificate that is about to be replaced, since it can be revoked by its content alone."""
    _keep(member, _REPLACED)


def keep_renewed(member: Member) -> None:
    """Keep a certificate whose holder is about to get another: the topology has the holder, so nobody is warned of it."""
    _keep(member, _RENEWED)


def _keep(member: Member, folder: str) -> None:
    if member.certificate.exists():
        content = member.certificate.read_bytes()
        name = f"{load_certificate(content).serial_number:x}.pem"
        files.write_public(member.folder / folder / name, content, error=NetworkError)


def former_certificates(organization: Organization) -> Iterator[Path]:
    """Yield the files of certificates that the organisation has given, and that nobody has any more."""
    yield from (file for file, _ in _former(organization))
    yield from sorted(organization.msp.parent.glob(f"*/*/{_RENEWED}/*.pem"))


def former_cas(folder: Path) -> list[Path]:
    """Return the folders of the CAs that were in the folder of a CA before it."""
    return [one.parent for one in sorted(folder.glob(f"{FORMER}/*/{CERTIFICATE}"))]


def _former(organization: Organization) -> Iterator[tuple[Path, Path]]:
    """Yield each certificate that no member has, with what is to be deleted once it is revoked."""
    above = organization.msp.parent
    present = {member.folder for member in organization.members()}
    for kind in ("users", "peers", "orderers"):
        for folder in sorted((above / kind).glob("*")):
            if folder not in present and (folder / _IDENTITY).exists():
                yield folder / _IDENTITY, folder
            for file in sorted((folder / _REPLACED).glob("*.pem")):
                yield file, file
