"""Invalid certificates, names, PEM and DER: our errors, Fabric's texts."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import DecodeError
from pyfabric.identity import extensions, parsing, pem
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.names import read_name
from pyfabric.messages import der

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PEM = CertificateAuthority.create("ca", "Land", now=NOW).certificate_pem
BLOCK = pem.find(PEM)
assert BLOCK is not None
DER = BLOCK.content
VERSION, SERIAL, ALGORITHM, _, VALIDITY, _, KEY, EXTENSIONS = range(8)


def sequence(*parts: bytes) -> bytes:
    return der.encode(der.SEQUENCE, b"".join(parts))


def changed(field: int, value: bytes) -> bytes:
    """Return the certificate with one field of its inner part replaced (its signature then is wrong)."""
    tbs, algorithm, signature = der.Reader(der.Reader(DER).any().content).rest()
    fields = [element.raw for element in der.Reader(tbs.content).rest()]
    fields[field] = value
    return sequence(sequence(*fields), algorithm.raw, signature.raw)


def extension(type_: str, value: str, *flag: str) -> bytes:
    parts = bytes.fromhex(type_), *map(bytes.fromhex, flag)
    return sequence(*parts, der.encode(der.OCTET_STRING, bytes.fromhex(value)))


def with_extensions(*items: bytes) -> bytes:
    return changed(EXTENSIONS, der.encode(0xA3, sequence(*items)))


BASIC = "0603551d13"
USAGE = "0603551d0f"
EXTENDED = "0603551d25"
NAMES = "0603551d11"
OWN_KEY = "0603551d0e"
ISSUER_KEY = "0603551d23"
EC_KEY = "301306072a8648ce3d020106082a8648ce3d030107"


def key(algorithm: str, bits: str) -> bytes:
    return changed(KEY, sequence(bytes.fromhex(algorithm), bytes.fromhex(bits)))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "malformed certificate"),
        (sequence(), "malformed tbs certificate"),
        (DER + b"\0", "trailing data"),
        (changed(VERSION, bytes.fromhex("a003020103")), "invalid version"),
        (changed(VERSION, bytes.fromhex("a0030201ff")), "malformed version"),
        (changed(VERSION, bytes.fromhex("a0020200")), "malformed version"),
        (changed(SERIAL, bytes.fromhex("0201ff")), "negative serial number"),
        (changed(SERIAL, bytes.fromhex("02020001")), "malformed serial number"),
        (changed(ALGORITHM, sequence()), "inner and outer signature algorithm identifiers"),
        (changed(VALIDITY, sequence(bytes.fromhex("0500"))), "unsupported time format"),
        (changed(VALIDITY, sequence(der.encode(0x17, b"991399000000Z"))), "malformed UTCTime"),
        (changed(VALIDITY, sequence(der.encode(0x18, b"20260101Z"))), "malformed GeneralizedTime"),
        (key("3000", "030100"), "malformed OID"),
        (key("30020600", "030100"), "malformed OID"),
        (key("300606032a030405", "030100"), "malformed parameters"),
        (key(EC_KEY, "0300"), "malformed subjectPublicKey"),
        (key(EC_KEY, "030108"), "malformed subjectPublicKey"),
        (key("300906072a8648ce3d0201", "030100"), "invalid ECDSA parameters"),
        (key("300c06072a8648ce3d020106012a", "030100"), "unsupported elliptic curve"),
        (key(EC_KEY, "03020002"), "invalid uncompressed public key"),
        (key(EC_KEY, "03020004"), "invalid P256 point encoding"),
        (key(EC_KEY, "03420004" + "11" * 64), "P256 point not on curve"),
        (key("300506032b6570", "03020001"), "invalid Ed25519 public key"),
        (with_extensions(b"\x05\x00"), "malformed extension"),
        (with_extensions(sequence()), "malformed extension OID field"),
        (with_extensions(extension(BASIC, "3000", "010101")), "malformed extension critical field"),
        (with_extensions(sequence(bytes.fromhex(BASIC))), "malformed extension value field"),
        (
            with_extensions(extension(BASIC, "3000"), extension(BASIC, "3000")),
            'duplicate extension with OID "2.5.29.19"',
        ),
        (with_extensions(extension(BASIC, "0500")), "invalid basic constraints"),
        (with_extensions(extension(BASIC, "30030201ff")), "invalid basic constraints"),
        (with_extensions(extension(USAGE, "0300")), "invalid key usage"),
        (with_extensions(extension(EXTENDED, "300430020500")), "invalid extended key usages"),
        (with_extensions(extension(NAMES, "3001")), "invalid subject alternative names"),
        (with_extensions(extension(OWN_KEY, "0500")), "invalid subject key identifier"),
        (with_extensions(extension(ISSUER_KEY, "0500")), "invalid authority key identifier"),
        (
            with_extensions(extension(OWN_KEY, "0400", "0101ff")),
            "subject key identifier incorrectly marked critical",
        ),
    ],
)
def test_what_is_malformed_is_named(data: bytes, problem: str) -> None:
    with pytest.raises(DecodeError) as refusal:
        parsing.read_der(data)
    assert problem in str(refusal.value)


def test_years_of_two_digits_are_1950_to_2049() -> None:
    times = sequence(der.encode(0x17, b"500101000000Z"), der.encode(0x17, b"491231235959Z"))
    certificate = parsing.read_der(changed(VALIDITY, times))
    assert certificate.not_before == datetime(1950, 1, 1, tzinfo=UTC)
    assert certificate.not_after == datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_old_versions_have_no_extensions() -> None:
    tbs, algorithm, signature = der.Reader(der.Reader(DER).any().content).rest()
    fields = [element.raw for element in der.Reader(tbs.content).rest()]
    old = sequence(sequence(*fields[1:-1]), algorithm.raw, signature.raw)
    certificate = parsing.read_der(old)
    assert (certificate.version, dict(certificate.extensions)) == (1, {})
    assert not certificate.is_ca
    third = sequence(sequence(*fields[:-1]), algorithm.raw, signature.raw)
    assert dict(parsing.read_der(third).extensions) == {}


@pytest.mark.parametrize(
    ("usage", "may_sign"),
    [("03020204", True), ("03020780", False), ("030100", True), ("03020106", True)],
)
def test_a_key_usage_without_certificates_forbids_signing_them(usage: str, may_sign: bool) -> None:
    certificate = parsing.read_der(with_extensions(extension(USAGE, usage)))
    assert certificate.may_sign_certificates is may_sign


@pytest.mark.parametrize(
    ("names", "handled"),
    [("3003820161", True), ("30028800", False), ("3000", False)],
)
def test_critical_names_must_hold_one_that_is_understood(names: str, handled: bool) -> None:
    certificate = parsing.read_der(with_extensions(extension(NAMES, names, "0101ff")))
    assert certificate.has_unhandled_critical_extension is not handled


def test_an_unknown_key_is_no_reason_to_refuse_the_certificate() -> None:
    certificate = parsing.read_der(key("3003" + "06012a", "030100"))
    assert (certificate.key_algorithm, certificate.public_key) == ("unknown", None)


def name(tag: int, text: bytes, type_: str = "0603550403") -> der.Element:
    pair = sequence(bytes.fromhex(type_), der.encode(tag, text))
    return der.Reader(sequence(der.encode(der.SET, pair))).any()


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        (0x0C, "名".encode(), "名"),
        (0x13, b"Ann's (1)", "Ann's (1)"),
        (0x14, b"\xe9t\xe9", "été"),
        (0x16, b"a@b", "a@b"),
        (0x12, b"1 2", "1 2"),
        (0x1E, "名\0".encode("utf-16-be"), "名"),
    ],
)
def test_names_are_read_in_all_their_encodings(tag: int, text: bytes, value: str) -> None:
    assert read_name(name(tag, text)).common_name == value


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        (name(0x0C, b"\xff"), ": invalid attribute value: invalid UTF-8 string"),
        (name(0x13, b"_"), ": invalid attribute value: invalid PrintableString"),
        (name(0x16, b"\xff"), ": invalid attribute value: invalid IA5String"),
        (name(0x12, b"a"), ": invalid attribute value: invalid NumericString"),
        (name(0x1E, b"\xff\xfe"), ": invalid attribute value: invalid BMPString"),
        (name(0x1E, b"a"), ": invalid attribute value: invalid BMPString"),
        (name(0x04, b"a"), ": invalid attribute value: unsupported string type: 4"),
        (name(0x0C, b"a", "0500"), ": invalid attribute type"),
        (name(0x0C, b"a", "0603558004"), ": invalid attribute type"),
        (name(0x0C, b"a", "0607550490808080" + "00"), ": invalid attribute type"),
        (name(0x1F, b"a"), ": invalid attribute value"),
        (der.Element(0x30, b"\x05\x00", b""), ""),
        (der.Element(0x30, b"\x31\x02\x05\x00", b""), ": invalid attribute"),
    ],
)
def test_names_that_are_malformed_are_refused(element: der.Element, problem: str) -> None:
    with pytest.raises(DecodeError) as refusal:
        read_name(element)
    assert str(refusal.value) == "x509: invalid RDNSequence" + problem


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a,b+c", r"CN=a\,b\+c"),
        (" # ", r"CN=\ #\ "),
        ("#a", r"CN=\#a"),
        ('"<x>;\\', r"CN=\"\<x\>\;" + "\\\\"),
        ("", ""),
    ],
)
def test_names_are_written_as_go_writes_them(value: str, text: str) -> None:
    assert read_name(name(0x0C, value.encode())).go_text == text


def test_types_that_go_does_not_know_are_written_in_hex() -> None:
    title = "060355040c"
    assert read_name(name(0x0C, b"Dr", title)).go_text == "2.5.4.12=#13024472"
    assert read_name(name(0x0C, "博".encode(), title)).go_text == "2.5.4.12=#0c03e58d9a"


BODY = PEM.removeprefix(b"-----BEGIN CERTIFICATE-----\n")


@pytest.mark.parametrize(
    "data",
    [
        b"text before\n" + PEM,
        PEM + b"text after",
        PEM.replace(b"\n", b"\r\n"),
        b"-----BEGIN CERTIFICATE-----\nName: value\n\n" + BODY,
        b"-----BEGIN OTHER-----\nAAAA\n" + PEM,
        b"-----BEGIN A-----\n-----END B-----\n" + PEM,
        b"-----BEGIN A-----\n*\n-----END A-----\n" + PEM,
        b"-----BEGIN A\n-----END A-----\n" + PEM,
        b"-----END A-----\n" + PEM,
    ],
)
def test_a_pem_block_is_found_where_fabric_finds_it(data: bytes) -> None:
    assert pem.find(data) == pem.Block("CERTIFICATE", DER)


@pytest.mark.parametrize(
    "data", [b"", b"text", DER, b"x" + PEM, PEM[:-10], PEM.replace(b"\nMII", b"\nMI")]
)
def test_where_fabric_finds_no_pem_block_there_is_none(data: bytes) -> None:
    assert pem.find(data) is None


@given(st.binary(max_size=300))
def test_pem_is_written_and_read_back(content: bytes) -> None:
    assert pem.find(pem.encode("X", content)) == pem.Block("X", content)


@given(st.integers(0, 255), st.binary(max_size=70_000))
def test_der_is_written_and_read_back(tag: int, content: bytes) -> None:
    if tag & 0x1F == 0x1F:
        return
    encoded = der.encode(tag, content)
    assert der.Reader(encoded).any() == der.Element(tag, content, encoded)


@given(st.data())
def test_damaged_certificates_are_read_or_refused_and_nothing_else(data: st.DataObject) -> None:
    damaged = bytearray(DER)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    assert_only_refuses(parsing.read_der, bytes(damaged))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    assert_only_refuses(parsing.read_der, data)
    assert_only_refuses(parsing.read_pem, data)


def assert_only_refuses(read: Callable[[bytes], object], data: bytes) -> None:
    with suppress(DecodeError):
        read(data)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("82 02 62c3", None),  # a host that is not ASCII
        ("87 02 ffff", None),  # an address of two octets
        ("82 06 612e74657374 87 04 7f000001 a7 01 61", {"a.test", "127.0.0.1"}),
        ("81 03 614062 86 01 61", {"a@b", "a"}),
        ("87 10 00000000000000000000000000000001", {"::1"}),
        ("", set()),
    ],
)
def test_alternative_names_are_texts_or_refused(value: str, found: set[str] | None) -> None:
    data = sequence(bytes.fromhex(value))
    if found is None:
        with pytest.raises(DecodeError):
            extensions.alternative_names(data)
    else:
        assert extensions.alternative_names(data) == found


def test_every_block_is_found_in_its_order() -> None:
    other = pem.encode("X509 CRL", b"x")
    found = list(pem.find_all(b"before\n" + PEM + b"between\n" + other + PEM))
    assert [block.label for block in found] == ["CERTIFICATE", "X509 CRL", "CERTIFICATE"]
    assert found[0] == found[2] == BLOCK
    assert list(pem.find_all(b"nothing")) == []
