"""Certificates and revocation lists of a configuration, as people tell them apart."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import parsing, pem
from pyfabric.identity.revocation import read_revocation_list

_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate: its common name (or whole subject), when it ends, and the SHA-256 of its DER (hex).

    `expires` is None where it cannot be read.
    """

    name: str
    expires: datetime | None
    fingerprint: str

    def __str__(self) -> str:
        """Name it: its common name and the beginning of its fingerprint."""
        return f"{self.name} ({self.fingerprint[:_DIGITS]})"


def describe_certificate(data: bytes) -> CertificateView:
    """Return what people know a certificate (PEM) by; one that cannot be read has a view too."""
    try:
        found = parsing.read_pem(data)
    except DecodeError:
        found = None
    if found is None:
        return CertificateView("a certificate that cannot be read", None, _hash(data))
    name = found.subject.common_name or found.subject.go_text
    return CertificateView(name, found.not_after, _hash(found.raw))


def describe_revocation_list(data: bytes) -> str:
    """Return how many certificates a list (PEM or DER) revokes, and the beginning of its fingerprint."""
    block = pem.find(data)
    digits = _hash(data if block is None else block.content)[:_DIGITS]
    try:
        return f"{len(read_revocation_list(data).serials)} revoked ({digits})"
    except IdentityError:
        return f"a list that cannot be read ({digits})"


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
