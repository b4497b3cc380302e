"""Keys, signers and signatures: what Fabric accepts and refuses."""

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import IdentityError
from pyfabric.identity.keys import (
    FunctionSigner,
    KeyKind,
    PrivateKeySigner,
    check_signature,
    generate_private_key,
    load_private_key,
    private_key_pem,
    verify_signature,
)

KINDS: tuple[KeyKind, ...] = ("p256", "p384", "ed25519")
KEYS = {kind: generate_private_key(kind) for kind in KINDS}
RSA_KEY = rsa.generate_private_key(65537, 2048)
# The order of P-256 (FIPS 186-4, D.1.2.3).
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.mark.parametrize("kind", KINDS)
@given(message=st.binary(min_size=1, max_size=200), place=st.integers(0, 10_000))
def test_a_signature_holds_for_its_message_alone(kind: KeyKind, message: bytes, place: int) -> None:
    signature = PrivateKeySigner(KEYS[kind]).sign(message)
    public_key = KEYS[kind].public_key()
    assert verify_signature(public_key, message, signature)
    changed = bytearray(message)
    changed[place % len(message)] ^= 1
    assert not verify_signature(public_key, bytes(changed), signature)


@given(message=st.binary(max_size=200))
def test_ecdsa_signatures_are_low_s_over_sha256(message: bytes) -> None:
    key = KEYS["p256"]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = PrivateKeySigner(key).sign(message)
    r, s = utils.decode_dss_signature(signature)
    assert s <= ORDER // 2
    digest = hashlib.sha256(message).digest()
    prehashed = utils.Prehashed(hashes.SHA256())
    key.public_key().verify(signature, digest, ec.ECDSA(prehashed))
    high = utils.encode_dss_signature(r, ORDER - s)
    key.public_key().verify(high, digest, ec.ECDSA(prehashed))
    with pytest.raises(IdentityError, match=r"Invalid S. Must be smaller than half the order"):
        check_signature(key.public_key(), message, high)


def test_p384_also_signs_over_sha256() -> None:
    key = KEYS["p384"]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = PrivateKeySigner(key).sign(b"message")
    key.public_key().verify(signature, b"message", ec.ECDSA(hashes.SHA256()))


@given(signature=st.binary(min_size=1, max_size=80))
def test_bytes_that_are_no_signature_are_refused(signature: bytes) -> None:
    for key in KEYS.values():
        assert not verify_signature(key.public_key(), b"message", signature)


def test_what_follows_the_two_integers_is_ignored_as_fabric_ignores_it() -> None:
    signature = PrivateKeySigner(KEYS["p256"]).sign(b"message")
    assert verify_signature(KEYS["p256"].public_key(), b"message", signature + b"\0")


@pytest.mark.parametrize(
    ("signature", "reason"),
    [
        ("", "Invalid signature. Cannot be empty."),
        ("3006020100020101", "R must be larger than zero"),
        ("3006020101020100", "S must be larger than zero"),
        ("30060201010201ff", "S must be larger than zero"),
        ("3007020200010201ff", "integer not minimally-encoded"),
        ("3080020101020101", "bad length"),
        ("308106020101020101", "non-minimal length"),
        ("3006020101", "data truncated"),
        ("3003020101", "tags don't match"),
        ("3005020002017f", "empty integer"),
        ("3006010101020101", "tags don't match"),
    ],
)
def test_malformed_signatures_say_what_is_wrong(signature: str, reason: str) -> None:
    with pytest.raises(IdentityError, match="could not determine the validity") as refusal:
        check_signature(KEYS["p256"].public_key(), b"message", bytes.fromhex(signature))
    assert reason in str(refusal.value)


def test_an_empty_message_has_no_ed25519_signature_for_fabric() -> None:
    signature = PrivateKeySigner(KEYS["ed25519"]).sign(b"")
    with pytest.raises(IdentityError, match=r"Invalid digest\. Cannot be empty"):
        check_signature(KEYS["ed25519"].public_key(), b"", signature)


def test_rsa_verifies_nothing() -> None:
    assert not verify_signature(RSA_KEY.public_key(), b"message", b"signature")


@pytest.mark.parametrize("kind", KINDS)
def test_keys_are_written_as_pkcs8_and_read_back(kind: KeyKind) -> None:
    pem = private_key_pem(KEYS[kind])
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert load_private_key(pem).public_key() == KEYS[kind].public_key()


def test_sec1_and_encrypted_keys_are_read() -> None:
    key = KEYS["p256"]
    sec1 = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    assert load_private_key(sec1).public_key() == key.public_key()
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"word"),
    )
    assert load_private_key(encrypted, b"word").public_key() == key.public_key()
    for password in (None, b"other"):
        with pytest.raises(IdentityError, match="not a usable PEM private key"):
            load_private_key(encrypted, password)


def unusable_keys() -> list[ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey]:
    return [RSA_KEY, ec.generate_private_key(ec.SECP521R1())]


@pytest.mark.parametrize("key", unusable_keys(), ids=["rsa", "p521"])
def test_other_keys_are_refused(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(IdentityError, match="Fabric takes P-256, P-384 and Ed25519 keys"):
        load_private_key(pem)


def test_the_content_decides_whatever_the_header_says() -> None:
    key = KEYS["p256"]
    for form, header, other in (
        (serialization.PrivateFormat.PKCS8, b" PRIVATE KEY", b" EC PRIVATE KEY"),
        (serialization.PrivateFormat.TraditionalOpenSSL, b" EC PRIVATE KEY", b" PRIVATE KEY"),
    ):
        pem = key.private_bytes(
            serialization.Encoding.PEM, form, serialization.NoEncryption()
        ).replace(header, other)
        assert other in pem
        assert load_private_key(b"Key of ann\n" + pem).public_key() == key.public_key()
    with pytest.raises(IdentityError, match="the PEM block is a CERTIFICATE"):
        load_private_key(pem.replace(b"PRIVATE KEY", b"CERTIFICATE"))
    junk = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    with pytest.raises(IdentityError, match="in the block PRIVATE KEY"):
        load_private_key(junk)


def test_text_is_no_key() -> None:
    with pytest.raises(IdentityError, match="not a usable PEM private key"):
        load_private_key(b"text")


def test_signers_say_whether_they_block() -> None:
    key = KEYS["ed25519"]
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    assert not PrivateKeySigner(key).blocking
    remote = FunctionSigner(key.sign)
    assert remote.blocking
    assert verify_signature(key.public_key(), b"message", remote.sign(b"message"))
