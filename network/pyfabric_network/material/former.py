"""Certificates of users and nodes that the topology no longer has: channels accept them until they are revoked."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.identity.certificates import load_certificate
from pyfabric.local import files
from pyfabric_network.topology.nodes import Member
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import Plan

_REPLACED: Final = "replaced"
_CERTIFICATE: Final = "msp/signcerts/cert.pem"


def former_warnings(plan: Plan, *, now: datetime) -> tuple[str, ...]:
    """Return a sentence for each certificate that is valid, and that the topology gives to nobody any more."""
    found = []
    for organization in plan.own_organizations:
        for file, rest in _former(organization):
            end = load_certificate(file.read_bytes()).not_valid_after_utc
            if end > now:
                found.append(
                    f"{file} is valid until {end:%Y-%m-%d}, though the topology no longer has it: channels "
                    f"accept it until it is revoked (docs/channels.md); after that, delete {rest}"
                )
    return tuple(found)


def keep_replaced(member: Member) -> None:
    """Keep a certificate that is about to be replaced, since it can be revoked by its content alone."""
    if member.certificate.exists():
        content = member.certificate.read_bytes()
        name = f"{load_certificate(content).serial_number:x}.pem"
        files.write_public(member.folder / _REPLACED / name, content, error=NetworkError)


def _former(organization: Organization) -> Iterator[tuple[Path, Path]]:
    """Yield each certificate that no member has, with what is to be deleted once it is revoked."""
    above = organization.msp.parent
    present = {member.folder for member in organization.members()}
    for kind in ("users", "peers", "orderers"):
        for folder in sorted((above / kind).glob("*")):
            if folder not in present and (folder / _CERTIFICATE).exists():
                yield folder / _CERTIFICATE, folder
            for file in sorted((folder / _REPLACED).glob("*.pem")):
                yield file, file
