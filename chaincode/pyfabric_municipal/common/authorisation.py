"""A holder's authorisation of one step: a signature over what is done, where, to which revision, until when."""

import hashlib
from binascii import unhexlify
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import Field
from pydantic_core import to_jsonable_python

from pyfabric_municipal.common.governance import Clock
from pyfabric_municipal.common.refusals import FrameRule
from pyfabric_municipal.common.session import Session
from pyfabric_municipal.common.values import Model, Timestamp, canonical_json, json_digest
from pyfabric_municipal.common.values.timestamps import unix_seconds

USED: Final = "used-signature"

WRONG = FrameRule(
    "signature-wrong", "持有人签名无效", "the holder's signature is not over this step"
)
LATE = FrameRule(
    "signature-late",
    "持有人签名已于 {not_after} 失效",
    "the holder's signature was valid until {not_after}",
)
REPEATED = FrameRule(
    "signature-used",
    "持有人签名已使用过",
    "the holder's signature has been used: have a new one made",
)


class Authorisation(Model):
    """A holder's signature (DER for P-256, raw for Ed25519; hexadecimal), and until when it counts."""

    not_after: Timestamp
    signature: str = Field(pattern=r"^([0-9a-f]{2}){64,80}$")


def signed_bytes(
    *,
    net: str,
    channel: str,
    contract: str,
    function: str,
    kind: str,
    id: str,
    revision: int,
    arguments: str,
    not_after: str,
) -> bytes:
    """Return what a holder signs: canonical JSON of all that names one step; `arguments` is their digest."""
    return canonical_json(
        {
            "net": net,
            "channel": channel,
            "contract": contract,
            "function": function,
            "record": [kind, id],
            "revision": revision,
            "arguments": arguments,
            "not_after": not_after,
        }
    )


def arguments_digest(arguments: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the canonical JSON of a step's arguments by name, without the authorisation."""
    return json_digest(to_jsonable_python(dict(arguments)))


def require_authorised(
    given: Authorisation, public_key: str, message: bytes, session: Session, clock: Clock
) -> None:
    """Refuse a signature that is not this key's over the message, is late, or has been used; mark it used."""
    if not verifies(public_key, unhexlify(given.signature), message):
        raise WRONG.refusal()
    if not clock.not_after(unix_seconds(given.not_after)):
        raise LATE.refusal({"not_after": given.not_after})
    used = hashlib.sha256(message).hexdigest()
    if session.is_marked(USED, used):
        raise REPEATED.refusal()
    session.mark(USED, used)


def verifies(public_key: str, signature: bytes, message: bytes) -> bool:
    """Return whether a signature is over the message; the key is SubjectPublicKeyInfo in hexadecimal DER."""
    try:
        key = load_der_public_key(bytes.fromhex(public_key))
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
