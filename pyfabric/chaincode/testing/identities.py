"""Identities for tests of contracts: certificates that nobody checks, with the attributes that matter."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pyfabric.identity.signing import Identity

_ATTRIBUTES = x509.ObjectIdentifier("1.2.3.4.5.6.7.8.1")


def identity(
    msp_id: str,
    name: str = "user",
    *,
    unit: str = "client",
    attributes: Mapping[str, str] | None = None,
) -> Identity:
    """Return a member of an organisation, with a fresh self-signed certificate.

    `unit` is the organisational unit that gives the role (client, admin, peer, orderer); `attributes`
    are written as Fabric CA writes them.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, msp_id),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2050, 1, 1, tzinfo=UTC))
    )
    if attributes is not None:
        encoded = json.dumps({"attrs": dict(attributes)}).encode()
        extension = x509.UnrecognizedExtension(_ATTRIBUTES, encoded)
        builder = builder.add_extension(extension, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    return Identity(msp_id, certificate.public_bytes(serialization.Encoding.PEM))
