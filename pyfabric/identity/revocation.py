"""Revocation lists: read as Fabric reads them, and asked whether they revoke a certificate."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import pem
from pyfabric.identity.extensions import (
    AUTHORITY_KEY_ID,
    Extension,
    authority_key_id,
    read_extensions,
)
from pyfabric.identity.keys import ecdsa_integers, encode_ecdsa
from pyfabric.identity.names import read_name
from pyfabric.identity.parsing import (
    AlgorithmIdentifier,
    Certificate,
    read_algorithm,
    read_time,
)
from pyfabric.identity.sealing import check_sealed, is_ecdsa_signed
from pyfabric.messages import der

_PEM_PREFIX: Final = b"-----BEGIN X509 CRL"
_EXTENSIONS_TAG: Final = 0xA0


@dataclass(frozen=True, eq=False)
class RevocationList:
    """A list's revoked serial numbers, the parts that its signature check needs, and when the next one is due."""

    tbs: bytes
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    serials: frozenset[int]
    extensions: dict[str, Extension]
    next_update: datetime | None = None

    def revokes(self, certificate: Certificate, issuer: Certificate) -> bool:
        """Return whether the list is the issuer's and holds the certificate.

        A list counts from the moment it is known: its dates are not looked at, as in Fabric. Raises
        IdentityError for a list without an authority key identifier.
        """
        if self.authority_key_id() != issuer.subject_key_id:
            return False
        if certificate.serial not in self.serials:
            return False
        try:
            check_sealed(
                issuer, self.signature_algorithm, self.tbs, self.signature, allow_sha1=True
            )
        except IdentityError:
            return False
        return True

    def authority_key_id(self) -> bytes:
        """Return the key identifier of the CA whose list it is; raises IdentityError with Fabric's text."""
        extension = self.extensions.get(AUTHORITY_KEY_ID)
        if extension is None:
            raise IdentityError(
                "could not obtain Authority Key Identifier for crl: "
                "authorityKeyIdentifier not found in certificate"
            )
        try:
            return authority_key_id(extension.value)
        except DecodeError as error:
            raise IdentityError(
                "could not obtain Authority Key Identifier for crl: "
                f"failed to unmarshal AKI: {error}"
            ) from error


def read_revocation_list(data: bytes) -> RevocationList:
    """Read a list, PEM (label X509 CRL, no text before it) or DER (RFC 5280, 5.1).

    Raises IdentityError.
    """
    if data.startswith(_PEM_PREFIX):
        block = pem.find(data)
        if block is not None and block.label == "X509 CRL":
            data = block.content
    try:
        found = _read(data)
    except DecodeError as error:
        raise IdentityError(f"could not parse RevocationList: {error}") from error
    return found


def revoked(lists: Iterable[bytes]) -> frozenset[tuple[bytes, int]]:
    """Return what lists (PEM or DER) revoke, all together: the key identifier of a CA and a serial number for each certificate.

    Raises IdentityError for a list that cannot be read, or does not say whose it is.
    """
    return frozenset(
        (one.authority_key_id(), serial)
        for one in map(read_revocation_list, lists)
        for serial in one.serials
    )


def is_revoked(certificate: Certificate, by: Container[tuple[bytes, int]]) -> bool:
    """Return whether a certificate is among what `revoked` has found."""
    return (certificate.authority_key_id, certificate.serial) in by


def _read(data: bytes) -> RevocationList:
    outer = der.Reader(data)
    whole = der.Reader(outer.read(der.SEQUENCE).content)
    if not outer.empty:
        raise DecodeError("x509: trailing data after CRL")
    tbs = whole.read(der.SEQUENCE)
    algorithm = read_algorithm(whole.read(der.SEQUENCE))
    signature, _ = der.bits(whole.read(der.BIT_STRING))
    if is_ecdsa_signed(algorithm):
        signature = encode_ecdsa(*ecdsa_integers(signature))
    fields = der.Reader(tbs.content)
    fields.optional(der.INTEGER)  # version
    read_algorithm(fields.read(der.SEQUENCE))
    read_name(fields.read(der.SEQUENCE))  # issuer
    read_time(fields)  # this update
    dated = fields.peek() in (der.UTC_TIME, der.GENERALIZED_TIME)
    next_update = read_time(fields) if dated else None
    revoked = fields.optional(der.SEQUENCE)
    extensions = fields.optional(_EXTENSIONS_TAG)
    return RevocationList(
        tbs=tbs.raw,
        signature_algorithm=algorithm,
        signature=signature,
        serials=frozenset() if revoked is None else _serials(revoked),
        extensions=(
            {}
            if extensions is None
            else read_extensions(der.Reader(extensions.content).read(der.SEQUENCE))
        ),
        next_update=next_update,
    )


def _serials(revoked: der.Element) -> frozenset[int]:
    serials: set[int] = set()
    entries = der.Reader(revoked.content)
    while not entries.empty:
        entry = der.Reader(entries.read(der.SEQUENCE).content)
        serials.add(der.integer(entry.read(der.INTEGER)))
        read_time(entry)  # revocation date
    return frozenset(serials)
