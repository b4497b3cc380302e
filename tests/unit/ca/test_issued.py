"""A CA that lies, or issues what is of no use: its certificate is refused, and what was asked for is taken."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from pyfabric.ca import answers, enrolling, informing, requests
from pyfabric.ca.authority import Authority
from pyfabric.ca.enrolling import Enrollment
from pyfabric.ca.options import CertificateOptions
from pyfabric.ca.records import AttributeRequest, CAInfo, Revocation, RevokedCertificate
from pyfabric.ca.signing_requests import SigningKey
from pyfabric.client.effects import Answer, Endpoint, Now, Rest, Sign
from pyfabric.errors import DecodeError, IdentityError
from pyfabric.identity import parsing, pem
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key
from pyfabric.identity.signing import Identity, SigningIdentity
from tests.support.ca.fake_ca import NOW, FakeCA, Issue, issue, issue_authority
from tests.support.client.flows import play
from tests.support.malformed_pem import malformed

BEGIN = NOW - timedelta(days=100)
TAX_CA = CertificateAuthority.create("ca.tax", "Tax", now=BEGIN)
LAND_CA = CertificateAuthority.create("ca.land", "Land", now=BEGIN)
NAMESAKE = CertificateAuthority.create("ca.tax", "Tax", now=BEGIN)
CA = Authority(Endpoint("ca:7054", b"roots"), "TaxMSP", "tax")
HOSTS = ("peer0.tax", "127.0.0.1", "0:0::1", "Orderer.Tax")
EFFECTS: Mapping[type, Callable[[Any], Any]] = {
    Sign: lambda effect: effect.identity.sign(effect.message),
    Now: lambda _: NOW,
}
PLAIN = CertificateOptions()
TLS = CertificateOptions("tls", HOSTS)
AUTHORITY = CertificateOptions("ca")
OWN_PROFILE = CertificateOptions("printers")
OFFICE = CertificateOptions(
    attributes=[AttributeRequest("office"), AttributeRequest("age", optional=True)]
)


def enroll(fake: FakeCA, options: CertificateOptions, ca: Authority = CA) -> Enrollment:
    key = SigningKey.of(generate_private_key())
    flow = enrolling.enroll(ca, "ann", "secret", key, options)
    return play(flow, {**EFFECTS, Rest: fake.answer})


def instead(**different: Any) -> Issue:
    return lambda ca, asked: issue(ca, asked, **different)


def damaged(ca: CertificateAuthority, asked: Mapping[str, Any]) -> bytes:
    """Issue what was asked for, with another signature."""
    found = parsing.read_pem(issue(ca, asked))
    assert found is not None
    other = parsing.read_pem(issue(NAMESAKE, asked))
    assert other is not None
    return pem.encode("CERTIFICATE", parsing.with_signature(found, other.signature).raw)


KINDS = list(malformed(TAX_CA.certificate_pem))
CHAIN = TAX_CA.certificate_pem + LAND_CA.certificate_pem
LIES: list[tuple[str, Issue, CertificateOptions, str]] = [
    ("another key", instead(public_key=generate_private_key().public_key()), PLAIN, "another key"),
    ("another name", instead(common_name="bo"), PLAIN, "for 'bo' instead of 'ann'"),
    ("no name", instead(common_name=""), PLAIN, "for '' instead of 'ann'"),
    ("already ended", instead(now=NOW - timedelta(days=20), days=19), PLAIN, "that ended at 2026"),
    ("a CA instead of a client", issue_authority, PLAIN, "CA's certificate, which was not asked"),
    ("a CA instead of a server", issue_authority, TLS, "CA's certificate, which was not asked for"),
    ("a client instead of a CA", issue, AUTHORITY, "that is not a CA's"),
    ("not for TLS", instead(tls=False), TLS, "that is not for TLS"),
    ("no hosts", instead(hosts=()), TLS, "without the hosts peer0.tax, 127.0.0.1"),
    ("a host less", instead(hosts=HOSTS[:-1]), TLS, "without the hosts Orderer.Tax:"),
    ("no attributes", instead(attributes={}), OFFICE, "without the attributes office"),
    ("another CA of this name", lambda _, asked: issue(NAMESAKE, asked), PLAIN, "not lead to the"),
    ("another CA", lambda _, asked: issue(LAND_CA, asked), TLS, "not lead to the root"),
    ("another signature", damaged, PLAIN, "does not lead to the root of its own chain"),
    ("no certificate", lambda _, __: b"hello", PLAIN, "not a certificate: there is no PEM block"),
    ("nothing", lambda _, __: b"", PLAIN, "what is not a certificate"),
    ("another kind of PEM", lambda _, asked: asked["certificate_request"].encode(), PLAIN, "x509"),
]


@pytest.mark.parametrize(("lie", "made", "options", "text"), LIES, ids=[lie[0] for lie in LIES])
def test_a_ca_that_lies_is_found(
    lie: str, made: Issue, options: CertificateOptions, text: str
) -> None:
    fake = FakeCA(made, TAX_CA)
    with pytest.raises(IdentityError, match=text):
        enroll(fake, options)
    assert len(fake.seen) == 1, lie


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        (b"", "there is no certificate in PEM"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "malformed certificate",
        ),
        (LAND_CA.certificate_pem, "signed by unknown authority"),
    ],
)
def test_a_chain_that_is_not_the_issuers_is_found(chain: bytes, text: str) -> None:
    with pytest.raises(IdentityError, match=text):
        enroll(FakeCA(ca=TAX_CA, chain=chain), PLAIN)


@pytest.mark.parametrize("kind", KINDS)
def test_pem_that_is_malformed_is_refused_in_every_answer(kind: str) -> None:
    broken = FakeCA(lambda ca, asked: malformed(issue(ca, asked))[kind], TAX_CA)
    with pytest.raises(IdentityError, match="the CA answered what is not a certificate: "):
        enroll(broken, PLAIN)
    chain = malformed(TAX_CA.certificate_pem)[kind]
    with pytest.raises(IdentityError, match="the CA answered what is not a certificate: "):
        enroll(FakeCA(ca=TAX_CA, chain=chain), PLAIN)
    info = answers.write_result(CAInfo("tax", chain).json())
    with pytest.raises(DecodeError, match="its chain: "):
        play(informing.info(CA), {Rest: lambda _: Answer(200, info)})
    caller = enroll(FakeCA(ca=TAX_CA), PLAIN).identity
    body = answers.write_result({"CRL": base64.b64encode(chain).decode()})
    effects = {**EFFECTS, Rest: lambda _: Answer(200, body)}
    with pytest.raises((IdentityError, DecodeError)):
        play(informing.crl(CA, caller, requests.crl("")), effects)


def test_thirty_kinds_of_pem_are_malformed() -> None:
    assert len(KINDS) == 30


@pytest.mark.parametrize("options", [PLAIN, TLS, OFFICE, OWN_PROFILE])
def test_what_was_asked_for_is_taken(options: CertificateOptions) -> None:
    found = enroll(FakeCA(ca=TAX_CA, chain=CHAIN), options)
    assert found.identity.msp_id == "TaxMSP"
    certificate = parsing.read_pem(found.identity.identity.certificate)
    assert certificate is not None
    assert certificate.subject.common_name == "ann"
    assert (found.ca.name, found.ca.chain) == ("tax", CHAIN)


@pytest.mark.parametrize("options", [AUTHORITY, OWN_PROFILE])
def test_a_cas_certificate_is_taken_if_its_profile_may_make_one(
    options: CertificateOptions,
) -> None:
    assert enroll(FakeCA(issue_authority, TAX_CA), options).identity.msp_id == "TaxMSP"


@pytest.mark.parametrize("options", [PLAIN, TLS])
def test_trusted_roots_replace_the_cas_own_chain(options: CertificateOptions) -> None:
    between = TAX_CA.create_intermediate("ca.office", now=NOW)
    fake = FakeCA(ca=between)  # it sends no root
    trusting = replace(CA, trusted=CHAIN)
    assert enroll(fake, options, trusting).identity.msp_id == "TaxMSP"
    with pytest.raises(IdentityError, match="does not lead to a trusted root"):
        enroll(fake, options, replace(CA, trusted=LAND_CA.certificate_pem))
    with pytest.raises(IdentityError, match="does not lead to the root of its own chain"):
        enroll(fake, options)
    fake.chain = between.certificate_pem + TAX_CA.certificate_pem
    assert enroll(fake, options).identity.msp_id == "TaxMSP"
    assert enroll(fake, options, trusting).identity.msp_id == "TaxMSP"


def test_a_renewed_certificate_is_checked_as_the_first_one_was() -> None:
    first = enroll(FakeCA(ca=TAX_CA), PLAIN).identity
    held = enrolling.key_of(first)
    play(enrolling.reenroll(CA, first, held, PLAIN), {**EFFECTS, Rest: FakeCA(ca=TAX_CA).answer})
    lying = FakeCA(instead(common_name="bo"), TAX_CA)
    with pytest.raises(IdentityError, match="for 'bo' instead of 'ann'"):
        play(enrolling.reenroll(CA, first, held, PLAIN), {**EFFECTS, Rest: lying.answer})
    (sent,) = lying.seen
    assert (sent.verb, sent.path) == ("POST", "/reenroll")


def test_a_ca_that_tells_no_chain_is_no_ca() -> None:
    body = answers.write_result(CAInfo("tax", b"hello").json())
    with pytest.raises(DecodeError, match="its chain: there is no certificate"):
        play(informing.info(CA), {Rest: lambda _: Answer(200, body)})


def listed(ca: CertificateAuthority, chain: bytes) -> Callable[[Rest], Answer]:
    """Return the answers of a server that revokes, sends this CA's list, and says that its chain is this."""
    revocation = Revocation((RevokedCertificate("a1", "b2"),), ca.revoke((), now=NOW))
    contents = {"/cainfo": CAInfo("tax", chain).json(), "/revoke": revocation.json()}
    gencrl = {"CRL": revocation.json()["CRL"]}
    return lambda effect: Answer(200, answers.write_result(contents.get(effect.path, gencrl)))


@pytest.mark.parametrize("trusted", [b"", CHAIN])
def test_a_revocation_list_is_taken_from_its_own_ca_alone(trusted: bytes) -> None:
    caller = enroll(FakeCA(ca=TAX_CA), PLAIN).identity
    between = TAX_CA.create_intermediate("ca.office", now=NOW)
    chain = TAX_CA.certificate_pem + between.certificate_pem
    ca = replace(CA, trusted=trusted)
    for signer in (TAX_CA, between):
        effects = {**EFFECTS, Rest: listed(signer, chain)}
        found = play(informing.revoke(ca, caller, requests.revocation("", name="bo")), effects)
        assert found.certificates[0].serial == "a1"
        assert play(informing.crl(ca, caller, requests.crl("")), effects) == found.crl
    for signer in (NAMESAKE, LAND_CA):
        effects = {**EFFECTS, Rest: listed(signer, chain)}
        with pytest.raises(IdentityError, match="revocation list that it did not sign"):
            play(informing.crl(ca, caller, requests.crl("")), effects)


def test_a_revocation_list_of_a_ca_that_is_not_trusted_is_not_kept() -> None:
    caller = enroll(FakeCA(ca=TAX_CA), PLAIN).identity
    effects = {**EFFECTS, Rest: listed(LAND_CA, LAND_CA.certificate_pem)}
    ca = replace(CA, trusted=TAX_CA.certificate_pem)
    with pytest.raises(IdentityError, match="revocation list that it did not sign"):
        play(informing.revoke(ca, caller, requests.revocation("", name="bo")), effects)


def test_only_identities_with_a_usable_certificate_ask() -> None:
    key = SigningKey.of(generate_private_key())
    for certificate in (b"hello", b"-----BEGIN X-----\nAAAA\n-----END X-----\n", rsa_certificate()):
        identity = SigningIdentity(Identity("TaxMSP", certificate), key.signer)
        with pytest.raises(IdentityError, match=r"the (caller|identity)'s certificate"):
            enrolling.key_of(identity)


def rsa_certificate() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ann")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
