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
from pyfabric.identity import der, pem
from pyfabric.identity.names import Name, read_name

SUBJECT_KEY_ID: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALTERNATIVE_NAME: Final = "2.5.29.17"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
NAME_CONSTRAINTS: Final = "2.5.29.30"
AUTHORITY_KEY_ID: Final = "2.5.29.35"
POLICY_MAPPINGS: Final = "2.5.29.33"
POLICY_CONSTRAINTS: Final = "2.5.29.36"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"

# Extensions that Go understands, so that marking them critical refuses nothing.
_UNDERSTOOD: Final = frozenset(
    f"2.5.29.{n}" for n in (14, 15, 17, 19, 30, 31, 32, 33, 35, 36, 37, 54)
)
_KNOWN_ALTERNATIVE_NAMES: Final = (0x81, 0x82, 0x86, 0x87)  # e-mail, DNS, URI, IP
_MAY_NOT_BE_CRITICAL: Final = {
    SUBJECT_KEY_ID: "subject key identifier",
    AUTHORITY_KEY_ID: "authority key identifier",
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
    "1.3.132.0.33": "P224",
    "1.2.840.10045.3.1.7": "P256",
    "1.3.132.0.34": "P384",
    "1.3.132.0.35": "P521",
}
_VERSION_TAG: Final = 0xA0
_UNIQUE_ID_TAGS: Final = (0x81, 0x82)
_EXTENSIONS_TAG: Final = 0xA3


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: whether it is critical, and its value (DER)."""

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """A signature algorithm: its type (dotted), its parameters (DER, or empty), and the whole."""

    type: str
    parameters: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """What the extension says: whether this is a CA, and how many intermediates may follow it."""

    ca: bool
    path_length: int | None


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
        extension = self.extensions.get(BASIC_CONSTRAINTS)
        return None if extension is None else _basic_constraints(extension.value)

    @cached_property
    def is_ca(self) -> bool:
        """Whether the certificate says that it is a CA's."""
        return self.basic_constraints is not None and self.basic_constraints.ca

    @cached_property
    def may_sign_certificates(self) -> bool:
        """False if there is a key usage without keyCertSign (no usage, or an empty one, allows all)."""
        extension = self.extensions.get(KEY_USAGE)
        if extension is None:
            return True
        octets, _ = der.bits(der.Reader(extension.value).read(der.BIT_STRING))
        usage = int.from_bytes((octets + b"\0\0")[:2]) & 0xFF80
        return usage == 0 or bool(usage & 0x0400)

    @cached_property
    def extended_key_usages(self) -> frozenset[str]:
        """The extended key usages (dotted); empty if any use is allowed."""
        extension = self.extensions.get(EXTENDED_KEY_USAGE)
        if extension is None:
            return frozenset()
        listed = der.Reader(der.Reader(extension.value).read(der.SEQUENCE).content)
        return frozenset(der.object_identifier(item) for item in listed.rest())

    @cached_property
    def subject_key_id(self) -> bytes:
        """The subject key identifier; empty if there is none."""
        extension = self.extensions.get(SUBJECT_KEY_ID)
        return (
            b"" if extension is None else der.Reader(extension.value).read(der.OCTET_STRING).content
        )

    @cached_property
    def authority_key_id(self) -> bytes:
        """The issuer's key identifier; empty if there is none."""
        extension = self.extensions.get(AUTHORITY_KEY_ID)
        return b"" if extension is None else authority_key_id(extension.value)

    @cached_property
    def has_unhandled_critical_extension(self) -> bool:
        """Whether a critical extension is there that Fabric does not understand.

        Alternative names are understood if one of them is an address, a host or a URI.
        """
        critical = {type_ for type_, extension in self.extensions.items() if extension.critical}
        if critical - _UNDERSTOOD:
            return True
        return SUBJECT_ALTERNATIVE_NAME in critical and not self._has_known_alternative_name

    @cached_property
    def _has_known_alternative_name(self) -> bool:
        extension = self.extensions.get(SUBJECT_ALTERNATIVE_NAME)
        if extension is None:
            return False
        names = der.Reader(der.Reader(extension.value).read(der.SEQUENCE).content)
        tags = {name.tag for name in names.rest()}
        return not tags.isdisjoint(_KNOWN_ALTERNATIVE_NAMES)

    @cached_property
    def alternative_names(self) -> bytes | None:
        """The value of the subject alternative name extension, if there is one."""
        extension = self.extensions.get(SUBJECT_ALTERNATIVE_NAME)
        return None if extension is None else extension.value


def authority_key_id(value: bytes) -> bytes:
    """The key identifier in an authority key identifier extension; empty if it has none."""
    identifier = der.Reader(der.Reader(value).read(der.SEQUENCE).content).optional(0x80)
    return b"" if identifier is None else identifier.content


def read_pem(data: bytes) -> Certificate | None:
    """The certificate in the first PEM block, whatever its label; None if there is no block.

    Raises DecodeError with Go's text if the block holds no certificate.
    """
    block = pem.first_block(data)
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
    extensions = _extensions(fields) if version == 3 else {}
    signature = _expect(reader, der.BIT_STRING, "malformed signature")
    if not outer.empty:
        _refuse("trailing data")
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
        extensions=extensions,
        signature=_bits(signature, "malformed signature"),
    )
    _check_extensions(certificate)
    return certificate


def read_algorithm(element: der.Element) -> AlgorithmIdentifier:
    """An AlgorithmIdentifier (RFC 5280, 4.1.1.2)."""
    fields = der.Reader(element.content)
    type_ = fields.expect_type("x509: malformed OID")
    parameters = b"" if fields.empty else fields.expect_any("x509: malformed parameters").raw
    return AlgorithmIdentifier(type_, parameters, element.raw)


def with_signature(certificate: Certificate, signature: bytes) -> Certificate:
    """The same certificate with another signature value."""
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


def _version(fields: der.Reader) -> int:
    if fields.peek() != _VERSION_TAG:
        return 1
    inner = der.Reader(_expect(fields, _VERSION_TAG, "malformed version").content)
    version = der.integer(_expect(inner, der.INTEGER, "malformed version"))
    if version < 0:
        _refuse("malformed version")
    if version > 2:
        _refuse("invalid version")
    return version + 1


def _serial(fields: der.Reader) -> int:
    element = _expect(fields, der.INTEGER, "malformed serial number")
    try:
        serial = der.integer(element)
    except DecodeError as error:
        raise DecodeError("x509: malformed serial number") from error
    if serial < 0:
        _refuse("negative serial number")
    return serial


def read_time(fields: der.Reader) -> datetime:
    """The next element, a time in UTC; two digits are a year from 1950 on (RFC 5280, 4.1.2.5.1)."""
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
    algorithm = der.Reader(
        _expect(reader, der.SEQUENCE, "malformed public key algorithm identifier").content
    )
    name = _KEY_ALGORITHMS.get(algorithm.expect_type("x509: malformed OID"), "unknown")
    problem = "malformed subjectPublicKey"
    point = _bits(_expect(reader, der.BIT_STRING, problem), problem)
    if name == "unknown":
        return name, None
    problem = f"x509: invalid {name} public key"
    if name == "ECDSA":
        curve = _CURVES.get(algorithm.expect_type("x509: invalid ECDSA parameters"))
        if curve is None or point[:1] != b"\x04":
            _refuse("unsupported elliptic curve")
        problem = f"{curve} point not on curve"
    try:
        return name, load_der_public_key(info.raw)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise DecodeError(problem) from error


def _extensions(fields: der.Reader) -> dict[str, Extension]:
    for tag in _UNIQUE_ID_TAGS:
        fields.optional(tag)
    if fields.peek() != _EXTENSIONS_TAG:
        return {}
    wrapper = der.Reader(_expect(fields, _EXTENSIONS_TAG, "malformed extensions").content)
    return read_extensions(_expect(wrapper, der.SEQUENCE, "malformed extensions"))


def read_extensions(sequence: der.Element) -> dict[str, Extension]:
    """The extensions of a certificate or revocation list by type; raises DecodeError."""
    found: dict[str, Extension] = {}
    reader = der.Reader(sequence.content)
    while not reader.empty:
        item = der.Reader(_expect(reader, der.SEQUENCE, "malformed extension").content)
        type_ = item.expect_type("x509: malformed extension OID field")
        flag = item.optional(der.BOOLEAN)
        critical = flag is not None and der.boolean(flag)
        value = _expect(item, der.OCTET_STRING, "malformed extension value field")
        if type_ in found:
            _refuse(f'certificate contains duplicate extension with OID "{type_}"')
        found[type_] = Extension(critical, value.content)
    return found


def _basic_constraints(value: bytes) -> BasicConstraints:
    sequence = der.Reader(der.Reader(value).read(der.SEQUENCE).content)
    flag, length = sequence.optional(der.BOOLEAN), sequence.optional(der.INTEGER)
    path_length = None if length is None else der.integer(length)
    if path_length is not None and path_length < 0:
        raise DecodeError("asn1: structure error: negative path length")
    return BasicConstraints(flag is not None and der.boolean(flag), path_length)


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
        ("invalid subject alternative names", "_has_known_alternative_name"),
    ):
        try:
            getattr(certificate, attribute)
        except DecodeError as error:
            raise DecodeError(f"x509: {problem}") from error
