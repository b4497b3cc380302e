"""A signing request (PKCS#10) as a CA reads it, and what it refuses in one. Pure.

Source: processSignRequest in lib/serverenroll.go of Fabric CA 1.5.21, and ParseCertificateRequest of CFSSL 1.6. What
cannot be parsed has the words of this project's parser behind Fabric's status.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pyfabric.ca.codes import CAErrorCode
from pyfabric.ca_server.refusals import RefusedError
from pyfabric.identity import pem
from pyfabric.identity.names import COMMON_NAME, ORGANIZATION, ORGANIZATIONAL_UNIT, Attribute

_LABELS: Final = frozenset({"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"})
SERIAL_NUMBER: Final = "2.5.4.5"
# How long a part of a subject may be, in bytes, and what Fabric CA calls it.
_LIMITS: Final[Mapping[str, tuple[str, int]]] = {
    COMMON_NAME: ("CN", 64),
    SERIAL_NUMBER: ("serial number", 64),
    ORGANIZATIONAL_UNIT: ("organizational unit name", 64),
    ORGANIZATION: ("organization name", 64),
    "2.5.4.6": ("country name", 2),
    "2.5.4.7": ("locality name", 128),
    "2.5.4.8": ("state name", 128),
}
CERTIFICATE_ERROR: Final = 1000
POLICY_ERROR: Final = 5000
CSR_ERROR: Final = 9000
_KEY_MISMATCH: Final = 300


@dataclass(frozen=True, slots=True)
class SubjectHosts:
    """The alternative names of a certificate, by kind."""

    names: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[bytes, ...] = ()
    uris: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What a signing request asks for; `public_key_info` is DER, `for_ca` whether it asks for a CA's certificate."""

    subject: tuple[Attribute, ...]
    public_key_info: bytes
    hosts: SubjectHosts
    for_ca: bool
    has_valid_signature: bool

    @property
    def common_name(self) -> str:
        """The last common name; "" without one."""
        return next((one.value for one in reversed(self.subject) if one.type == COMMON_NAME), "")

    def check_lengths(self) -> None:
        """Refuse parts of the subject that are too long."""
        for part in self.subject:
            name, limit = _LIMITS.get(part.type, ("", len(part.value.encode())))
            if len(part.value.encode()) > limit:
                problem = (
                    f"The {name} '{part.value}' exceeds the maximum character limit of {limit}"
                )
                code = CAErrorCode.SIGNING_REQUEST_TOO_LONG
                raise RefusedError(400, code, f"CSR input validation failed: {problem}")

    def check_signature(self) -> None:
        """Refuse a request that its own key has not signed."""
        if not self.has_valid_signature:
            raise signing_failure(CSR_ERROR + _KEY_MISMATCH, "x509: ECDSA verification failure")


def read_request(data: bytes) -> ReadRequest:
    """Read a signing request in PEM; raises RefusedError."""
    block = pem.find(data)
    if block is None:
        raise RefusedError(400, CAErrorCode.BAD_SIGNING_REQUEST, "CSR Decode failed")
    if block.label not in _LABELS:
        text = '{"code":9300,"message":"not a certificate or csr"}'
        raise RefusedError(500, CAErrorCode.UNKNOWN, text)
    try:
        request = x509.load_der_x509_csr(block.content)
        return ReadRequest(
            subject=tuple(
                Attribute(one.oid.dotted_string, _text(one.value)) for one in request.subject
            ),
            public_key_info=request.public_key().public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            ),
            hosts=_hosts(request),
            for_ca=_is_for_ca(request),
            has_valid_signature=request.is_signature_valid,
        )
    except (
        ValueError,
        UnsupportedAlgorithm,
        x509.InvalidVersion,
        x509.DuplicateExtension,
    ) as error:
        text = f"the signing request cannot be read: {error}"
        raise RefusedError(500, CAErrorCode.UNKNOWN, text) from error


def signing_failure(code: int, message: str) -> RefusedError:
    """Return the refusal of CFSSL, with its own code, as Fabric CA passes it on."""
    shown = json.dumps(
        {"code": code, "message": message}, separators=(",", ":"), ensure_ascii=False
    )
    return RefusedError(500, CAErrorCode.UNKNOWN, f"Certificate signing failure: {shown}")


def _hosts(request: x509.CertificateSigningRequest) -> SubjectHosts:
    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return SubjectHosts()
    addresses = found.get_values_for_type(x509.IPAddress)
    return SubjectHosts(
        tuple(found.get_values_for_type(x509.DNSName)),
        tuple(found.get_values_for_type(x509.RFC822Name)),
        tuple(getattr(address, "packed", b"") for address in addresses),
        tuple(found.get_values_for_type(x509.UniformResourceIdentifier)),
    )


def _is_for_ca(request: x509.CertificateSigningRequest) -> bool:
    try:
        return request.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")
