"""What Fabric CA 1.5.21 and its client exchanged (tests/vectors/8-fabric-ca), read by our own parts."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pyfabric.ca import answers, issued, records, requests, tokens
from pyfabric.ca.options import CertificateOptions
from pyfabric.ca.records import Affiliation, Attribute, AttributeRequest, CAInfo, RegisteredIdentity
from pyfabric.ca.requests import Request
from pyfabric.errors import CAError, ClientError, IdentityError
from tests.support.ca.transcripts import EXCHANGES, FOLDER, TRANSCRIPTS, answer_of, body_of

# Tokens whose signature is wrong for their request; the server refuses others for other reasons.
BAD_TOKENS = {
    "token-v1-3-format",
    "token-garbage",
    "token-two-parts-garbage",
    "token-other-path",
    "token-other-method",
    "token-other-body",
    "token-broken-signature",
    "token-high-s",
    "token-basic-instead",
}


def test_no_exchange_is_left_out() -> None:
    assert len(TRANSCRIPTS) == 128
    assert len(EXCHANGES) == 127  # the client stopped before it sent the other one
    assert len([one for one in EXCHANGES if one["case"] in BAD_TOKENS]) == len(BAD_TOKENS)


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda one: one["case"])
def test_an_authorization_is_read_as_the_server_reads_it(exchange: Mapping[str, Any]) -> None:
    request = exchange["request"]
    header = request["headers"].get("Authorization")
    if header is None:
        return
    found = tokens.read_basic_authorization(header)
    if found is not None:
        assert tokens.basic_authorization(*found) == header
    place = (request["method"], request["path"], body_of(request))
    if found is not None or exchange["case"] in BAD_TOKENS:
        with pytest.raises(IdentityError):
            tokens.verify_token(header, *place)
    else:
        certificate = tokens.verify_token(header, *place)
        assert certificate.subject.common_name
        assert tokens.read_token(header).header() == header


@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda one: one["case"])
def test_an_answer_is_a_result_or_the_error_that_the_server_sent(
    exchange: Mapping[str, Any],
) -> None:
    answer, body = answer_of(exchange), exchange["response"]["body"]
    if isinstance(body, dict) and body["success"]:
        result = answers.read_result(answer, address="ca:7054")
        assert result == body["result"]
        assert json.loads(answers.write_result(result)) == body
        return
    with pytest.raises(CAError) as caught:
        answers.read_result(answer, address="ca:7054")
    assert caught.value.status == exchange["response"]["status"]
    if isinstance(body, dict):
        expected = body["errors"][0]
        assert (caught.value.code, caught.value.message) == (expected["code"], expected["message"])
        assert json.loads(answers.write_refusal(expected["code"], expected["message"])) == body
    else:
        assert "404 page not found" in str(caught.value)


def test_the_example_of_a_token() -> None:
    folder = FOLDER / "token-example"
    example = json.loads((folder / "token.json").read_text())
    certificate = (folder / "cert.pem").read_bytes()
    body = base64.b64decode(example["body_base64"])
    signed = tokens.signed_bytes(example["method"], example["path"], body, certificate)
    assert signed.decode() == example["signed_payload"]
    header = example["authorization_header"]
    signature = base64.b64decode(header.partition(".")[2])
    assert tokens.Token(certificate, signature).header() == header
    found = tokens.verify_token(header, example["method"], example["path"], body)
    assert found.subject.common_name == "registrar"


SERIAL, KEY_ID = (
    "175861f90e16139c758b11ea762163d43de4cfc6",
    "76832441087c59233f5f9a2ec68cc49694780963",
)
YEAR_2020 = datetime(2020, 1, 1, tzinfo=UTC)


def register(name: str, **more: Any) -> Request:
    usual = {"type": "client", "affiliation": None, "attributes": (), "max_enrollments": 0}
    return requests.registration("", name, **usual | {"secret": ""} | more)


def change(name: str, **more: Any) -> Request:
    return requests.changed_identity("", name, **more)


def attributes(text: str) -> tuple[Attribute, ...]:
    """Read attributes as the options of fabric-ca-client write them: a=1:ecert,b=2."""
    found = []
    for item in text.split(";"):
        name, _, value = item.partition("=")
        found.append(Attribute(name, value.removesuffix(":ecert"), value.endswith(":ecert")))
    return tuple(found)


SUB_REGISTRAR = "hf.Registrar.Roles=client,peer;hf.Registrar.Attributes=grade,hf.Revoker;hf.Revoker=true;hf.GenCRL=true"
# What the commands of fabric-ca-client asked, said in our own calls.
ASKED = {
    "getcainfo": requests.info(""),
    "register-client": register(
        "anna",
        secret="s3cret",
        affiliation="uni.physics",
        max_enrollments=2,
        attributes=attributes("grade=A:ecert;hidden=1;note=with space:ecert"),
    ),
    "register-generated-secret": register("boris", affiliation="uni.physics"),
    "register-duplicate": register("anna", secret="x"),
    "register-peer": register("peer0.uni", secret="peerpw", type="peer", affiliation="uni"),
    "register-admin-with-registrar": register(
        "sub-registrar",
        secret="subpw",
        type="admin",
        affiliation="uni",
        attributes=attributes(SUB_REGISTRAR),
    ),
    "register-bad-affiliation": register("x1", affiliation="no.such"),
    "register-empty-affiliation": register("x1b", secret="p"),
    "register-bad-type": register("x2", type="emperor", affiliation="uni"),
    "register-by-client": register("y1"),
    "register-by-sub-registrar": register(
        "clara", secret="pw3", affiliation="uni.physics", attributes=attributes("grade=B")
    ),
    "register-by-sub-wrong-type": register("y2", type="admin", affiliation="uni.physics"),
    "register-by-sub-wrong-attr": register(
        "y3", affiliation="uni.physics", attributes=attributes("salary=1")
    ),
    "register-by-sub-other-affiliation": register("y4", affiliation="guests"),
    "identity-list": requests.identities(""),
    "identity-list-one": requests.identity("", "anna"),
    "identity-list-unknown": requests.identity("", "nobody"),
    "identity-list-by-client": requests.identities(""),
    "identity-add": requests.new_identity(
        "",
        "temp",
        type="client",
        affiliation="uni",
        attributes=attributes("room=12:ecert"),
        max_enrollments=1,
        secret="temppw",
    ),
    "identity-modify": change(
        "temp", affiliation="uni.biology", attributes=attributes("room=13:ecert;floor=2")
    ),
    "identity-modify-secret": change("temp", secret="newpw"),
    "identity-modify-remove-attr": change("temp", attributes=attributes("floor=")),
    "identity-modify-unknown": change("nobody", type="peer"),
    "identity-remove": requests.removed_identity("", "temp", force=False),
    "identity-remove-again": requests.removed_identity("", "temp", force=False),
    "identity-remove-self": requests.removed_identity("", "registrar", force=False),
    "affiliation-list": requests.affiliations(""),
    "affiliation-list-one": requests.affiliation("", "uni"),
    "affiliation-list-unknown": requests.affiliation("", "zzz"),
    "affiliation-add": requests.new_affiliation("", "uni.new", force=False),
    "affiliation-add-again": requests.new_affiliation("", "uni.new", force=False),
    "affiliation-add-deep": requests.new_affiliation("", "far.away.place", force=False),
    "affiliation-add-deep-force": requests.new_affiliation("", "far.away.place", force=True),
    "affiliation-modify": requests.renamed_affiliation("", "uni.new", "uni.renamed", force=False),
    "affiliation-remove": requests.removed_affiliation("", "uni.renamed", force=False),
    "affiliation-remove-with-members": requests.removed_affiliation("", "uni.physics", force=False),
    "affiliation-add-by-client": requests.new_affiliation("", "hack", force=False),
    "certificate-list": requests.certificates(""),
    "certificate-list-id": requests.certificates("", name="anna"),
    "certificate-list-notrevoked": requests.certificates("", not_revoked=True, not_expired=True),
    "certificate-list-time": requests.certificates(
        "", expire_after=datetime(2026, 11, 25, 2, 40, 39, tzinfo=UTC)
    ),
    "certificate-list-by-client": requests.certificates(""),
    "revoke-certificate": requests.revocation(
        "", serial=SERIAL, authority_key_id=KEY_ID, reason="keycompromise"
    ),
    "revoke-certificate-again": requests.revocation("", serial=SERIAL, authority_key_id=KEY_ID),
    "revoke-unknown-serial": requests.revocation("", serial="abcdef", authority_key_id=KEY_ID),
    "revoke-identity-gencrl": requests.revocation(
        "", name="clara", reason="cessationofoperation", with_crl=True
    ),
    "revoke-bad-reason": requests.revocation("", name="x2", reason="boredom"),
    "revoke-unknown-identity": requests.revocation("", name="nobody"),
    "revoke-by-client": requests.revocation("", name="peer0.uni"),
    "revoke-self-by-client": requests.revocation("", name="anna"),
    "gencrl": requests.crl(""),
    "gencrl-window": requests.crl("", revoked_after=YEAR_2020, expire_after=YEAR_2020),
    "gencrl-by-client": requests.crl(""),
}
BY_CLIENT = [one for one in EXCHANGES if one["client"]["command"].startswith("fabric-ca-client")]
ISSUED = [one for one in EXCHANGES if one["request"]["path"].endswith("enroll")]
ISSUED = [one for one in ISSUED if one["response"]["status"] == 201]


def asked(exchange: Mapping[str, Any]) -> Request:
    """Return our request for an exchange of Fabric's client; for certificates, with its signing request."""
    if exchange["case"] in ASKED:
        return ASKED[exchange["case"]]
    body = exchange["request"]["body"]
    wanted = body.get("attr_reqs")
    return requests.enrollment(
        "",
        body["certificate_request"].encode(),
        profile=body["profile"],
        label="",
        hosts=body["hosts"],
        attributes=wanted
        and [AttributeRequest(one["name"], one.get("optional", False)) for one in wanted],
        again=exchange["client"]["command"].startswith("fabric-ca-client reenroll"),
    )


def meant(body: bytes, *, place: bool) -> dict[str, Any]:
    """Return what Go reads of a body: absent is empty, and keys of the place in the path are not looked at."""
    members = json.loads(body or b"{}")
    ignored = {"ID", "Name"} if place else set()
    empty = (None, "", 0, False, [], "0001-01-01T00:00:00Z")
    return {
        key: value for key, value in members.items() if value not in empty and key not in ignored
    }


@pytest.mark.parametrize("exchange", BY_CLIENT, ids=lambda one: one["case"])
def test_our_request_is_the_one_of_fabrics_client(exchange: Mapping[str, Any]) -> None:
    request, ours = exchange["request"], asked(exchange)
    path = request["path"].replace("expired_end=%2B100000h&", "")  # ours has no relative times
    assert (ours.method, ours.path) == (request["method"], path)
    put = ours.method == "PUT"
    assert meant(ours.body, place=put) == meant(body_of(request), place=put)


def test_every_exchange_of_fabrics_client_is_compared() -> None:
    certificates = [one for one in BY_CLIENT if one["request"]["path"].endswith("enroll")]
    assert (len(BY_CLIENT), len(certificates), len(ASKED)) == (70, 17, 53)
    assert {one["case"] for one in BY_CLIENT} == set(ASKED) | {one["case"] for one in certificates}


def test_times_that_hold_nothing_are_refused_as_fabrics_client_refuses_them() -> None:
    (stopped,) = [one for one in TRANSCRIPTS if one["request"] is None]
    assert stopped["case"] == "gencrl-bad-window"
    after, before = datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(ClientError, match="after 2027-01-01T00:00:00Z and before 2026-01-01"):
        requests.crl("", revoked_after=after, revoked_before=before)


@pytest.mark.parametrize("exchange", ISSUED, ids=lambda one: one["case"])
def test_a_certificate_of_fabrics_ca_is_what_was_asked_for(exchange: Mapping[str, Any]) -> None:
    body = exchange["request"]["body"]
    request = x509.load_pem_x509_csr(body["certificate_request"].encode())
    key = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    name = request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    wanted = [AttributeRequest(one["name"], True) for one in body.get("attr_reqs", [])]
    certificate, ca = records.read_issued(answer_result(exchange))
    options = CertificateOptions(body.get("profile", ""), body.get("hosts", ()), wanted)
    begin = x509.load_pem_x509_certificate(certificate).not_valid_before_utc
    checked = issued.checked(
        certificate,
        ca.chain,
        issued.Wanted(str(name), key, options),
        trusted=(FOLDER / "ca-cert.pem").read_bytes(),
        now=begin + timedelta(seconds=1),
    )
    assert checked == certificate
    assert ca == CAInfo("ca-university", (FOLDER / "ca-cert.pem").read_bytes())


def answer_result(exchange: Mapping[str, Any]) -> object:
    return answers.read_result(answer_of(exchange), address="ca:7054")


READERS: Mapping[str, Callable[[object], Any]] = {
    "identity-list": lambda result: {
        "identities": [o.json() for o in records.read_identities(result)]
    },
    "identity-list-one": lambda result: RegisteredIdentity.read(result).json(),
    "identity-add": lambda result: RegisteredIdentity.read(result).json(),
    "identity-remove": lambda result: RegisteredIdentity.read(result).json(),
    "affiliation-list": lambda result: Affiliation.read(result).json(),
    "affiliation-list-one": lambda result: Affiliation.read(result).json(),
    "affiliation-modify": lambda result: Affiliation.read(result).json(),
    "revoke-certificate": lambda result: records.Revocation.read(result).json(),
    "revoke-identity-gencrl": lambda result: records.Revocation.read(result).json(),
    "revoke-bad-reason": lambda result: records.Revocation.read(result).json(),
    "token-identities": lambda result: {
        "identities": [o.json() for o in records.read_identities(result)]
    },
}


@pytest.mark.parametrize("case", READERS)
def test_what_a_ca_keeps_is_read_and_written_without_a_loss(case: str) -> None:
    (exchange,) = [one for one in EXCHANGES if one["case"] == case]
    result = exchange["response"]["body"]["result"]
    expected = {key: value for key, value in result.items() if key != "caname"}
    assert READERS[case](answer_result(exchange)) == expected


def test_lists_of_certificates_secrets_and_revocation_lists_are_read() -> None:
    results = {
        one["case"]: answer_result(one)
        for one in EXCHANGES
        if one["case"] in {"certificate-list-id", "register-client", "gencrl"}
    }
    certificates = records.read_certificates(results["certificate-list-id"])
    assert len(certificates) == 3
    assert all(b"BEGIN CERTIFICATE" in one for one in certificates)
    assert records.read_secret(results["register-client"]) == "s3cret"
    listed = x509.load_pem_x509_crl(records.read_crl(results["gencrl"]))
    assert int(SERIAL, 16) in {one.serial_number for one in listed}
