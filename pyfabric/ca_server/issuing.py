"""A CA's certificates and revocation lists, byte for byte as Fabric CA makes them of the same request. Pure.

Source: lib/serverenroll.go and lib/servergencrl.go of Fabric CA 1.5.21, signer/local of CFSSL 1.6, and CreateCertificate of
Go's crypto/x509. Signatures have a low s.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pyfabric.ca_server.profiles import EXTENDED_USAGES, KEY_USAGES, Profile
from pyfabric.ca_server.requests import SigningRequest
from pyfabric.ca_server.signing_requests import (
    CERTIFICATE_ERROR,
    POLICY_ERROR,
    SERIAL_NUMBER,
    ReadRequest,
    SubjectHosts,
    signing_failure,
)
from pyfabric.identity import extensions, parsing, pem
from pyfabric.identity.certificates import ATTRIBUTES_OID
from pyfabric.identity.keys import PrivateKey, low_s_signature
from pyfabric.identity.names import (
    COMMON_NAME,
    ORGANIZATION,
    ORGANIZATIONAL_UNIT,
    Attribute,
    encode_name,
)
from pyfabric.messages import der

_VERSION_3: Final = b"\xa0\x03\x02\x01\x02"
_EXTENSIONS_TAG: Final = 0xA3
_CRL_EXTENSIONS_TAG: Final = 0xA0
_KEY_ID_TAG: Final = 0x80
_DNS_TAG, _EMAIL_TAG, _URI_TAG, _ADDRESS_TAG = 0x82, 0x81, 0x86, 0x87
_TRUE: Final = b"\x01\x01\xff"
_INVALID_REQUEST: Final = 300
_PART_TYPES: Final[Mapping[str, str]] = {
    "C": "2.5.4.6",
    "ST": "2.5.4.8",
    "L": "2.5.4.7",
    "O": ORGANIZATION,
    "OU": ORGANIZATIONAL_UNIT,
}
_EMAIL: Final = re.compile(r"[^@\s<>,;:]+@[^@\s<>,;:]+")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.*|/.*")
_ALGORITHMS: Final[Mapping[str, tuple[str, hashes.HashAlgorithm]]] = {
    "secp256r1": ("1.2.840.10045.4.3.2", hashes.SHA256()),
    "secp384r1": ("1.2.840.10045.4.3.3", hashes.SHA384()),
}
_ED25519: Final = "1.3.101.112"


@dataclass(frozen=True, slots=True)
class Revoked:
    """An entry of a revocation list: the serial number, and when it was revoked."""

    serial: int
    at: datetime


@dataclass(frozen=True)
class Issuer:
    """A CA's certificate and key."""

    certificate: parsing.Certificate
    key: PrivateKey

    def issue(
        self,
        request: SigningRequest,
        read: ReadRequest,
        profile: Profile,
        *,
        units: Sequence[str],
        attributes: Mapping[str, str] | None,
        serial: int,
        now: datetime,
    ) -> bytes:
        """Return a certificate (PEM) for a request whose rights were checked; `units` are the subject's.

        Raises RefusedError.
        """
        read.check_signature()
        self._check_path(read, profile)
        ca = self.certificate
        begin = max(request.not_before or ca.not_before, ca.not_before)
        end = min(rounded_to_minute(now) + profile.expiry, ca.not_after)
        hosts = read.hosts if request.hosts is None else _sorted_hosts(request.hosts)
        found = self._extensions(read, profile, hosts, attributes)
        body = (
            _VERSION_3
            + der.encode_integer(serial)
            + self._algorithm
            + ca.subject.raw
            + der.encode(der.SEQUENCE, der.encode_time(begin) + der.encode_time(end))
            + encode_name(_subject(request, read, units))
            + read.public_key_info
            + der.encode(_EXTENSIONS_TAG, der.encode(der.SEQUENCE, b"".join(found)))
        )
        return pem.encode("CERTIFICATE", self._signed(body))

    def revocation_list(
        self, revoked: Iterable[Revoked], *, now: datetime, next_update: datetime
    ) -> bytes:
        """Return a revocation list (PEM) with these entries in their order."""
        entries = b"".join(
            der.encode(der.SEQUENCE, der.encode_integer(one.serial) + der.encode_time(one.at))
            for one in revoked
        )
        found = der.encode(der.SEQUENCE, self._key_id())
        body = (
            der.encode_integer(1)
            + self._algorithm
            + self.certificate.subject.raw
            + der.encode_time(now)
            + der.encode_time(next_update)
            + (der.encode(der.SEQUENCE, entries) if entries else b"")
            + der.encode(_CRL_EXTENSIONS_TAG, found)
        )
        return pem.encode("X509 CRL", self._signed(body))

    def _check_path(self, read: ReadRequest, profile: Profile) -> None:
        """Refuse a CA's certificate that the profile or this CA's own certificate does not allow."""
        constraints = self.certificate.basic_constraints
        is_last = constraints is not None and constraints.path_length == 0
        if read.for_ca and (not profile.is_ca or is_last):
            raise signing_failure(POLICY_ERROR + _INVALID_REQUEST, "Policy violation request")

    def _extensions(
        self,
        read: ReadRequest,
        profile: Profile,
        hosts: SubjectHosts,
        attributes: Mapping[str, str] | None,
    ) -> Iterator[bytes]:
        usage = _key_usage(profile)
        if usage is not None:
            yield _extension(extensions.KEY_USAGE, usage, critical=True)
        extended = [EXTENDED_USAGES[one] for one in profile.usages if one in EXTENDED_USAGES]
        if extended:
            content = b"".join(map(der.encode_type, extended))
            yield _extension(extensions.EXTENDED_KEY_USAGE, der.encode(der.SEQUENCE, content))
        yield _extension(extensions.BASIC_CONSTRAINTS, _constraints(profile), critical=True)
        own = der.encode(der.OCTET_STRING, _key_digest(read.public_key_info))
        yield _extension(extensions.SUBJECT_KEY_ID, own)
        yield self._key_id()
        names = _alternative_names(hosts, for_ca=profile.is_ca)
        if names:
            yield _extension(extensions.SUBJECT_ALTERNATIVE_NAME, der.encode(der.SEQUENCE, names))
        if attributes is not None:
            yield _extension(ATTRIBUTES_OID, attribute_json(attributes))

    def _key_id(self) -> bytes:
        identifier = der.encode(_KEY_ID_TAG, self.certificate.subject_key_id)
        return _extension(extensions.AUTHORITY_KEY_ID, der.encode(der.SEQUENCE, identifier))

    @property
    def _algorithm(self) -> bytes:
        key = self.key
        ecdsa = isinstance(key, ec.EllipticCurvePrivateKey)
        type_ = _ALGORITHMS[key.curve.name][0] if ecdsa else _ED25519  # type: ignore[union-attr]
        return der.encode(der.SEQUENCE, der.encode_type(type_))

    def _signed(self, body: bytes) -> bytes:
        signed = der.encode(der.SEQUENCE, body)
        key = self.key
        if isinstance(key, ec.EllipticCurvePrivateKey):
            curve = key.curve.name
            signature = low_s_signature(curve, key.sign(signed, ec.ECDSA(_ALGORITHMS[curve][1])))
        else:
            signature = key.sign(signed)
        return der.encode(der.SEQUENCE, signed + self._algorithm + der.encode_bits(signature))


def attribute_json(attributes: Mapping[str, str]) -> bytes:
    """Return attributes as a certificate has them, as Go's encoding/json writes them."""
    text = json.dumps(
        {"attrs": dict(sorted(attributes.items()))}, separators=(",", ":"), ensure_ascii=False
    )
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()


def rounded_to_minute(moment: datetime) -> datetime:
    """Return the nearest whole minute, the later one of two (Time.Round of Go)."""
    floor = moment.replace(second=0, microsecond=0)
    return floor + timedelta(minutes=1) if moment - floor >= timedelta(seconds=30) else floor


def _subject(
    request: SigningRequest, read: ReadRequest, units: Sequence[str]
) -> Iterator[Attribute]:
    """Yield the parts of the subject: the units are the CA's; others are the request's, else the signing request's."""
    given = [
        Attribute(_PART_TYPES[key], value)
        for name in request.names
        for key, value in name.items()
        if key in _PART_TYPES and key != "OU" and value
    ]
    given += [Attribute(ORGANIZATIONAL_UNIT, unit) for unit in units]
    if request.common_name:
        given.append(Attribute(COMMON_NAME, request.common_name))
    if request.serial_number:
        given.append(Attribute(SERIAL_NUMBER, request.serial_number))
    yield from given
    types = {one.type for one in given}
    yield from (one for one in read.subject if one.type not in types)


def _sorted_hosts(hosts: Sequence[str]) -> SubjectHosts:
    names, emails, addresses, uris = [], [], [], []
    for host in hosts:
        try:
            addresses.append(ip_address(host).packed)
        except ValueError:
            if _EMAIL.fullmatch(host):
                emails.append(host)
            elif _URI.fullmatch(host):
                uris.append(host)
            else:
                names.append(host)
    return SubjectHosts(tuple(names), tuple(emails), tuple(addresses), tuple(uris))


def _alternative_names(hosts: SubjectHosts, *, for_ca: bool) -> bytes:
    """Return the alternative names; of those of a CA only addresses are left."""
    named = SubjectHosts(addresses=hosts.addresses) if for_ca else hosts
    tagged = [
        *((_DNS_TAG, _ascii(name)) for name in named.names),
        *((_EMAIL_TAG, _ascii(name)) for name in named.emails),
        *((_ADDRESS_TAG, address) for address in named.addresses),
        *((_URI_TAG, _ascii(uri)) for uri in named.uris),
    ]
    return b"".join(der.encode(tag, content) for tag, content in tagged)


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        problem = f'x509: "{text}" cannot be encoded as an IA5String'
        raise signing_failure(CERTIFICATE_ERROR, problem) from error


def _key_usage(profile: Profile) -> bytes | None:
    bits = {KEY_USAGES[one] for one in profile.usages if one in KEY_USAGES}
    if not bits:
        return None
    return der.encode_bits(bytes((sum(0x80 >> bit for bit in bits),)), unused=7 - max(bits))


def _constraints(profile: Profile) -> bytes:
    length = b"" if profile.path_length is None else der.encode_integer(profile.path_length)
    return der.encode(der.SEQUENCE, _TRUE + length if profile.is_ca else b"")


def _key_digest(public_key_info: bytes) -> bytes:
    """Return the key identifier of RFC 5280, 4.2.1.2 (1)."""
    fields = der.Reader(der.Reader(public_key_info).read(der.SEQUENCE).content)
    fields.read(der.SEQUENCE)
    content = der.bits(fields.read(der.BIT_STRING))[0]
    return hashlib.sha1(content, usedforsecurity=False).digest()


def _extension(type_: str, value: bytes, *, critical: bool = False) -> bytes:
    content = der.encode_type(type_) + (_TRUE if critical else b"")
    return der.encode(der.SEQUENCE, content + der.encode(der.OCTET_STRING, value))
