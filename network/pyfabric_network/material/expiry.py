"""The certificates of a network on this machine, and those that expire soon."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pyfabric.identity.certificates import load_certificate
from pyfabric_network.topology.plan import Plan

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CertificateFile:
    """A file with a certificate: whose, of which MSP, and whether channels must accept it as an identity."""

    what: str
    msp_id: str
    file: Path
    identity: bool = False


def expiry_warnings(plan: Plan, *, now: datetime) -> tuple[str, ...]:
    """Return a sentence for each certificate that has expired, or will within 30 days."""
    found = []
    for one in certificate_files(plan):
        end = load_certificate(one.file.read_bytes()).not_valid_after_utc
        if end - now < _SOON:
            verb = "expired" if end <= now else "expires"
            found.append(f"{one.what} {verb} on {end:%Y-%m-%d %H:%M} UTC: {one.file}")
    return tuple(found)


def certificate_files(plan: Plan) -> Iterator[CertificateFile]:
    """Yield the certificates of this machine's organisations that exist."""
    return (one for one in _expected(plan) if one.file.exists())


def _expected(plan: Plan) -> Iterator[CertificateFile]:
    for organization in plan.own_organizations:
        msp_id = organization.msp_id
        for title, folder in (
            ("root CA", organization.root_ca),
            ("CA", organization.ca),
            ("TLS CA", organization.tls_ca),
        ):
            yield CertificateFile(f"the {title} of {organization.name}", msp_id, folder / "ca.pem")
        for member in organization.members():
            yield CertificateFile(
                f"the certificate of {member.name}", msp_id, member.certificate, identity=True
            )
        for member in (*organization.members(), *organization.tls_only):
            yield CertificateFile(
                f"the TLS certificate of {member.name}", msp_id, member.tls_certificate
            )
