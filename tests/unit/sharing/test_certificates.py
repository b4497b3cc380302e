"""Certificates of endorsers: a narrow profile at the time of the importing transaction."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pyfabric.identity import keys, parsing, pem
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import FunctionSigner, KeyKind, generate_private_key, private_key_pem
from pyfabric.identity.loading import load_identity
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.sharing.refusals import Code, ProofError
from pyfabric.sharing.verifier import verify
from tests.support.ledger.ordering import NOW, Council, Organization
from tests.support.sharing.changes import defined
from tests.support.sharing.proofs import MOMENT, World, new_world, proof_file, record_of

Builder = x509.CertificateBuilder
Extension = x509.ExtensionType
DAY = 24 * 60 * 60


@pytest.fixture
def made() -> World:
    return new_world(Council(1, bft=False, departments=("Land", "Tax", "Water")))


def tax(made: World) -> Organization:
    return made.source.council.departments[1]


def issued(
    organization: Organization,
    *,
    authority: CertificateAuthority | None = None,
    kind: KeyKind = "p256",
    days: int = 365,
) -> SigningIdentity:
    """Return a new peer of an organisation."""
    key = generate_private_key(kind)
    certificate = (authority or organization.ca).issue(
        "peer9", now=NOW, public_key=key.public_key(), unit="peer", days=days
    )
    return load_identity(organization.msp_id, certificate, private_key_pem(key))


def crafted(
    organization: Organization,
    change: Callable[[dict[type[Extension], tuple[Extension, bool]]], object],
    *,
    low_s: bool = True,
    begin: datetime = NOW,
    key: ec.EllipticCurvePrivateKey | None = None,
) -> SigningIdentity:
    """Return a peer whose certificate has other extensions than ours have, signed by the organisation's CA."""
    ca = organization.ca
    key = key or ec.generate_private_key(ec.SECP256R1())
    own = ca.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    extensions: dict[type[Extension], tuple[Extension, bool]] = {
        x509.BasicConstraints: (x509.BasicConstraints(ca=False, path_length=None), True),
        x509.KeyUsage: (usage(digital_signature=True), True),
        x509.AuthorityKeyIdentifier: (
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), False,
        ),
    }  # fmt: skip
    change(extensions)
    builder = (
        Builder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "peer")]))
        .issuer_name(ca.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begin)
        .not_valid_after(NOW + timedelta(days=9))
    )
    for extension, critical in extensions.values():
        builder = builder.add_extension(extension, critical=critical)
    parsed = parsing.read_der(builder.sign(ca._key, hashes.SHA256()).public_bytes(Encoding.DER))
    low = keys.low_s_signature("secp256r1", parsed.signature)
    r, s = keys.ecdsa_integers(low)
    signature = low if low_s else keys.encode_ecdsa(r, keys._ORDERS["secp256r1"] - s)
    certificate = pem.encode("CERTIFICATE", parsing.with_signature(parsed, signature).raw)
    identity = Identity(organization.msp_id, certificate)
    return SigningIdentity(identity, FunctionSigner(lambda message: signed(key, message)))


def signed(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    """Return a signature with a low s, by any curve."""
    return keys.low_s_signature(key.curve.name, key.sign(message, ec.ECDSA(hashes.SHA256())))


def usage(*, digital_signature: bool = False, key_cert_sign: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=not digital_signature,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=key_cert_sign,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def check(made: World, second: SigningIdentity, moment: int = MOMENT) -> Code | None:
    """Return the code by which a proof is refused that a department has endorsed by this identity, None if it is accepted."""
    made.record = replace(made.record, greatest_age=10**9)
    edits = {"request": lambda one: replace(one, not_after=MOMENT + 10**9)}
    file = proof_file(made, endorsers=(made.peer(0), second), edits=edits)
    try:
        verify(file.to_bytes(), made.snapshot, moment=moment, private=False)
    except ProofError as error:
        return error.code
    return None


def redefine(made: World, definition: MSPDefinition) -> None:
    """Change the MSP of the tax department, and record the change."""
    made.source.configure(defined("Tax", definition))
    made.record = record_of(made.source)


def test_keys_on_p256_and_p384_are_taken_and_no_others(made: World) -> None:
    assert check(made, issued(tax(made))) is None
    assert check(made, issued(tax(made), kind="p384")) is None
    assert check(made, issued(tax(made), kind="ed25519")) is Code.ENDORSEMENT
    large = ec.generate_private_key(ec.SECP521R1())
    assert check(made, crafted(tax(made), lambda _: None, key=large)) is Code.CERTIFICATE


def test_a_certificate_is_valid_at_the_time_of_the_import(made: World) -> None:
    short = issued(tax(made), days=2)
    assert check(made, short, MOMENT + DAY) is None
    assert check(made, short, MOMENT + 3 * DAY) is Code.CERTIFICATE
    assert check(made, crafted(tax(made), lambda _: None)) is None
    later = crafted(tax(made), lambda _: None, begin=NOW + timedelta(days=1))
    assert check(made, later) is Code.CERTIFICATE


def test_the_ca_must_be_valid_too(made: World) -> None:
    department = tax(made)
    old = CertificateAuthority.create("old", "Tax", now=NOW - timedelta(days=366), years=1)
    roots = (*department.definition.root_certificates, old.certificate_pem)
    redefine(made, replace(department.definition, root_certificates=roots))
    # A certificate that outlives its CA, as other CAs than ours issue them.
    aged = Organization("Tax")
    aged.ca = old
    assert check(made, crafted(aged, lambda _: None)) is Code.CERTIFICATE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda found: found.pop(x509.KeyUsage), Code.CERTIFICATE),
        (lambda found: found.update({x509.KeyUsage: (usage(), True)}), Code.CERTIFICATE),
        (
            lambda found: found.update(
                {x509.KeyUsage: (usage(digital_signature=True, key_cert_sign=True), True)}
            ),
            Code.CERTIFICATE,
        ),
        (lambda found: found.pop(x509.AuthorityKeyIdentifier), Code.CERTIFICATE),
        (
            lambda found: found.update(
                {x509.AuthorityKeyIdentifier: (x509.AuthorityKeyIdentifier(bytes(20), None, None), False)}
            ),
            Code.CERTIFICATE,
        ),
        (
            lambda found: found.update(
                {x509.BasicConstraints: (x509.BasicConstraints(ca=True, path_length=None), True)}
            ),
            Code.CERTIFICATE,
        ),
        (
            lambda found: found.update(
                {x509.NameConstraints: (x509.NameConstraints([x509.DNSName("a")], None), True)}
            ),
            None,
        ),
    ],
    ids=["no usage", "another usage", "a CA's usage", "no issuer's key", "another issuer's key", "a CA", "constraints"],
)  # fmt: skip
def test_extensions(made: World, change: Callable[[object], object], code: Code | None) -> None:
    assert check(made, crafted(tax(made), change)) is code


def test_a_certificate_with_a_high_s_has_another_form(made: World) -> None:
    assert check(made, crafted(tax(made), lambda _: None, low_s=False)) is Code.CERTIFICATE


def test_unreadable_certificates_are_refused(made: World) -> None:
    peer = made.peer(1)
    noise = pem.encode("CERTIFICATE", b"noise")
    other = SigningIdentity(replace(peer.identity, certificate=noise), peer.signer)
    assert check(made, other) is Code.ENDORSEMENT


def test_intermediates_are_allowed_up_to_three_certificates(made: World) -> None:
    department = tax(made)
    inner = department.ca.create_intermediate("inner", now=NOW)
    redefine(
        made,
        replace(department.definition, intermediate_certificates=(inner.certificate_pem,)),
    )
    assert check(made, issued(department, authority=inner)) is None


def test_a_path_of_four_certificates_is_too_long(made: World) -> None:
    department = tax(made)
    first = unlimited(department.ca, "first")
    second = unlimited(first, "second")
    both = (first.certificate_pem, second.certificate_pem)
    redefine(made, replace(department.definition, intermediate_certificates=both))
    assert check(made, issued(department, authority=second)) is Code.SIZE


def unlimited(above: CertificateAuthority, name: str) -> CertificateAuthority:
    """Return an intermediate CA below which there may be others."""
    key = generate_private_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        above._builder(subject, key.public_key(), NOW, 9)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage(digital_signature=True, key_cert_sign=True), critical=True)
    )
    return CertificateAuthority(above._signed(builder, key.public_key()), key)


def test_a_revoked_certificate_is_refused_whatever_the_dates_of_the_list(made: World) -> None:
    department = tax(made)
    peer = issued(department)
    assert check(made, peer) is None
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    revoked = department.ca.revoke([peer.identity.certificate], now=long_ago, days=1)
    redefine(made, replace(department.definition, revocation_lists=(revoked,)))
    assert check(made, peer) is Code.CERTIFICATE


def test_an_msp_without_node_ous_cannot_attest(made: World) -> None:
    department = tax(made)
    admin = department.admin.identity.certificate
    redefine(
        made,
        replace(department.definition, node_units=None, admin_certificates=(admin,)),
    )
    assert check(made, made.peer(1)) is Code.POLICY


def test_the_certifier_of_the_node_ou_is_kept_to(made: World) -> None:
    department = tax(made)
    second = CertificateAuthority.create("second", "Tax", now=NOW)
    definition = replace(
        department.definition,
        root_certificates=(department.ca.certificate_pem, second.certificate_pem),
    )
    redefine(made, definition)
    assert check(made, issued(department, authority=second)) is None
    units = type(definition.node_units).standard(department.ca.certificate_pem)  # type: ignore[union-attr]
    redefine(made, replace(definition, node_units=units))
    assert check(made, issued(department, authority=second)) is Code.CERTIFICATE
    assert check(made, issued(department)) is None
