"""Data Integrity proofs over canonical JSON: `eddsa-jcs-2022` (Ed25519) and `ecdsa-jcs-2019` (P-256).

W3C Data Integrity EdDSA and ECDSA Cryptosuites 1.0. Documents are hashed as RFC 8785 writes them, so that no JSON-LD
context is read. Signing is for clients and tests: contracts have no private keys.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from pyfabric_municipal.common.authorisation import verifies
from pyfabric_municipal.common.values import Model, Text, Timestamp, canonical_json
from pyfabric_municipal.identity.multikeys import base58, der_hex, from_base58, public_key

EDDSA: Final = "eddsa-jcs-2022"
ECDSA: Final = "ecdsa-jcs-2019"
_SIGNATURE: Final = 64
_HALF: Final = 32

SigningKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey


class Member(Model):
    """An object of a document, whose members have the names of the standard."""

    model_config = ConfigDict(alias_generator=to_camel)


class Proof(Member):
    """The proof of a document; `challenge` and `domain` are those of a presentation."""

    context: tuple[str, ...] | None = Field(default=None, alias="@context")
    type: Literal["DataIntegrityProof"]
    cryptosuite: Literal["eddsa-jcs-2022", "ecdsa-jcs-2019"]
    created: Timestamp
    verification_method: Text
    proof_purpose: Literal["assertionMethod", "authentication"]
    challenge: Text | None = None
    domain: Text | None = None
    proof_value: str


def hash_data(document: Mapping[str, Any]) -> bytes:
    """Return what the proof of a secured document signs: the SHA-256 of its options, then that of the rest."""
    options = {name: value for name, value in document["proof"].items() if name != "proofValue"}
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    return b"".join(hashlib.sha256(canonical_json(one)).digest() for one in (options, unsecured))


def is_proven(document: Mapping[str, Any], multikey: str) -> bool:
    """Return whether the proof of a secured document is this key's, by the suite that it names.

    A context in the proof must be the one with which the document's begins (§3.3.2 of the cryptosuites).
    """
    proof = document["proof"]
    context, own = proof.get("@context"), document.get("@context")
    if context is not None and (own is None or list(own)[: len(context)] != list(context)):
        return False
    signature = from_base58(proof["proofValue"])
    is_ed25519 = isinstance(public_key(multikey), ed25519.Ed25519PublicKey)
    if len(signature) != _SIGNATURE or is_ed25519 != (proof["cryptosuite"] == EDDSA):
        return False
    if not is_ed25519:
        signature = encode_dss_signature(
            *(int.from_bytes(one) for one in (signature[:_HALF], signature[_HALF:]))
        )
    return verifies(der_hex(multikey), signature, hash_data(document))


def secured(
    document: Mapping[str, Any], key: SigningKey, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a document with the proof of a key; `options` are the proof's members beside type, suite and value."""
    is_ed25519 = isinstance(key, ed25519.Ed25519PrivateKey)
    suite = {"type": "DataIntegrityProof", "cryptosuite": EDDSA if is_ed25519 else ECDSA}
    proof = {**suite, **options, "@context": document["@context"]}
    message = hash_data({**document, "proof": proof})
    return {**document, "proof": {**proof, "proofValue": base58(_signature(key, message))}}


def _signature(key: SigningKey, message: bytes) -> bytes:
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    halves = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return b"".join(one.to_bytes(_HALF) for one in halves)
