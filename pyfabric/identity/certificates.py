"""What contracts and clients ask of a certificate: attributes, ids, its end."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import parsing, pem

ATTRIBUTES_OID: Final = "1.2.3.4.5.6.7.8.1"


def load_certificate(data: bytes) -> x509.Certificate:
    """Return the certificate in the first PEM block; raises IdentityError if there is none."""
    block = pem.find(data)
    if block is None:
        raise IdentityError("not a PEM certificate: no PEM block")
    try:
        return x509.load_der_x509_certificate(block.content)
    except (ValueError, x509.InvalidVersion) as error:
        raise IdentityError(f"not a usable certificate: {error}") from error


def certificate_attributes(certificate: x509.Certificate) -> Mapping[str, str]:
    """Return the attributes that a Fabric CA wrote into the certificate.

    Empty without the extension; raises IdentityError if it is not `{"attrs": {name: text}}`.
    """
    extension = _parsed(certificate).extensions.get(ATTRIBUTES_OID)
    if extension is None:
        return {}
    try:
        attributes = json.loads(extension.value)["attrs"]
        return {str(name): _text(value) for name, value in (attributes or {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IdentityError(f"the certificate's attributes cannot be read: {error}") from error


def issued_by(certificate: bytes, authority: bytes) -> bool:
    """Return whether a CA (PEM) has signed a certificate (PEM); raises IdentityError for what is no certificate."""
    try:
        load_certificate(certificate).verify_directly_issued_by(load_certificate(authority))
    except (InvalidSignature, TypeError, ValueError):  # by what differs: key, its kind, the name
        return False
    return True


def client_id(certificate: x509.Certificate) -> str:
    """Return `x509::<subject>::<issuer>` with names as `/C=CN/O=Land/CN=ann`: getID of the Node library."""
    parsed = _parsed(certificate)
    return f"x509::{parsed.subject.node_text}::{parsed.issuer.node_text}"


def go_client_id(certificate: x509.Certificate) -> str:
    """Return the id that GetID of the Go library returns: base64 of `x509::CN=ann,O=Land,C=CN::CN=ca,…`.

    For contracts that compare with ids which Go contracts stored.
    """
    parsed = _parsed(certificate)
    text = f"x509::{parsed.subject.go_text}::{parsed.issuer.go_text}"
    return base64.b64encode(text.encode()).decode()


def expires_at(certificate: x509.Certificate) -> datetime:
    """Return when the certificate ends (UTC)."""
    return certificate.not_valid_after_utc


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _parsed(certificate: x509.Certificate) -> parsing.Certificate:
    try:
        return parsing.read_der(certificate.public_bytes(Encoding.DER))
    except DecodeError as error:
        raise IdentityError(f"not a certificate that Fabric would read: {error}") from error
