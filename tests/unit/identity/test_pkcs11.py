"""Keys in PKCS#11 tokens: named by URIs, made, found, used by many threads, and what is said when they cannot be."""

import hashlib
import json
import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import pkcs11
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from pkcs11 import Attribute, ObjectClass

from pyfabric.errors import IdentityError, MissingExtraError
from pyfabric.identity import (
    CertificateAuthority,
    FunctionSigner,
    Identity,
    MSPDefinition,
    PKCS11Key,
    PKCS11Token,
    SigningIdentity,
    Wallet,
    generate_private_key,
    load_identity,
    load_msp_folder,
    pem,
    write_local_msp,
)
from pyfabric.identity.key_files import key_of, private_key_of
from pyfabric.identity.keys import ecdsa_integers, subject_key_id, verify_signature
from pyfabric.identity.pkcs11_uri import read_reference, read_uri
from tests.support.hsm.softhsm import PIN, TWINS, SoftHSM

NOW = datetime.now(UTC)
CA = CertificateAuthority.create("ca.tax", "Tax", now=NOW)
HALF = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2
PLACE = "pkcs11:token=Tax%20office;serial=1f?module-path=/lib/hsm.so"


def certificate_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return CA.issue("ann", now=NOW, public_key=key, unit="client")


@pytest.fixture(scope="module")
def uri(softhsm: SoftHSM) -> str:
    return softhsm.uri_with_pin(softhsm.label())


@pytest.fixture(scope="module")
def token(uri: str) -> Iterator[PKCS11Token]:
    with PKCS11Token(uri) as opened:
        yield opened


@pytest.fixture(scope="module")
def key(token: PKCS11Token) -> PKCS11Key:
    return token.generate_key()


def test_a_uri_says_which_token_and_key() -> None:
    found = read_uri(
        "pkcs11:model=M;token=Tax%20office;id=%01%fF;object=a%3Bb;type=private"
        "?pin-source=file:/run/p%20in&module-path=/lib/hsm.so"
    )
    assert found.token == {"token": "Tax office", "model": "M"}
    assert (found.id, found.label) == (b"\x01\xff", "a;b")
    assert (found.module, found.pin_source) == ("/lib/hsm.so", "/run/p in")
    assert read_uri(str(found)) == found
    block = pem.find(found.pem())
    assert block is not None
    assert read_reference(block.content) == found


@given(st.text(min_size=1), st.binary(), st.text())
def test_whatever_names_a_key_can_be_written(token: str, id: bytes, label: str) -> None:
    made = read_uri(PLACE)
    made = type(made)(made.module, {"token": token}, "/pin", id, label)
    assert read_uri(str(made)) == made


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("file:/key.pem", "does not begin with pkcs11:"),
        (PLACE + "&pin-value=1234", "must not hold the PIN"),
        ("pkcs11:token=Tax", "no absolute path of the token's library"),
        ("pkcs11:token=Tax?module-path=hsm.so", "no absolute path of the token's library"),
        ("pkcs11:id=%01?module-path=/lib/hsm.so", "names no token"),
        ("pkcs11:token=Tax;token=Land?module-path=/lib/hsm.so", "token is given twice"),
        ("pkcs11:token=Tax;slot-id=1?module-path=/lib/hsm.so", "slot-id is not supported"),
        ("pkcs11:token=Tax;type=cert?module-path=/lib/hsm.so", "names a cert"),
        ("pkcs11:token?module-path=/lib/hsm.so", "token has no value"),
        ("pkcs11:token=%FF?module-path=/lib/hsm.so", "not UTF-8"),
        (PLACE + "&pin-source=|cat /pin", "is a command, which is not run"),
    ],
)
def test_a_uri_that_cannot_be_used_is_refused_with_the_reason(uri: str, why: str) -> None:
    with pytest.raises(IdentityError, match=why) as caught:
        read_uri(uri)
    assert "1234" not in str(caught.value)


def test_a_damaged_reference_is_refused() -> None:
    with pytest.raises(IdentityError, match="cannot be read"):
        load_identity("TaxMSP", CA.certificate_pem, pem.encode("PKCS#11 PROVIDER URI", b"\x30\x03"))


def test_without_the_extra_it_is_named() -> None:
    with (
        mock.patch.dict(sys.modules),
        mock.patch("pyfabric.extras.find_spec", return_value=None),
        pytest.raises(MissingExtraError, match=r"pip install 'pyfabric-ledger\[hsm\]'"),
    ):
        PKCS11Token(PLACE)


@pytest.mark.parametrize("kind", ["p256", "p384"])
def test_a_key_is_made_as_fabric_makes_it(softhsm: SoftHSM, token: PKCS11Token, kind: str) -> None:
    made = token.generate_key("p384" if kind == "p384" else "p256")
    assert made.blocking
    ski = subject_key_id(made.public_key())
    assert read_uri(made.uri).id == ski
    library, label = pkcs11.lib(softhsm.library), read_uri(made.uri).token["token"]
    with library.get_token(token_label=label).open() as session:
        (found,) = session.get_objects(
            {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.ID: ski}
        )
        assert found[Attribute.LABEL] == ski.hex()
        assert found[Attribute.SENSITIVE]
        assert not found[Attribute.EXTRACTABLE]
    identity = token.identity("TaxMSP", certificate_of(made.public_key()))
    assert verify_signature(made.public_key(), b"estate", identity.sign(b"estate"))


@given(st.binary())
def test_every_signature_is_right_and_has_low_s(key: PKCS11Key, message: bytes) -> None:
    signature = key.sign(message)
    assert verify_signature(key.public_key(), message, signature)
    assert ecdsa_integers(signature)[1] <= HALF


def test_many_threads_sign_at_the_same_time(key: PKCS11Key) -> None:
    messages = [str(number).encode() for number in range(50)]
    with ThreadPoolExecutor(50) as pool:
        signatures = list(pool.map(key.sign, messages))
    pairs = zip(messages, signatures, strict=True)
    assert all(verify_signature(key.public_key(), *pair) for pair in pairs)


def test_a_lost_session_is_opened_again(softhsm: SoftHSM, key: PKCS11Key) -> None:
    key.sign(b"before")
    pkcs11.lib(softhsm.library).reinitialize()  # as after the token was taken out and put back
    assert verify_signature(key.public_key(), b"after", key.sign(b"after"))


def test_files_name_a_key_and_do_not_hold_it(
    token: PKCS11Token, key: PKCS11Key, tmp_path: Path
) -> None:
    certificate = certificate_of(key.public_key())
    definition = MSPDefinition(msp_id="TaxMSP", root_certificates=(CA.certificate_pem,))
    write_local_msp(tmp_path / "msp", definition, certificate, key)
    written = (tmp_path / "msp/keystore/priv_sk").read_bytes()
    assert written == key.reference_pem
    assert PIN.encode() not in written
    for loaded in (
        load_msp_folder(tmp_path / "msp", "TaxMSP"),
        load_identity("TaxMSP", certificate, written),
    ):
        assert verify_signature(key.public_key(), b"estate", loaded.sign(b"estate"))
    wallet = Wallet(tmp_path / "wallet", token=token)
    wallet.put("ann", token.identity("TaxMSP", certificate))
    assert verify_signature(key.public_key(), b"estate", wallet.get("ann").sign(b"estate"))
    with pytest.raises(IdentityError, match="is in a PKCS#11 token: say in which"):
        Wallet(tmp_path / "wallet").get("ann")


def test_the_wallet_entry_is_that_of_the_official_sdks(
    token: PKCS11Token, key: PKCS11Key, tmp_path: Path
) -> None:
    """Write interface HsmX509IdentityDataV1 of fabric-network 2.2."""
    certificate = certificate_of(key.public_key()).decode()
    wallet = Wallet(tmp_path, token=token)
    wallet.put("ann", token.identity("TaxMSP", certificate.encode()))
    assert json.loads((tmp_path / "ann.id").read_text()) == {
        "credentials": {"certificate": certificate},
        "mspId": "TaxMSP",
        "type": "HSM-X.509",
        "version": 1,
    }


def test_which_keys_files_can_hold() -> None:
    def signer(message: bytes) -> bytes:
        return message

    elsewhere = SigningIdentity(Identity("TaxMSP", CA.certificate_pem), FunctionSigner(signer))
    with pytest.raises(IdentityError, match="kept by another signer, and cannot be written"):
        key_of(elsewhere)


def test_a_key_in_a_token_is_not_handed_out(token: PKCS11Token, key: PKCS11Key) -> None:
    identity = token.identity("TaxMSP", certificate_of(key.public_key()))
    assert key_of(identity) is identity.signer
    with pytest.raises(IdentityError, match="does not leave its token"):
        private_key_of(identity)


def test_a_library_that_cannot_be_loaded_is_named() -> None:
    with pytest.raises(IdentityError, match=r"the library /no/such\.so cannot be used: .*; name"):
        PKCS11Token("pkcs11:token=Tax?module-path=/no/such.so").generate_key()


def test_a_token_that_is_not_there_is_named_beside_those_that_are(
    softhsm: SoftHSM, key: PKCS11Key
) -> None:
    there = read_uri(key.uri).token["token"]
    with pytest.raises(IdentityError, match=f"the token Land is not there: .*'{there}'"):
        PKCS11Token(softhsm.uri("Land")).generate_key()


def test_two_tokens_of_one_label_need_the_serial_number(softhsm: SoftHSM) -> None:
    uri = softhsm.uri_with_pin(TWINS)
    with pytest.raises(IdentityError, match="is not the only one"):
        PKCS11Token(uri).generate_key()
    serials = [
        one.serial.decode() for one in pkcs11.lib(softhsm.library).get_tokens(token_label=TWINS)
    ]
    with PKCS11Token(uri.replace("?", f";serial={serials[0]}?")) as one:
        assert one.generate_key().sign(b"estate")


def test_a_wrong_pin_is_shown_to_the_token_once(softhsm: SoftHSM) -> None:
    label = softhsm.label()
    asked = []

    def pin() -> str:
        asked.append("wrong")
        return "999999"

    with PKCS11Token(softhsm.uri(label), pin=pin) as token:
        for _ in range(20):
            with pytest.raises(IdentityError, match="refused the PIN: it is wrong") as caught:
                token.generate_key()
            assert "999999" not in str(caught.value)
    assert asked == ["wrong"]
    with PKCS11Token(softhsm.uri(label), pin=lambda: PIN) as token:
        assert token.generate_key().sign(b"estate")


def test_a_pin_that_nobody_gives_is_asked_for(softhsm: SoftHSM, tmp_path: Path) -> None:
    label = softhsm.label()
    with pytest.raises(IdentityError, match="needs its PIN: name its file"):
        PKCS11Token(softhsm.uri(label)).generate_key()
    missing = f"{softhsm.uri(label)}&pin-source=file:{tmp_path / 'none'}"
    with pytest.raises(IdentityError, match="cannot be read from"):
        PKCS11Token(missing).generate_key()


def test_a_certificate_without_its_key_is_refused(token: PKCS11Token) -> None:
    other = generate_private_key()
    assert isinstance(other, ec.EllipticCurvePrivateKey)
    with pytest.raises(IdentityError, match="has no private key with the id"):
        token.key(certificate_of(other.public_key()))
    edwards = generate_private_key("ed25519")
    certificate = CA.issue("ann", now=NOW, public_key=edwards.public_key(), unit="client")
    with pytest.raises(IdentityError, match="not ECDSA"):
        token.key(certificate)


def test_another_key_than_the_certificates_is_refused(uri: str, key: PKCS11Key) -> None:
    other = generate_private_key()
    assert isinstance(other, ec.EllipticCurvePrivateKey)
    id = "".join(f"%{octet:02x}" for octet in subject_key_id(key.public_key()))
    with (
        PKCS11Token(uri.replace("?", f";id={id}?")) as named,
        pytest.raises(IdentityError, match="does not belong to the certificate"),
    ):
        named.key(certificate_of(other.public_key()))


def test_two_keys_of_one_name_are_refused(softhsm: SoftHSM) -> None:
    label = softhsm.label()
    with PKCS11Token(softhsm.uri_with_pin(label)) as token:
        made = [token.generate_key(), token.generate_key()]
        session = pkcs11.lib(softhsm.library).get_token(token_label=label).open(rw=True)
        for one in list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})):
            one[Attribute.LABEL] = "office"
        session.close()
        uri = softhsm.uri(label).replace("?", ";object=office?")
        with pytest.raises(IdentityError, match="has 2 private keys with the label 'office'"):
            PKCS11Token(uri, pin=lambda: PIN).key(certificate_of(made[0].public_key()))


def test_a_deleted_key_is_gone(token: PKCS11Token) -> None:
    made = token.generate_key()
    made.delete()
    with pytest.raises(IdentityError, match="has no private key"):
        made.sign(b"estate")


def test_a_closed_token_and_a_fork_sign_nothing(uri: str, key: PKCS11Key) -> None:
    with PKCS11Token(uri) as token:
        certificate = certificate_of(key.public_key())
    token.close()
    with pytest.raises(IdentityError, match="is closed: open it again"):
        token.key(certificate)
    queue = multiprocessing.get_context("fork").SimpleQueue()

    def child() -> None:
        try:
            key.sign(b"estate")
        except IdentityError as error:
            queue.put(str(error))

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert "open it after the fork" in queue.get()


def test_the_id_is_the_hash_of_the_uncompressed_point() -> None:
    key = ec.derive_private_key(1, ec.SECP256R1()).public_key()
    generator = bytes.fromhex(
        "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
    )
    assert subject_key_id(key) == hashlib.sha256(generator).digest()
