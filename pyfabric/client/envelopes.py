"""The signed envelopes that a client sends to orderers and to Deliver services."""

import base64
import hashlib
from functools import lru_cache

from pyfabric.client.effects import Endpoint, Flow, nonce, now, sign
from pyfabric.errors import IdentityError
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.envelopes import (
    LAST_BLOCK,
    SeekStart,
    channel_header,
    envelope,
    payload_of,
    seek_payload,
    transaction_id,
)


@lru_cache(maxsize=256)
def _pem_digest(certificate: bytes) -> bytes:
    lines = certificate.strip().splitlines()
    try:
        start = lines.index(b"-----BEGIN CERTIFICATE-----")
        end = lines.index(b"-----END CERTIFICATE-----")
        return hashlib.sha256(base64.b64decode(b"".join(lines[start + 1 : end]))).digest()
    except ValueError as error:
        raise IdentityError("the TLS client certificate is not PEM") from error


def tls_certificate_hash(endpoint: Endpoint) -> bytes:
    """Return SHA-256 of the TLS client certificate (DER), or b"" without mutual TLS.

    A peer that asks for client certificates refuses Deliver and discovery requests without it.
    """
    return _pem_digest(endpoint.client_certificate) if endpoint.client_certificate else b""


def signed_envelope(
    identity: SigningIdentity, kind: int, channel: str, data: bytes, *, tls_hash: bytes = b""
) -> Flow[bytes]:
    """Return an envelope around `data`, with a fresh nonce, its transaction id and the time.

    `kind` is a common.HeaderType such as CONFIG_UPDATE.
    """
    unique = yield from nonce()
    creator = identity.serialized()
    header = channel_header(
        kind,
        channel,
        (yield from now()),
        transaction=transaction_id(creator, unique),
        tls_hash=tls_hash,
    )
    payload = payload_of(header, creator, unique, data)
    return envelope(payload, (yield from sign(identity, payload)))


def seek_envelope(
    identity: SigningIdentity,
    channel: str,
    start: SeekStart,
    stop: SeekStart = LAST_BLOCK,
    *,
    wait: bool = True,
    tls_hash: bytes = b"",
) -> Flow[bytes]:
    """Return a signed Deliver request; see `seek_payload`."""
    moment = yield from now()
    payload = seek_payload(
        identity.serialized(), channel, moment, start, stop, wait=wait, tls_hash=tls_hash
    )
    return envelope(payload, (yield from sign(identity, payload)))
