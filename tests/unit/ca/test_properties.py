"""What holds for every signing request, token, request and answer of a Fabric CA."""

import base64
import json
import string
from contextlib import suppress
from datetime import timedelta
from typing import Any

import httpx
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.ca import answers, enrolling, informing, records, requests, tokens
from pyfabric.ca.authority import Authority
from pyfabric.ca.options import CertificateOptions, SubjectNames
from pyfabric.ca.records import (
    Affiliation,
    Attribute,
    CAInfo,
    RegisteredIdentity,
    Revocation,
    RevokedCertificate,
)
from pyfabric.ca.signing_requests import SigningKey, request_to_sign, signing_request
from pyfabric.client.effects import Answer, Endpoint, Now, Rest, Sign
from pyfabric.errors import CAError, ClientError, DecodeError, IdentityError
from pyfabric.identity import pem
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import PrivateKeySigner, generate_private_key
from tests.support.ca.fake_ca import NOW, FakeCA
from tests.support.ca.transcripts import EXCHANGES, answer_of
from tests.support.client.flows import play

CA = Authority(Endpoint("ca:7054", b"roots"), "TaxMSP")
KEYS = {kind: generate_private_key(kind) for kind in ("p256", "p384", "ed25519")}
ISSUER = CertificateAuthority.create("ca.tax", "Tax", now=NOW)
CERTIFICATES = {
    kind: ISSUER.issue("ann", now=NOW, public_key=key.public_key()) for kind, key in KEYS.items()
}
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
names = st.text(st.characters(codec="utf-8", exclude_characters="/"), min_size=1, max_size=20)
kinds = st.sampled_from(sorted(KEYS))
attributes = st.builds(Attribute, texts, texts, st.booleans())
identities = st.builds(
    RegisteredIdentity,
    name=texts,
    type=texts,
    affiliation=texts,
    attributes=st.lists(attributes, max_size=3).map(tuple),
    max_enrollments=st.integers(-2, 2**31),
    secret=texts,
)
affiliations = st.recursive(
    st.builds(Affiliation, texts),
    lambda below: st.builds(
        Affiliation,
        texts,
        st.lists(below, max_size=3).map(tuple),
        st.lists(identities, max_size=2).map(tuple),
    ),
    max_leaves=8,
)


@given(kinds, texts, texts, texts)
def test_a_signing_request_is_one_that_others_read(
    kind: str, name: str, organization: str, place: str
) -> None:
    key = SigningKey.of(KEYS[kind])
    subject = SubjectNames(country="CN", locality=place, organization=organization)
    to_sign = request_to_sign(name, subject, key)
    found = x509.load_pem_x509_csr(signing_request(to_sign, key, key.signer.sign(to_sign)))
    assert found.is_signature_valid
    assert found.public_key() == KEYS[kind].public_key()
    parts = [(part.oid._name, part.value) for part in found.subject]
    expected = [
        ("countryName", "CN"),
        ("localityName", place),
        ("organizationName", organization),
        ("commonName", name),
    ]
    assert parts == [(what, text) for what, text in expected if text]


@pytest.mark.parametrize(
    ("name", "subject"),
    [("x" * 65, SubjectNames()), ("ann", SubjectNames(country="China"))],
)
def test_a_subject_that_no_certificate_holds_is_refused(name: str, subject: SubjectNames) -> None:
    with pytest.raises(ClientError, match="cannot be a certificate's subject"):
        request_to_sign(name, subject, SigningKey.of(KEYS["p256"]))


def signed_token(kind: str, method: str, uri: str, body: bytes) -> str:
    certificate = CERTIFICATES[kind]
    signed = tokens.signed_bytes(method, uri, body, certificate)
    signature = PrivateKeySigner(KEYS[kind]).sign(tokens.message_to_sign(signed, certificate))
    return tokens.Token(certificate, signature).header()


@given(kinds, st.sampled_from(["GET", "PUT"]), texts, st.binary(max_size=50))
def test_a_token_is_for_one_request_alone(kind: str, method: str, uri: str, body: bytes) -> None:
    header = signed_token(kind, method, uri, body)
    found = tokens.verify_token(header, method, uri, body)
    assert found.subject.common_name == "ann"
    for other in (("POST", uri, body), (method, f"{uri}?", body), (method, uri, body + b"\0")):
        with pytest.raises(IdentityError):
            tokens.verify_token(header, *other)
    another = "p384" if kind == "p256" else "p256"
    signature = header.partition(".")[2]
    with pytest.raises(IdentityError):
        tokens.verify_token(
            f"{base64.b64encode(CERTIFICATES[another]).decode()}.{signature}", method, uri, body
        )


@given(st.one_of(st.text(), st.text(string.printable), st.tuples(st.binary(), st.binary())))
def test_whatever_stands_in_an_authorization_is_read_or_refused(given: Any) -> None:
    header = (
        given if isinstance(given, str) else ".".join(base64.b64encode(x).decode() for x in given)
    )
    assert tokens.read_basic_authorization(header) is None or header.lower().startswith("basic ")
    with pytest.raises(IdentityError):
        tokens.verify_token(header, "GET", "/", b"")


@given(names.filter(lambda name: ":" not in name), texts)
def test_a_name_and_a_secret_are_read_as_they_were_sent(name: str, secret: str) -> None:
    header = tokens.basic_authorization(name, secret)
    assert tokens.read_basic_authorization(header) == (name, secret)
    assert header.isascii()


@pytest.mark.parametrize("header", ["Basic !", "Basic YQ==", "Basic /w==", "Bearer YTpi", ""])
def test_other_authorizations_hold_no_name_and_secret(header: str) -> None:
    assert tokens.read_basic_authorization(header) is None


@given(names, texts)
def test_the_path_that_is_signed_is_the_path_that_is_sent(name: str, ca_name: str) -> None:
    asked = (
        [
            requests.certificates(ca_name, name=name, not_revoked=True),
            requests.removed_affiliation(ca_name, name, force=True),
            requests.identity(ca_name, name),
        ]
        if name not in {".", ".."}
        else []
    )
    for one in asked:
        sent = httpx.Request(one.method, f"https://ca:7054{one.path}").url.raw_path.decode()
        assert sent == one.path


@pytest.mark.parametrize("name", ["", ".", "..", "a/b"])
def test_a_name_that_is_no_part_of_a_path_is_refused(name: str) -> None:
    with pytest.raises(ClientError):
        requests.identity("", name)


@given(identities)
def test_an_identity_is_read_as_it_was_written(identity: RegisteredIdentity) -> None:
    assert RegisteredIdentity.read(json.loads(json.dumps(identity.json()))) == identity


@given(affiliations)
def test_affiliations_are_read_as_they_were_written(affiliation: Affiliation) -> None:
    assert Affiliation.read(json.loads(json.dumps(affiliation.json()))) == affiliation


@given(texts, st.binary(), st.lists(st.builds(RevokedCertificate, texts, texts)).map(tuple))
def test_a_ca_and_a_revocation_are_read_as_they_were_written(
    name: str, content: bytes, revoked: tuple[RevokedCertificate, ...]
) -> None:
    info, revocation = CAInfo(name, content, name), Revocation(revoked, content)
    assert CAInfo.read(info.json()) == info
    assert Revocation.read(revocation.json()) == revocation


READERS = [
    Affiliation.read,
    Attribute.read,
    CAInfo.read,
    RegisteredIdentity.read,
    Revocation.read,
    RevokedCertificate.read,
    records.read_certificates,
    records.read_crl,
    records.read_identities,
    records.read_issued,
    records.read_secret,
]
BODIES = [answer_of(one).body for one in EXCHANGES]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
    max_leaves=10,
)


@st.composite
def corrupted(draw: st.DrawFn) -> bytes:
    """Return an answer of Fabric CA of which some bytes, or one value, are others."""
    body = draw(st.sampled_from(BODIES))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(body)))
        return body[:at] + draw(st.binary(max_size=4)) + body[at + draw(st.integers(0, 40)) :]
    if not body.startswith(b"{"):
        return body
    content = json.loads(body)
    place, key = content, draw(st.sampled_from(sorted(content)))
    while isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 4)):
        place = place[key]
        keys = sorted(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(keys))
    place[key] = draw(json_values)
    return json.dumps(content).encode()


@given(corrupted(), st.sampled_from([200, 201, 302, 404, 500]), st.sampled_from(READERS))
def test_a_corrupted_answer_is_read_or_is_an_error_of_ours(
    body: bytes, status: int, read: Any
) -> None:
    with suppress(CAError, DecodeError):
        read(answers.read_result(Answer(status, body), address="ca:7054"))


@given(st.floats(0.1, 0.9), st.sampled_from(b"ABCDwxyz0189+/"), st.booleans())
def test_a_corrupted_certificate_is_never_kept(at: float, character: int, chain: bool) -> None:
    key = SigningKey.of(KEYS["p256"])

    def corrupt(effect: Rest) -> Answer:
        content = json.loads(FakeCA(ca=ISSUER).answer(effect).body)
        members, field = (
            (content["result"]["ServerInfo"], "CAChain") if chain else (content["result"], "Cert")
        )
        sent = base64.b64decode(members[field])
        place = int(at * len(sent))
        changed = sent[:place] + bytes((character,)) + sent[place + 1 :]
        members[field] = base64.b64encode(changed).decode()
        exchanged.append((sent, changed))
        return Answer(201, json.dumps(content).encode())

    exchanged: list[tuple[bytes, bytes]] = []
    effects = {
        Sign: lambda effect: effect.identity.sign(effect.message),
        Now: lambda _: NOW,
        Rest: corrupt,
    }
    flow = enrolling.enroll(CA, "ann", "secret", key, CertificateOptions())
    try:
        play(flow, effects)
    except (IdentityError, DecodeError):
        return
    ((sent, changed),) = exchanged
    assert pem.find(sent) == pem.find(changed)


def test_answers_of_every_depth_are_read_or_refused() -> None:
    deep: dict[str, Any] = {"name": "x"}
    for _ in range(200):
        deep = {"name": "x", "affiliations": [deep]}
    with pytest.raises(DecodeError, match="deeper than 64"):
        Affiliation.read(deep)
    for body in (b"[" * 100_000, b'{"a":' * 100_000, b"[]", b"3", b"\xff", b'"x"'):
        with pytest.raises(DecodeError):
            answers.read_result(Answer(200, body), address="ca:7054")


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (302, b"", "it redirects, which is not followed: give the CA's own address"),
        (404, b"<html>\nnothing</html>", "404: <html> nothing</html>: is this the address of a"),
        (503, b"", "HTTP status 503: no reason given"),
        (500, b'{"success":false}', "HTTP status 500, no reason given"),
        (200, b'{"result":{"a":1}}', "HTTP status 200, no reason given"),
        (200, b'{"errors":[3],"success":true}', "HTTP status 200, no reason given"),
        (200, b'{"errors":"x","success":true}', "HTTP status 200, no reason given"),
        (200, b'{"errors":[{"code":true,"message":7}]}', "HTTP status 200, no reason given"),
    ],
)
def test_answers_without_a_reason_are_refusals_too(status: int, body: bytes, text: str) -> None:
    with pytest.raises(CAError) as caught:
        answers.read_result(Answer(status, body), address="ca:7054")
    assert text in str(caught.value)
    assert (caught.value.code, caught.value.status) == (0, status)
    assert str(caught.value).startswith("ca:7054: ")


def test_a_list_that_failed_when_its_first_part_was_sent_is_a_refusal() -> None:
    body = b'{"result":{"identities":[{"id":"a"},"errors":[{"code":49,"message":"db"}],"success":false}'
    with pytest.raises(DecodeError):
        answers.read_result(Answer(200, body), address="ca:7054")
    whole = b'{"result":"","errors":[{"code":49,"message":"db"}],"messages":[],"success":false}'
    with pytest.raises(CAError, match=r"db \(code 49\)"):
        answers.read_result(Answer(200, whole), address="ca:7054")


@pytest.mark.parametrize(
    ("read", "content", "text"),
    [
        (RegisteredIdentity.read, [], "a list where an object belongs"),
        (RegisteredIdentity.read, None, "null where an object belongs"),
        (RegisteredIdentity.read, {"id": 3}, "id is a number, not a text"),
        (RegisteredIdentity.read, {"attrs": {}}, "attrs is an object, not a list"),
        (RegisteredIdentity.read, {"max_enrollments": True}, "is true or false, not a number"),
        (Attribute.read, {"ecert": "yes"}, "ecert is a text, not true or false"),
        (CAInfo.read, {"CAChain": "é"}, "CAChain is not base64"),
        (records.read_secret, {}, "without a secret"),
        (records.read_crl, {"CRL": base64.b64encode(b"x").decode()}, "could not parse"),
    ],
)
def test_an_answer_of_another_form_is_refused(read: Any, content: object, text: str) -> None:
    with pytest.raises(DecodeError, match=text):
        read(content)


def test_what_a_ca_could_not_do_is_not_asked() -> None:
    with pytest.raises(ClientError, match="nothing to revoke is named"):
        requests.revocation("", serial="1")
    with pytest.raises(ClientError, match="has no time zone"):
        requests.crl("", revoked_after=NOW.replace(tzinfo=None))
    later = NOW + timedelta(days=1)
    asked = requests.crl("", revoked_after=NOW, revoked_before=later)
    assert json.loads(asked.body)["revokedbefore"] == "2026-12-01T12:00:00Z"


def test_a_ca_tells_its_name_and_chain() -> None:
    info = CAInfo("tax", ISSUER.certificate_pem, "1.5.21")
    found = play(
        informing.info(CA), {Rest: lambda _: Answer(200, answers.write_result(info.json()))}
    )
    assert found == info
