"""The client of Fabric CA on both surfaces, with a server that answers as a test says."""

import json
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import pyfabric.aio.certificate_authority
import pyfabric.gateway.certificate_authority
from pyfabric.ca import (
    Affiliation,
    Attribute,
    CAErrorCode,
    CAInfo,
    CertificateOptions,
    RegisteredIdentity,
    Revocation,
    SigningKey,
    answers,
    tokens,
)
from pyfabric.errors import (
    CAError,
    ClientError,
    DecodeError,
    GatewayError,
    IdentityError,
    StatusCode,
)
from pyfabric.identity import FunctionSigner, Wallet, generate_private_key
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import PrivateKeySigner
from pyfabric.identity.signing import SigningIdentity
from tests.support.ca.fake_ca import NOW
from tests.support.ca.scripted import JSON, ScriptedCA, issuing, result, serving
from tests.support.client.surfaces import Surface
from tests.support.transport.tls import TLSMaterial, tls_material


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> TLSMaterial:
    return tls_material(tmp_path_factory.mktemp("tls") / "ca", "localhost")


@pytest.fixture
def server(material: TLSMaterial) -> Iterator[ScriptedCA]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(material.certificate, material.key)
    yield from serving(ScriptedCA(issuing()), context)


@pytest.fixture(params=["gateway", "aio"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    found = Surface(request.param)
    yield found
    found.close()


@pytest.fixture
def ca(surface: Surface, server: ScriptedCA, material: TLSMaterial) -> Iterator[Any]:
    roots = material.root.read_bytes()
    with surface.CertificateAuthority(server.url, msp_id="TaxMSP", tls_roots=roots) as found:
        yield found


@pytest.fixture
def ann(ca: Any, server: ScriptedCA) -> SigningIdentity:
    identity: SigningIdentity = ca.enroll("ann", "se:cret").identity
    server.seen.clear()
    return identity


def test_enrolling_sends_the_secret_once_and_keeps_the_key(
    ca: Any, server: ScriptedCA, tmp_path: Path
) -> None:
    identity = ca.enroll("ann", "se:cret").identity
    (sent,) = server.seen
    assert (sent.method, sent.path) == ("POST", "/enroll")
    assert tokens.read_basic_authorization(sent.authorization) == ("ann", "se:cret")
    assert b"se:cret" not in sent.body
    assert b"PRIVATE" not in sent.body
    assert "se:cret" not in repr(identity)
    Wallet(tmp_path).put("ann", identity)
    again = ca.reenroll(identity).identity
    last = server.seen[-1]
    assert last.path == "/reenroll"
    found = tokens.verify_token(last.authorization, "POST", "/reenroll", last.body)
    assert found.subject.common_name == "ann"
    assert again.signer is identity.signer
    assert ca.reenroll(identity, key="ed25519").identity.signer is not identity.signer


@pytest.mark.parametrize(
    ("call", "path", "found"),
    [
        (lambda ca, ann: ca.register(ann, "bo"), "/register", {"secret": "s"}),
        (lambda ca, ann: ca.identity(ann, "bo"), "/identities/bo", {"id": "bo"}),
        (lambda ca, ann: ca.identities(ann), "/identities", {"identities": []}),
        (lambda ca, ann: ca.add_identity(ann, "bo"), "/identities", {"id": "bo"}),
        (lambda ca, ann: ca.change_identity(ann, "bo"), "/identities/bo", {"id": "bo"}),
        (lambda ca, ann: ca.affiliation(ann, "a"), "/affiliations/a", {"name": "a"}),
        (lambda ca, ann: ca.affiliations(ann), "/affiliations", {"name": ""}),
        (lambda ca, ann: ca.revoke(ann, "bo"), "/revoke", {"RevokedCerts": None, "CRL": ""}),
        (
            lambda ca, ann: ca.certificates(ann),
            "/certificates?notexpired=false&notrevoked=false",
            {"certs": []},
        ),
    ],
)
def test_a_registrars_request_is_signed_as_it_is_sent(
    ca: Any,
    ann: SigningIdentity,
    server: ScriptedCA,
    call: Callable[[Any, SigningIdentity], object],
    path: str,
    found: object,
) -> None:
    server.reply = result(found)
    call(ca, ann)
    (sent,) = server.seen
    assert sent.path == path
    tokens.verify_token(sent.authorization, sent.method, sent.path, sent.body)


def test_a_cas_name_is_in_every_request(
    surface: Surface, server: ScriptedCA, material: TLSMaterial, ann: SigningIdentity
) -> None:
    with surface.CertificateAuthority(
        server.url, msp_id="LandMSP", name="land & co", tls_roots=material.root.read_bytes()
    ) as land:
        calls = [
            (lambda: land.enroll("bo", "s"), None),
            (lambda: land.register(ann, "bo"), {"secret": "s"}),
            (lambda: land.identities(ann), {"identities": []}),
            (lambda: land.remove_identity(ann, "bo"), {"id": "bo"}),
            (lambda: land.change_identity(ann, "bo", secret="s"), {"id": "bo"}),
            (lambda: land.add_affiliation(ann, "a"), {"name": "a"}),
            (lambda: land.rename_affiliation(ann, "a", "b"), {"name": "b"}),
            (lambda: land.remove_affiliation(ann, "a"), {"name": "a"}),
            (lambda: land.certificates(ann), {"certs": []}),
            (lambda: land.revoke_certificate(ann, "1", "2"), {}),
        ]
        for call, answer in calls:
            if answer is not None:
                server.reply = result(answer)
            call()
    assert len(server.seen) == len(calls)
    for sent in server.seen:
        body = {key.lower(): value for key, value in json.loads(sent.body or b"{}").items()}
        assert "ca=land+%26+co" in sent.path or body["caname"] == "land & co", sent.path


def test_a_ca_refuses_with_its_own_code_and_text(ca: Any, server: ScriptedCA) -> None:
    server.reply = lambda _: (401, JSON, answers.write_refusal(20, "Authentication failure"))
    with pytest.raises(CAError, match="wrong or used up") as caught:
        ca.enroll("ann", "wrong")
    error = caught.value
    assert (error.code, error.message, error.status) == (20, "Authentication failure", 401)
    assert error.code == CAErrorCode.AUTHENTICATION_FAILURE
    assert error.address == server.url.removeprefix("https://")
    assert CAErrorCode(4711).name == "UNKNOWN_4711"


def test_a_redirection_is_not_followed(ca: Any, server: ScriptedCA) -> None:
    elsewhere = {"Location": f"{server.url}/elsewhere"}
    server.reply = lambda _: (307, elsewhere, b"")
    with pytest.raises(CAError, match="redirects, which is not followed"):
        ca.enroll("ann", "secret")
    assert [sent.path for sent in server.seen] == ["/enroll"]


def test_an_answer_that_is_too_long_is_refused(
    ca: Any, server: ScriptedCA, ann: SigningIdentity
) -> None:
    long = answers.write_result({"identities": [{"id": "x" * 1000}] * 17_000})
    server.reply = lambda _: (200, JSON, long)
    with pytest.raises(GatewayError, match="longer than 16777216 bytes") as caught:
        ca.register(ann, "bo")
    assert caught.value.code is StatusCode.RESOURCE_EXHAUSTED
    assert len(ca.identities(ann)) == 17_000  # lists may be longer


def test_an_answer_that_is_none_changes_nothing(
    ca: Any, server: ScriptedCA, ann: SigningIdentity, tmp_path: Path
) -> None:
    wallet = Wallet(tmp_path)
    wallet.put("ann", ann)
    for body in (b"", b"[]", b"\x00\xff", b'{"result":{"Cert":"!"},"success":true}'):
        server.reply = lambda _, body=body: (201, JSON, body)
        with pytest.raises(DecodeError):
            wallet.put("ann", ca.reenroll(ann, key="p256").identity)
    assert wallet.get("ann").identity == ann.identity


def test_a_ca_that_is_down_is_an_error(ca: Any, material: TLSMaterial, surface: Surface) -> None:
    roots = material.root.read_bytes()
    with (
        surface.CertificateAuthority(
            "https://127.0.0.1:1", msp_id="TaxMSP", tls_roots=roots
        ) as down,
        pytest.raises(GatewayError, match=r"127\.0\.0\.1:1") as caught,
    ):
        down.enroll("ann", "secret")
    assert caught.value.code is StatusCode.UNAVAILABLE


def test_a_server_of_another_tls_ca_gets_no_secret(
    surface: Surface, server: ScriptedCA, tmp_path: Path
) -> None:
    other = tls_material(tmp_path / "other", "localhost").root.read_bytes()
    with (
        surface.CertificateAuthority(server.url, msp_id="TaxMSP", tls_roots=other) as ca,
        pytest.raises(GatewayError, match="certificate verify failed"),
    ):
        ca.enroll("ann", "secret")
    assert server.seen == []


def test_a_ca_without_tls_is_asked_over_http(surface: Surface) -> None:
    for plain in serving(ScriptedCA(issuing()), None):
        with surface.CertificateAuthority(plain.url, msp_id="TaxMSP") as ca:
            assert ca.enroll("ann", "secret").identity.msp_id == "TaxMSP"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://ca:x", "is not the URL of a CA"),
        ("ca:7054", "is not the URL of a CA: write https://host:port"),
        ("grpcs://ca:7054", "write https://host:port"),
        ("https://ca:7054/api/v1", "write https://host:port"),
        ("https://ca:7054?ca=x", "write https://host:port"),
        ("https://", "write https://host:port"),
        ("https://ann:s3cret@ca:7054", "holds a name and secret"),
        ("https://ca:7054", "nothing is trusted"),
    ],
)
def test_urls_that_lead_to_no_ca_are_refused(surface: Surface, url: str, text: str) -> None:
    with pytest.raises(ClientError, match=text) as caught:
        surface.CertificateAuthority(url, msp_id="TaxMSP")
    assert "s3cret" not in str(caught.value)


def test_trusted_roots_that_cannot_be_read_are_refused(surface: Surface) -> None:
    with pytest.raises(ClientError, match="trusted roots of the CA cannot be read: there is no"):
        surface.CertificateAuthority("http://ca", msp_id="TaxMSP", trusted=b"hello")


def test_an_ipv6_address_and_the_usual_port_are_known(surface: Surface) -> None:
    with (
        surface.CertificateAuthority("http://[::1]", msp_id="TaxMSP") as ca,
        pytest.raises(GatewayError, match=r"\[::1\]:7054"),
    ):
        ca.info()


@pytest.mark.parametrize("name", ["", "a:b"])
def test_a_name_that_cannot_enroll_is_refused(ca: Any, server: ScriptedCA, name: str) -> None:
    with pytest.raises(ClientError, match="cannot enroll"):
        ca.enroll(name, "secret")
    assert server.seen == []


def test_a_key_elsewhere_signs_and_stays_there(ca: Any, server: ScriptedCA) -> None:
    key = generate_private_key()
    signer = FunctionSigner(PrivateKeySigner(key).sign)
    held = SigningKey(key.public_key(), signer)
    identity = ca.enroll("ann", "secret", key=held).identity
    assert identity.signer is signer
    server.seen.clear()
    other = SigningKey(generate_private_key().public_key(), signer)
    with pytest.raises(IdentityError, match="does not sign with the given public key"):
        ca.enroll("ann", "secret", key=other)
    assert server.seen == []
    options = CertificateOptions(profile="tls", hosts=["ann.test"])
    assert ca.reenroll(identity, options=options).identity.signer is signer


def test_what_a_registrar_gives_is_what_is_sent(
    ca: Any, server: ScriptedCA, ann: SigningIdentity
) -> None:
    server.reply = result({"id": "bo", "type": "peer"})
    office = Attribute("office", "", ecert=True)
    found = ca.change_identity(
        ann, "bo", type="peer", affiliation="", attributes=[office], max_enrollments=0
    )
    assert found == RegisteredIdentity("bo", "peer", "", (), 0)
    body = json.loads(server.seen[0].body)
    assert (body["affiliation"], body["max_enrollments"]) == (".", -2)
    assert body["attrs"] == [{"name": "office", "value": "", "ecert": True}]
    server.reply = result({"name": "a"})
    assert ca.affiliation(ann, "a") == Affiliation("a")


def test_a_revocation_list_is_the_cas_own(
    ca: Any, server: ScriptedCA, ann: SigningIdentity
) -> None:
    issuer = CertificateAuthority.create("ca.tax", "Tax", now=NOW)
    crl = issuer.revoke((), now=NOW)
    content = CAInfo("tax", issuer.certificate_pem).json() | Revocation((), crl).json()
    server.reply = result(content)
    assert ca.crl(ann) == crl
    assert ca.revoke(ann, "bo", with_crl=True).crl == crl
    assert [sent.path for sent in server.seen] == ["/gencrl", "/cainfo", "/revoke", "/cainfo"]
    server.reply = result(content | CAInfo("tax", other_ca()).json())
    with pytest.raises(IdentityError, match="did not sign"):
        ca.crl(ann)


def other_ca() -> bytes:
    return CertificateAuthority.create("ca.tax", "Tax", now=NOW).certificate_pem


def test_both_surfaces_have_the_same_methods() -> None:
    ours, theirs = (
        {name for name in dir(module.CertificateAuthority) if not name.startswith("_")}
        for module in (
            pyfabric.aio.certificate_authority,
            pyfabric.gateway.certificate_authority,
        )
    )
    assert ours == theirs
    assert len(ours) == 20
