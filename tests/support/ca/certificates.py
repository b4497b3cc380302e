"""What a certificate says, for comparing those of two CAs."""

from typing import Any

from cryptography import x509

from pyfabric.identity.certificates import certificate_attributes

_COMPARED = frozenset({"2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"})


def of_certificate(found: x509.Certificate) -> Any:
    """Return what a certificate says, without its key, number and times."""
    names = sorted((part.oid.dotted_string, part.value) for part in found.subject)
    lifetime = (found.not_valid_after_utc - found.not_valid_before_utc).days // 30
    extensions = sorted(
        (one.oid.dotted_string, one.critical, one.value.public_bytes())
        for one in found.extensions
        if one.oid.dotted_string in _COMPARED
    )
    return (names, lifetime, extensions, certificate_attributes(found))
