"""A certificate as Fabric reads it: the fields that its checks look at, from the DER.

Fabric's verdicts depend on how Go's x509 package reads a certificate (what it refuses, which fields
it sees), so this reads the same structure in the same order. Left out, and refused: RSA-PSS.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pyfabric.errors import DecodeError
from pyfabric.identity import extensions, pem
from pyfabric.identity.extensions import BasicConstraints, Extension
from pyfabric.identity.names import Name, read_name
from pyfabric.messages import der

# Extensions that Go understands, so that marking them critical refuses nothing.
_UNDERSTOOD: Final = frozenset(
    f"2.5.29.{n}" for n in (14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 54)
)
_MAY_NOT_BE_CRITICAL: Final = {
    extensions.SUBJECT_KEY_ID: "subject key identifier",
    extensions.AUTHORITY_KEY_ID: "authority key identifier",
    "1.3.6.1.5.5.7.1.1": "authority info access",
}
_KEY_ALGORITHMS: Final = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.10040.4.1": "DSA",
    "1.2.840.10045.2.1": "ECDSA",
    "1.3.101.110": "X25519",
    "1.3.101.112": "Ed25519",
}
_CURVES: Final = {
    "1.3.132.0.33": ("P224", 28),
    "1.2.840.10045.3.1.7": ("P256", 32),
    "1.3.132.0.34": ("P384", 48),
    "1.3.132.0.35": ("P521", 66),
}
_VERSION_TAG: Final = 0xA0
_UNIQUE_ID_TAGS: Final = (0x81, 0x82)
_EXTENSIONS_TAG: Final = 0xA3


@dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """A signature algorithm: its type (dotted), its parameters (DER, or empty), and the whole."""

    type: str
    parameters: bytes
    raw: bytes


@dataclass(frozen=True, eq=False)
class Certificate:
    """The parts of a certificate. Two are the same if `raw` is the same."""

    raw: bytes
    tbs: bytes
    version: int
    serial: int
    signature_algorithm: AlgorithmIdentifier
    issuer: Name
    not_before: datetime
    not_after: datetime
    subject: Name
    public_key_info: bytes
    key_algorithm: str
    public_key: PublicKeyTypes | None = field(repr=False)
    extensions: Mapping[str, Extension]
    signature: bytes = field(repr=False)

    @cached_property
    def basic_constraints(self) -> BasicConstraints | None:
        """The basic constraints, if the certificate has them."""
        value = self._value(extensions.BASIC_CONSTRAINTS)
        return None if value is None else extensions.basic_constraints(value)

    @cached_property
    def is_ca(self) -> bool:
        """Whether the certificate is a CA's by its own extension."""
        return self.basic_constraints is not None and self.basic_constraints.ca

    @cached_property
    def may_sign_certificates(self) -> bool:
        """False if there is a key usage without keyCertSign."""
        value = self._value(extensions.KEY_USAGE)
        return value is None or extensions.may_sign_certificates(value)

    @cached_property
    def extended_key_usages(self) -> frozenset[str]:
        """The extended key usages (dotted); empty if any use is allowed."""
        value = self._value(extensions.EXTENDED_KEY_USAGE)
        return frozenset() if value is None else extensions.extended_key_usages(value)

    @cached_property
    def subject_key_id(self) -> bytes:
        """The subject key identifier; empty if there is none."""
        value = self._value(extensions.SUBJECT_KEY_ID)
        return b"" if value is None else extensions.subject_key_id(value)

    @cached_property
    def authority_key_id(self) -> bytes:
        """The issuer's key identifier; empty if there is none."""
        value = self._value(extensions.AUTHORITY_KEY_ID)
        return b"" if value is None else extensions.authority_key_id(value)

    @cached_property
    def has_known_alternative_name(self) -> bool:
        """Whether an alternative name is an address, a host or a URI."""
        value = self.alternative_names
        return value is not None and extensions.has_known_alternative_name(value)

    @property
    def alternative_names(self) -> bytes | None:
        """The value of the subject alternative name extension, if there is one."""
        return self._value(extensions.SUBJECT_ALTERNATIVE_NAME)

    @cached_property
    def has_unhandled_critical_extension(self) -> bool:
        """Whether a critical extension is there that Fabric does not understand."""
        critical = {type_ for type_, extension in self.extensions.items() if extension.critical}
        if critical - _UNDERSTOOD:
            return True
        named = extensions.SUBJECT_ALTERNATIVE_NAME in critical
        return named and not self.has_known_alternative_name

    def _value(self, type_: str) -> bytes | None:
        extension = self.extensions.get(type_)
        return None if extension is None else extension.value


def read_pem(data: bytes) -> Certificate | None:
    """Return the certificate in the first PEM block, whatever its label; None if there is no block.

    Raises DecodeError with Go's text if the block holds no certificate.
    """
    block = pem.find(data)
    return None if block is None else read_der(block.content)


def read_der(data: bytes) -> Certificate:
    """Read a certificate (RFC 5280, 4.1); raises DecodeError with Go's text."""
    outer = der.Reader(data)
    whole = _expect(outer, der.SEQUENCE, "malformed certificate")
    reader = der.Reader(whole.content)
    tbs = _expect(reader, der.SEQUENCE, "malformed tbs certificate")
    fields = der.Reader(tbs.content)
    version = _version(fields)
    serial = _serial(fields)
    algorithm = _expect(fields, der.SEQUENCE, "malformed signature algorithm identifier")
    outer_algorithm = _expect(reader, der.SEQUENCE, "malformed algorithm identifier")
    if algorithm.raw != outer_algorithm.raw:
        _refuse("inner and outer signature algorithm identifiers don't match")
    issuer = read_name(_expect(fields, der.SEQUENCE, "malformed issuer"))
    validity = der.Reader(_expect(fields, der.SEQUENCE, "malformed validity").content)
    not_before, not_after = read_time(validity), read_time(validity)
    subject = read_name(_expect(fields, der.SEQUENCE, "malformed issuer"))
    key_info = _expect(fields, der.SEQUENCE, "malformed spki")
    key_algorithm, public_key = _public_key(key_info)
    found = _extensions(fields) if version == 3 else {}
    signature = _expect(reader, der.BIT_STRING, "malformed signature")
    certificate = Certificate(
        raw=whole.raw,
        tbs=tbs.raw,
        version=version,
        serial=serial,
        signature_algorithm=read_algorithm(algorithm),
        issuer=issuer,
        not_before=not_before,
        not_after=not_after,
        subject=subject,
        public_key_info=key_info.raw,
        key_algorithm=key_algorithm,
        public_key=public_key,
        extensions=found,
        signature=_bits(signature, "malformed signature"),
    )
    _check_extensions(certificate)
    if not outer.empty:
        _refuse("trailing data")
    return certificate


def read_algorithm(element: der.Element) -> AlgorithmIdentifier:
    """Return an AlgorithmIdentifier (RFC 5280, 4.1.1.2)."""
    fields = der.Reader(element.content)
    type_ = fields.expect_type("x509: malformed OID")
    parameters = b"" if fields.empty else fields.expect_any("x509: malformed parameters").raw
    return AlgorithmIdentifier(type_, parameters, element.raw)


def with_signature(certificate: Certificate, signature: bytes) -> Certificate:
    """Return the same certificate with another signature value."""
    return read_der(
        der.encode(
            der.SEQUENCE,
            certificate.tbs
            + certificate.signature_algorithm.raw
            + der.encode(der.BIT_STRING, b"\0" + signature),
        )
    )


def _refuse(problem: str) -> NoReturn:
    raise DecodeError(f"x509: {problem}")


def _expect(reader: der.Reader, tag: int, problem: str) -> der.Element:
    return reader.expect(tag, f"x509: {problem}")


def _bits(element: der.Element, problem: str) -> bytes:
    try:
        return der.bits(element)[0]
    except DecodeError as error:
        raise DecodeError(f"x509: {problem}") from error


def _integer(reader: der.Reader, problem: str) -> int:
    element = _expect(reader, der.INTEGER, problem)
    try:
        return der.integer(element)
    except DecodeError as error:
        raise DecodeError(f"x509: {problem}") from error


def _version(fields: der.Reader) -> int:
    if fields.peek() != _VERSION_TAG:
        return 1
    inner = der.Reader(_expect(fields, _VERSION_TAG, "malformed version").content)
    version = _integer(inner, "malformed version")
    if version < 0:
        _refuse("malformed version")
    if version > 2:
        _refuse("invalid version")
    return version + 1


def _serial(fields: der.Reader) -> int:
    serial = _integer(fields, "malformed serial number")
    if serial < 0:
        _refuse("negative serial number")
    return serial


def read_time(fields: der.Reader) -> datetime:
    """Return the next element, a time in UTC; two digits are a year from 1950 on (RFC 5280, 4.1.2.5.1)."""
    tag = fields.peek()
    if tag not in (der.UTC_TIME, der.GENERALIZED_TIME):
        _refuse("unsupported time format")
    problem = "malformed UTCTime" if tag == der.UTC_TIME else "malformed GeneralizedTime"
    text = _expect(fields, tag, problem).content.decode("latin-1")
    if tag == der.UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    if not re.fullmatch(r"[0-9]{14}Z", text):
        _refuse(problem)
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise DecodeError(f"x509: {problem}") from error


def _public_key(info: der.Element) -> tuple[str, PublicKeyTypes | None]:
    reader = der.Reader(info.content)
    algorithm = read_algorithm(
        _expect(reader, der.SEQUENCE, "malformed public key algorithm identifier")
    )
    problem = "malformed subjectPublicKey"
    key_bytes = _bits(_expect(reader, der.BIT_STRING, problem), problem)
    name = _KEY_ALGORITHMS.get(algorithm.type, "unknown")
    if name == "unknown":
        return name, None
    problem = f"x509: invalid {name} public key"
    if name == "ECDSA":
        problem = f"{_check_point(algorithm, key_bytes)} point not on curve"
    try:
        return name, load_der_public_key(info.raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DecodeError(problem) from error


def _check_point(algorithm: AlgorithmIdentifier, point: bytes) -> str:
    """Return the name of the curve, if it is one that Fabric knows and the point is uncompressed."""
    parameters = der.Reader(algorithm.parameters)
    known = _CURVES.get(parameters.expect_type("x509: invalid ECDSA parameters"))
    if known is None:
        _refuse("unsupported elliptic curve")
    curve, size = known
    if point[:1] != b"\x04":
        raise DecodeError("ecdsa: invalid uncompressed public key")
    if len(point) != 1 + 2 * size:
        raise DecodeError(f"invalid {curve} point encoding")
    return curve


def _extensions(fields: der.Reader) -> dict[str, Extension]:
    for tag in _UNIQUE_ID_TAGS:
        fields.optional(tag)
    if fields.peek() != _EXTENSIONS_TAG:
        return {}
    wrapper = der.Reader(_expect(fields, _EXTENSIONS_TAG, "malformed extensions").content)
    return extensions.read_extensions(_expect(wrapper, der.SEQUENCE, "malformed extensions"))


def _check_extensions(certificate: Certificate) -> None:
    # Read once here, so that a malformed extension refuses the certificate and not a later check.
    for type_, extension in certificate.extensions.items():
        if extension.critical and type_ in _MAY_NOT_BE_CRITICAL:
            _refuse(f"{_MAY_NOT_BE_CRITICAL[type_]} incorrectly marked critical")
    for problem, attribute in (
        ("invalid basic constraints", "basic_constraints"),
        ("invalid key usage", "may_sign_certificates"),
        ("invalid extended key usages", "extended_key_usages"),
        ("invalid subject key identifier", "subject_key_id"),
        ("invalid authority key identifier", "authority_key_id"),
        ("invalid subject alternative names", "has_known_alternative_name"),
    ):
        try:
            getattr(certificate, attribute)
        except DecodeError as error:
            raise DecodeError(f"x509: {problem}") from error
