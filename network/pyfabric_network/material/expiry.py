"""Certificates of a network that expire soon."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pyfabric.identity.certificates import load_certificate
from pyfabric_network.topology.plan import Plan

_SOON = timedelta(days=30)


def expiry_warnings(plan: Plan, *, now: datetime) -> tuple[str, ...]:
    """Return a sentence for each certificate that has expired, or will within 30 days."""
    found = []
    for what, file in _certificates(plan):
        if file.exists():
            end = load_certificate(file.read_bytes()).not_valid_after_utc
            if end - now < _SOON:
                verb = "expired" if end <= now else "expires"
                found.append(f"{what} {verb} on {end:%Y-%m-%d %H:%M} UTC: {file}")
    return tuple(found)


def _certificates(plan: Plan) -> Iterator[tuple[str, Path]]:
    for organization in plan.own_organizations:
        for title, folder in (
            ("root CA", organization.root_ca),
            ("CA", organization.ca),
            ("TLS CA", organization.tls_ca),
        ):
            yield f"the {title} of {organization.name}", folder / "ca.pem"
        for member in organization.members():
            yield f"the certificate of {member.name}", member.certificate
        for member in (*organization.members(), *organization.tls_only):
            yield f"the TLS certificate of {member.name}", member.tls_certificate
