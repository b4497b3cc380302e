"""The authorization header of a request to a Fabric CA: a name with its secret, or a token of a certificate.

A token is `base64(certificate PEM).base64(signature)`; the signature is over the method, the URI with its query, the
body and the certificate, so that it serves for one request. A CA hashes that with SHA-256 for every kind of key: an
Ed25519 key signs the hash as its message. Source: util.CreateToken and VerifyToken of Fabric CA 1.5.21, and
tests/vectors/8-fabric-ca. Left out: the tokens of release 1.3, and Idemix.
"""

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ed25519

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import parsing
from pyfabric.identity.keys import check_signature

_BASIC: Final = "Basic "


@dataclass(frozen=True, slots=True)
class Token:
    """The two parts of a token: a certificate (PEM) and a signature (DER)."""

    certificate: bytes
    signature: bytes

    def header(self) -> str:
        """Return the value of the authorization header."""
        return f"{_base64(self.certificate)}.{_base64(self.signature)}"


def signed_bytes(method: str, uri: str, body: bytes, certificate: bytes) -> bytes:
    """Return what the signature of a token is over; `uri` is the path as it is sent, with its query."""
    parts = (uri.encode(), body, certificate)
    return ".".join((method, *map(_base64, parts))).encode()


def message_to_sign(signed: bytes, certificate: bytes) -> bytes:
    """Return the message that a signer is given for these bytes: ECDSA signers hash by themselves.

    Raises IdentityError for a certificate that cannot be read.
    """
    return _message(signed, certificate_of(certificate))


def read_token(header: str) -> Token:
    """Return the parts of a token; raises IdentityError unless there are two, each of them base64."""
    parts = header.split(".")
    if len(parts) != 2:
        raise IdentityError("the authorization header is not a token: it has not two parts")
    try:
        certificate, signature = (base64.b64decode(part, validate=True) for part in parts)
    except ValueError as error:
        raise IdentityError("the authorization header is not a token: not base64") from error
    return Token(certificate, signature)


def verify_token(header: str, method: str, uri: str, body: bytes) -> parsing.Certificate:
    """Return the certificate of the token if its key signed this request.

    Whether the certificate is a CA's own, and has not expired or been revoked, is not looked at. Raises IdentityError.
    """
    token = read_token(header)
    certificate = certificate_of(token.certificate)
    signed = signed_bytes(method, uri, body, token.certificate)
    check_signature(certificate.public_key, _message(signed, certificate), token.signature)
    return certificate


def basic_authorization(name: str, secret: str) -> str:
    """Return the authorization header of an identity that has no certificate yet."""
    return _BASIC + _base64(f"{name}:{secret}".encode())


def read_basic_authorization(header: str) -> tuple[str, str] | None:
    """Return the name and the secret of a header, or None if it holds none (RFC 7617)."""
    if header[: len(_BASIC)].lower() != _BASIC.lower():
        return None
    try:
        text = base64.b64decode(header[len(_BASIC) :], validate=True).decode()
    except ValueError:
        return None
    name, colon, secret = text.partition(":")
    return (name, secret) if colon else None


def _message(signed: bytes, certificate: parsing.Certificate) -> bytes:
    is_ed25519 = isinstance(certificate.public_key, ed25519.Ed25519PublicKey)
    return hashlib.sha256(signed).digest() if is_ed25519 else signed


def certificate_of(certificate: bytes) -> parsing.Certificate:
    """Return a caller's certificate (PEM), read; raises IdentityError."""
    try:
        found = parsing.read_pem(certificate)
    except DecodeError as error:
        raise IdentityError(f"the caller's certificate cannot be read: {error}") from error
    if found is None:
        raise IdentityError("the caller's certificate is not PEM")
    return found


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
