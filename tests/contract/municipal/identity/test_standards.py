"""Known answers of W3C: proofs, keys, credentials that its data model refuses, and status lists."""

import json
from copy import deepcopy
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from hypothesis import given
from hypothesis import strategies as st
from pyfabric_municipal.common.values import expand_status_list, is_status_set
from pyfabric_municipal.identity.integrity import hash_data, is_proven, secured
from pyfabric_municipal.identity.multikeys import (
    base58,
    can_sign,
    from_base58,
    multikey_of,
    public_key,
)
from pyfabric_municipal.identity.publishing import bitstring, encoded, is_set, list_credential
from pyfabric_municipal.identity.verifiable import read_credential, read_presentation

from pyfabric.chaincode import ContractError
from tests.support.municipal.identity_story import (
    BUREAU,
    CREDENTIAL,
    HOLDER,
    LIST,
    SIZE,
    entry,
    presentation,
)
from tests.support.paths import ROOT

DOMAIN = json.loads((ROOT / "tests" / "vectors" / "domain.json").read_text(encoding="utf-8"))
BASE = "https://www.w3.org/ns/credentials/v2"
# w3c/vc-di-eddsa TestVectors/eddsa-jcs-2022 and w3c/vc-di-ecdsa TestVectors/ecdsa-jcs-2019-p256.
ALUMNI = {
    "@context": [BASE, "https://www.w3.org/ns/credentials/examples/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {
        "id": "did:example:abcdefgh",
        "alumniOf": "The School of Examples",
    },
}
DOCUMENT_HASH = "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
ED25519_KEY = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
ED25519_SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
P256_KEY = "zDnaepBuvsQ8cpsWrVKw8fbpGpvPeNSjVPTWoq6cRqaYzBKVP"
EDDSA = ALUMNI | {
    "proof": {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-jcs-2022",
        "created": "2023-02-24T23:36:38Z",
        "verificationMethod": f"https://vc.example/issuers/5678#{ED25519_KEY}",
        "proofPurpose": "assertionMethod",
        "proofValue": "z3P6rHMUaWG6e3Ac6xYFht8aEvoVXndgKTtEY8kzWYXzk8dKmAo2GJeZiJw4qoZ2PGp4ugdaHx3oQiLpeFBLDqP2M",
    }
}
EDDSA_WITH_CONTEXT = ALUMNI | {
    "proof": EDDSA["proof"]
    | {
        "@context": ALUMNI["@context"],
        "proofValue": "z63t83Y53KfzJ5ZosfKTnqfMcKB2dmTrfjSaQjeNNjAD5srBowQfmWqeRb8rRjmeEuCBEsddF9LsVogtuTsijJKh4",
    }
}
ECDSA = ALUMNI | {
    "proof": EDDSA["proof"]
    | {
        "cryptosuite": "ecdsa-jcs-2019",
        "verificationMethod": f"did:key:{P256_KEY}#{P256_KEY}",
        "proofValue": "zq6PrUMCtqY5obCSsrQxuFJdGffCDxvFuopdZiBPUBRTFEs1VVsBZi8YiEwVWgHYrXxoV93gBHqGDBtQLPFxpZxz",
    }
}
VECTORS = [(EDDSA, ED25519_KEY), (EDDSA_WITH_CONTEXT, ED25519_KEY), (ECDSA, P256_KEY)]


class TestProofs:
    @pytest.mark.parametrize(("document", "key"), VECTORS)
    def test_the_published_proofs_verify(self, document: dict[str, Any], key: str) -> None:
        assert hash_data(document)[32:].hex() == DOCUMENT_HASH
        assert is_proven(document, key)

    def test_signing_gives_the_published_proof(self) -> None:
        seed = from_base58(ED25519_SECRET)[2:]
        options = {
            name: EDDSA_WITH_CONTEXT["proof"][name]
            for name in ("created", "verificationMethod", "proofPurpose")
        }
        signer = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        assert secured(ALUMNI, signer, options) == EDDSA_WITH_CONTEXT

    @pytest.mark.parametrize(("document", "key"), VECTORS)
    def test_no_other_document_key_or_suite_verifies(
        self, document: dict[str, Any], key: str
    ) -> None:
        proof = document["proof"]
        other = "ecdsa-jcs-2019" if proof["cryptosuite"] == "eddsa-jcs-2022" else "eddsa-jcs-2022"
        changed = [
            document | {"name": "Other"},
            document | {"proof": proof | {"created": "2023-02-24T23:36:39Z"}},
            document | {"proof": proof | {"cryptosuite": other}},
            document | {"proof": proof | {"@context": list(reversed(ALUMNI["@context"]))}},
            document | {"proof": proof | {"proofValue": base58(bytes(63))}},
        ]
        assert [is_proven(one, key) for one in changed] == [False] * len(changed)
        assert not is_proven(document, P256_KEY if key == ED25519_KEY else ED25519_KEY)

    def test_the_order_of_contexts_is_signed(self) -> None:
        turned = EDDSA | {"@context": list(reversed(ALUMNI["@context"]))}
        assert not is_proven(turned, ED25519_KEY)

    def test_a_p256_key_signs_what_verifies(self) -> None:
        signer = ec.generate_private_key(ec.SECP256R1())
        document = secured(ALUMNI, signer, {"created": "2026-03-11T00:00:00Z"})
        assert is_proven(document, multikey_of(signer.public_key()))


class TestKeys:
    @pytest.mark.parametrize("key", [ED25519_KEY, P256_KEY])
    def test_a_key_has_one_spelling(self, key: str) -> None:
        assert multikey_of(public_key(key)) == key
        assert can_sign(key)

    def test_a_key_to_agree_on_keys_signs_nothing(self) -> None:
        key = multikey_of(x25519.X25519PrivateKey.generate().public_key())
        assert key.startswith("z6LS")
        assert not can_sign(key)

    @given(st.binary(min_size=1, max_size=80))
    def test_base58_gives_back_the_bytes(self, data: bytes) -> None:
        assert from_base58(base58(data)) == data

    @pytest.mark.parametrize(
        "text",
        ["", "z", "6Mk", "z0", "zO", "z" + "1" * 300, "z6Mk", "zI", "zl", base58(b"\xed\x01")],
    )
    def test_what_is_no_key_is_refused(self, text: str) -> None:
        with pytest.raises(ContractError):
            public_key(text)


def changed(*path: Any, to: Any = None, without: bool = False) -> dict[str, Any]:
    """Return the credential with one member changed or taken away."""
    document = deepcopy(CREDENTIAL)
    at: Any = document
    for part in path[:-1]:
        at = at[part]
    if without:
        del at[path[-1]]
    else:
        at[path[-1]] = to
    return document


NOT_A_URL = "https ://not-a-url/1"
EXTRA = {"@value": "Example", "@language": "en", "url": "did:example:credential"}
STATUS = CREDENTIAL["credentialStatus"][0]
# By the names of w3c/vc-data-model-2.0-test-suite @6e07524 tests/input (…-fail.json); the values are our own.
FAILING = {
    "context-combo3": changed("@context", to=[BASE, NOT_A_URL]),
    "context-combo4": changed("@context", to=[BASE, 123192875]),
    "missing-base-context": changed("@context", to=["https://eco.example/permits/v1"]),
    "context-order": changed("@context", to=["https://eco.example/permits/v1", BASE]),
    "no-context": changed("@context", without=True),
    "redef-type": changed("@context", to=[BASE, {"VerifiableCredential": "https://a.example/#B"}]),
    "redef-type2": changed(
        "@context",
        to=[BASE, {"@protected": True, "A": "https://a.example"}, {"A": "https://b.example"}],
    ),
    "type-mapped-nonurl": changed("@context", to=[BASE, {"PermitCredential": NOT_A_URL}]),
    "type-unmapped": changed("@context", to=[BASE, {"@vocab": None}]),
    "evidence-missing-type": changed("evidence", to={}),
    "id-multi": changed("id", to=["https://a.example/1", "https://a.example/2"]),
    "id-nonidentifier": changed("id"),
    "id-not-url": changed("id", to=NOT_A_URL),
    "id-subject-multi": changed("credentialSubject", "id", to=[HOLDER, BUREAU]),
    "issuer-no-url": changed("issuer", to="fake-issuer"),
    "issuer-null": changed("issuer"),
    "issuer-object-id-no-url": changed("issuer", to={"id": "fake-issuer"}),
    "issuer-object-id-null": changed("issuer", to={"id": None}),
    "missing-required-type": changed("type", to=["PermitCredential"]),
    "no-issuer": changed("issuer", without=True),
    "no-subject": changed("credentialSubject", without=True),
    "no-type": changed("type", without=True),
    "proof-missing-type": changed("proof", "type", without=True),
    "refresh-no-type": changed("refreshService", to={"id": "did:example:refresh"}),
    "schema-no-id": changed("credentialSchema", to={"type": "JsonSchema"}),
    "schema-no-type": changed("credentialSchema", to={"id": "did:example:schemas"}),
    "schema-non-url-id": changed("credentialSchema", to={"id": NOT_A_URL, "type": "JsonSchema"}),
    "status-missing-type": changed("credentialStatus", 0, "type", without=True),
    "status-multiple-id": changed("credentialStatus", 0, "id", to=["did:a:1", "did:a:2"]),
    "status-nonurl-id": changed("credentialStatus", 0, "id", to=NOT_A_URL),
    "status-type-nonurl": changed("credentialStatus", 0, "type", to=2),
    "subject-multiple-empty": changed("credentialSubject", to=[{"id": HOLDER, "a": 1}, {}]),
    "subject-no-claims": changed("credentialSubject", to={}),
    "termsofuse-missing-type": changed("termsOfUse", to={}),
    "termsofuse-no-type": changed("termsOfUse", to={"id": "did:example:terms"}),
    "validUntil-validFrom": changed("validUntil", to="2026-03-10T00:00:00Z"),
    "validfrom-invalid": changed("validFrom", to="Sat 25 Feb 2023 07:16:31 PM CST"),
    "validuntil-invalid": changed("validUntil", to="Sun, 26 Feb 2023 01:22:14 +0000"),
    "name-extra-prop": changed("name", to=EXTRA),
    "description-extra-prop": changed("description", to=EXTRA),
    "issuer-name-extra-prop": changed("issuer", to={"id": BUREAU, "name": EXTRA}),
    "issuer-description-extra-prop": changed("issuer", to={"id": BUREAU, "description": EXTRA}),
    "relatedResource-list-of-strings": changed("relatedResource", to=[BASE]),
    "relatedResource-missing-id": changed("relatedResource", to=[{"digestMultibase": "uZTQ"}]),
    "relatedResource-no-digest": changed("relatedResource", to=[{"id": BASE}]),
}
# What the city refuses beyond the data model.
NARROWER = {
    "no revocation status": changed("credentialStatus", to=[]),
    "two revocation statuses": changed("credentialStatus", to=[STATUS, STATUS]),
    "an index with a leading zero": changed("credentialStatus", 0, "statusListIndex", to="07"),
    "an index that is a number": changed("credentialStatus", 0, "statusListIndex", to=7),
    "an index in full-width digits": changed("credentialStatus", 0, "statusListIndex", to="７"),
    "a negative index": changed("credentialStatus", 0, "statusListIndex", to="-1"),
    "a status of two bits": changed("credentialStatus", 0, "statusSize", to=2),
    "an upper-case DID": changed("issuer", to=BUREAU.upper()),
    "an upper-case method": changed("issuer", to=BUREAU.replace("city", "City")),
    "a DID with a newline": changed("credentialSubject", "id", to=HOLDER + "\n"),
    "another method": changed("issuer", to="did:example:1"),
    "no validFrom": changed("validFrom", without=True),
    "an offset": changed("validFrom", to="2026-03-11T08:00:00+08:00"),
    "an unknown member": changed("claims", to={}),
    "two subjects": changed(
        "credentialSubject", to=[{"id": HOLDER, "a": 1}, {"id": HOLDER, "a": 2}]
    ),
    "three types": changed("type", to=["VerifiableCredential", "OneCredential", "TwoCredential"]),
    "another suite": changed("proof", "cryptosuite", to="eddsa-rdfc-2022"),
    "another purpose": changed("proof", "proofPurpose", to="keyAgreement"),
}


class TestCredentials:
    @pytest.mark.parametrize("name", FAILING)
    def test_what_the_data_model_refuses_is_refused(self, name: str) -> None:
        with pytest.raises(ContractError):
            read_credential(FAILING[name])

    @pytest.mark.parametrize("name", NARROWER)
    def test_what_the_city_does_not_take_is_refused(self, name: str) -> None:
        with pytest.raises(ContractError):
            read_credential(NARROWER[name])

    @pytest.mark.parametrize(
        "document",
        [
            CREDENTIAL,
            changed("id", to="urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33"),
            changed("type", to=["PermitCredential", "VerifiableCredential"]),
            changed("issuer", to={"id": BUREAU, "name": "生态环境局"}),
            changed("name", to={"@value": "许可", "@language": "zh"}),
            changed("name", to=[{"@value": "许可", "@language": "zh"}]),
            changed("evidence", to=[{"type": "Evidence", "verifier": "x"}]),
            changed("termsOfUse", to={"type": ["Terms"], "id": "https://a.example/1"}),
            changed("refreshService", to={"type": "Refresh", "id": "https://a.example/1"}),
            changed("credentialSchema", to=[{"type": "JsonSchema", "id": "https://a.example/1"}]),
            changed("relatedResource", to=[{"id": BASE, "digestSRI": "sha256-AA=="}]),
            changed("validUntil", without=True),
        ],
    )
    def test_what_the_model_allows_is_read(self, document: dict[str, Any]) -> None:
        found = read_credential(document)
        assert (found.issued_by, found.named_type) == (BUREAU, "PermitCredential")

    @pytest.mark.parametrize(
        ("member", "value"),
        [
            ("@context", ["https://a.example", BASE]),
            ("@context", ["https://a.example"]),
            ("@context", None),
            ("type", ["CredentialManagerPresentation"]),
            ("type", "EnvelopedVerifiablePresentation"),
            ("type", None),
            ("verifiableCredential", ["eyJhbGciOiJFUzI1NiJ9"]),
            ("verifiableCredential", []),
            ("verifiableCredential", [CREDENTIAL, CREDENTIAL]),
            ("holder", "https://a.example"),
        ],
    )
    def test_presentations_that_the_model_or_the_city_refuses(
        self, member: str, value: object
    ) -> None:
        shown = presentation()["presentation"]
        with pytest.raises(ContractError):
            read_presentation(shown | {member: value})

    @pytest.mark.parametrize("member", ["challenge", "domain"])
    def test_a_presentation_is_for_a_challenge_of_a_verifier(self, member: str) -> None:
        shown = presentation()["presentation"]
        proof = {name: value for name, value in shown["proof"].items() if name != member}
        with pytest.raises(ContractError):
            read_presentation(shown | {"proof": proof})


def published(chunks: dict[str, str], **changes: Any) -> dict[str, Any]:
    """Return a list's credential of what the contract answers."""
    found = {
        "list": LIST,
        "issuer": BUREAU,
        "purpose": "revocation",
        "size": SIZE,
        "chunks": chunks,
    }
    made = list_credential(
        found, valid_from="2026-03-11T00:00:00Z", valid_until="2026-03-12T00:00:00Z", ttl=300_000
    )
    return made | changes


def chunk(index: int) -> dict[str, str]:
    """Return the chunks of a list of which one bit is set, without the code under test."""
    number, place = divmod(index, 1024)
    return {str(number): f"{1 << (1023 - place):0256x}"}


class TestStatusLists:
    def test_the_published_example_is_a_list_of_zeros(self) -> None:
        bits = expand_status_list(DOMAIN["bitstring"]["spec_example_all_zero"])
        assert bits == bytes(16_384) == bitstring(SIZE, {})

    def test_the_published_list_with_one_bit_is_that_of_its_chunks(self) -> None:
        bits = expand_status_list(DOMAIN["bitstring"]["index_94567_set"])
        assert bits == bitstring(SIZE, chunk(94_567))

    @given(st.integers(0, SIZE - 1))
    def test_a_bit_of_a_chunk_is_found_in_the_published_list(self, index: int) -> None:
        document = published(chunk(index))
        assert is_set(entry(LIST, "revocation", index), document)
        assert not is_set(entry(LIST, "revocation", (index + 1) % SIZE), document)

    def test_bit_zero_is_the_leftmost(self) -> None:
        assert bitstring(SIZE, chunk(0))[:2] == b"\x80\x00"
        assert is_status_set(bitstring(SIZE, chunk(0)), 0)

    @pytest.mark.parametrize(
        ("wanted", "changes", "code"),
        [
            (entry(LIST, "revocation", SIZE), {}, "range-error"),
            (entry(LIST, "suspension", 1), {}, "status-verification-error"),
            (entry(f"{LIST}x", "revocation", 1), {}, "status-verification-error"),
            (
                entry(LIST, "revocation", 1),
                {"type": ["VerifiableCredential"]},
                "status-verification-error",
            ),
        ],
    )
    def test_errors_have_the_standards_codes(
        self, wanted: dict[str, Any], changes: dict[str, Any], code: str
    ) -> None:
        with pytest.raises(ContractError) as caught:
            is_set(wanted, published({}) | changes)
        assert caught.value.code == code

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            (encoded(bytes(16_383)), "status-list-length-error"),
            (encoded(bytes(131_073)), "status-list-length-error"),
            ("z123", "status-verification-error"),
            ("u123", "status-verification-error"),
        ],
    )
    def test_a_list_that_is_too_short_or_no_list_is_refused(self, text: str, code: str) -> None:
        document = published({})
        document["credentialSubject"]["encodedList"] = text
        with pytest.raises(ContractError) as caught:
            is_set(entry(LIST, "revocation", 1), document)
        assert caught.value.code == code

    def test_what_is_made_is_gzip_without_a_time(self) -> None:
        text = encoded(bytes(16_384))
        assert text.startswith("u")
        assert expand_status_list(text) == bytes(16_384)
