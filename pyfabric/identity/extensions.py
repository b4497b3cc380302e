"""Extensions of certificates and revocation lists: the values that Fabric's checks look at.

Each function reads one extension's value (DER) and raises DecodeError if it is malformed.
"""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from pyfabric.errors import DecodeError
from pyfabric.messages import der

SUBJECT_KEY_ID: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALTERNATIVE_NAME: Final = "2.5.29.17"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
NAME_CONSTRAINTS: Final = "2.5.29.30"
POLICY_MAPPINGS: Final = "2.5.29.33"
AUTHORITY_KEY_ID: Final = "2.5.29.35"
POLICY_CONSTRAINTS: Final = "2.5.29.36"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"

_IP: Final = 0x87
_KNOWN_ALTERNATIVE_NAMES: Final = (0x81, 0x82, 0x86, _IP)  # e-mail, DNS, URI, IP
_DIGITAL_SIGNATURE: Final = 0x8000
_KEY_CERT_SIGN: Final = 0x0400
_NINE_USAGES: Final = 0xFF80
_KEY_ID_TAG: Final = 0x80


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: whether it is critical, and its value (DER)."""

    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class BasicConstraints:
    """Whether a certificate is a CA's, and how many intermediates may stand below it."""

    ca: bool
    path_length: int | None


def read_extensions(sequence: der.Element) -> dict[str, Extension]:
    """Return the extensions by type (dotted), in order; raises DecodeError with Go's text."""
    found: dict[str, Extension] = {}
    reader = der.Reader(sequence.content)
    while not reader.empty:
        item = der.Reader(reader.expect(der.SEQUENCE, "x509: malformed extension").content)
        type_ = item.expect_type("x509: malformed extension OID field")
        critical = item.peek() == der.BOOLEAN and _critical(item)
        value = item.expect(der.OCTET_STRING, "x509: malformed extension value field")
        if type_ in found:
            raise DecodeError(f'x509: certificate contains duplicate extension with OID "{type_}"')
        found[type_] = Extension(critical, value.content)
    return found


def basic_constraints(value: bytes) -> BasicConstraints:
    """Decode basic constraints (RFC 5280, 4.2.1.9)."""
    sequence = _sequence(value)
    flag, length = sequence.optional(der.BOOLEAN), sequence.optional(der.INTEGER)
    path_length = None if length is None else der.integer(length)
    if path_length is not None and path_length < 0:
        raise DecodeError("asn1: structure error: negative path length")
    return BasicConstraints(flag is not None and der.boolean(flag), path_length)


def may_sign_certificates(value: bytes) -> bool:
    """Return whether a key usage holds keyCertSign; an empty one allows everything (RFC 5280, 4.2.1.3)."""
    usage = _key_usage(value)
    return usage == 0 or bool(usage & _KEY_CERT_SIGN)


def may_sign_data(value: bytes) -> bool:
    """Return whether a key usage holds digitalSignature (RFC 5280, 4.2.1.3)."""
    return bool(_key_usage(value) & _DIGITAL_SIGNATURE)


def _key_usage(value: bytes) -> int:
    octets, _ = der.bits(der.Reader(value).read(der.BIT_STRING))
    return int.from_bytes((octets + b"\0\0")[:2]) & _NINE_USAGES


def extended_key_usages(value: bytes) -> frozenset[str]:
    """Decode extended key usages to dotted identifiers (RFC 5280, 4.2.1.12)."""
    listed = _sequence(value)
    usages: set[str] = set()
    while not listed.empty:
        usages.add(listed.expect_type("asn1: structure error: tags don't match"))
    return frozenset(usages)


def subject_key_id(value: bytes) -> bytes:
    """Decode a subject key identifier (RFC 5280, 4.2.1.2)."""
    return der.Reader(value).read(der.OCTET_STRING).content


def authority_key_id(value: bytes) -> bytes:
    """Return the key identifier in it; empty if it names the issuer in another way (RFC 5280, 4.2.1.1)."""
    identifier = _sequence(value).optional(_KEY_ID_TAG)
    return b"" if identifier is None else identifier.content


def has_known_alternative_name(value: bytes) -> bool:
    """Return whether one of the alternative names is an address, a host or a URI (RFC 5280, 4.2.1.6)."""
    tags = {name.tag for name in _sequence(value).rest()}
    return not tags.isdisjoint(_KNOWN_ALTERNATIVE_NAMES)


def alternative_names(value: bytes) -> frozenset[str]:
    """Return the alternative names that are addresses, hosts and URIs, as texts (RFC 5280, 4.2.1.6)."""
    found = [name for name in _sequence(value).rest() if name.tag in _KNOWN_ALTERNATIVE_NAMES]
    return frozenset(_alternative_name(name) for name in found)


def _alternative_name(name: der.Element) -> str:
    try:
        return str(ip_address(name.content)) if name.tag == _IP else name.content.decode("ascii")
    except ValueError as error:
        raise DecodeError(f"x509: cannot parse an alternative name: {error}") from error


def _sequence(value: bytes) -> der.Reader:
    return der.Reader(der.Reader(value).read(der.SEQUENCE).content)


def _critical(item: der.Reader) -> bool:
    try:
        return der.boolean(item.any())
    except DecodeError as error:
        raise DecodeError("x509: malformed extension critical field") from error
