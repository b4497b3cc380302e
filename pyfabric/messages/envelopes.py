"""Signed envelopes: what orderers and Deliver services take (common.Envelope).

Headers, seek requests and transaction ids are made here; proposals are in `messages.proposals`, and what
asks for a signature is in `client.envelopes`.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, TypeAlias

from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

SeekStart: TypeAlias = int | Literal["oldest", "newest", "next"]

LAST_BLOCK = 2**64 - 1
NONCE_SIZE: Final = 24
"""Bytes of the random number in a signature header (common/crypto/random.go of Fabric)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def transaction_id(creator: bytes, unique: bytes) -> str:
    """Return the id that Fabric demands for a nonce and a serialized creator."""
    return hashlib.sha256(unique + creator).hexdigest()


def channel_header(
    kind: int,
    channel: str,
    moment: datetime,
    *,
    transaction: str = "",
    extension: bytes = b"",
    tls_hash: bytes = b"",
) -> bytes:
    """Return the bytes of common.ChannelHeader; `kind` is a common.HeaderType."""
    header = common_pb2.ChannelHeader(
        type=kind,
        channel_id=channel,
        tx_id=transaction,
        extension=extension,
        tls_cert_hash=tls_hash,
    )
    elapsed = moment - _EPOCH
    header.timestamp.seconds = elapsed // _SECOND
    header.timestamp.nanos = elapsed.microseconds * 1000
    return header.SerializeToString()


def payload_of(channel_part: bytes, creator: bytes, unique: bytes, data: bytes) -> bytes:
    """Return the bytes of common.Payload: channel header, creator (bytes), nonce and content."""
    signature_header = common_pb2.SignatureHeader(creator=creator, nonce=unique)
    return common_pb2.Payload(
        header=common_pb2.Header(
            channel_header=channel_part, signature_header=signature_header.SerializeToString()
        ),
        data=data,
    ).SerializeToString()


def envelope(payload: bytes, signature: bytes) -> bytes:
    """Return the bytes of common.Envelope."""
    return common_pb2.Envelope(payload=payload, signature=signature).SerializeToString()


def seek_position(position: SeekStart) -> ab_pb2.SeekPosition:
    match position:
        case "oldest":
            return ab_pb2.SeekPosition(oldest=ab_pb2.SeekOldest())
        case "newest":
            return ab_pb2.SeekPosition(newest=ab_pb2.SeekNewest())
        case "next":
            return ab_pb2.SeekPosition(next_commit=ab_pb2.SeekNextCommit())
        case number:
            return ab_pb2.SeekPosition(specified=ab_pb2.SeekSpecified(number=number))


def seek_payload(
    creator: bytes,
    channel: str,
    moment: datetime,
    start: SeekStart,
    stop: SeekStart = LAST_BLOCK,
    *,
    wait: bool = True,
    tls_hash: bytes = b"",
) -> bytes:
    """Return the unsigned payload of a Deliver request for the blocks `start` to `stop`, inclusive.

    With `wait` the stream waits for blocks that do not exist yet; without, it ends with NOT_FOUND.
    """
    info = ab_pb2.SeekInfo(
        start=seek_position(start),
        stop=seek_position(stop),
        behavior=ab_pb2.SeekInfo.BLOCK_UNTIL_READY if wait else ab_pb2.SeekInfo.FAIL_IF_NOT_READY,
    )
    header = channel_header(common_pb2.DELIVER_SEEK_INFO, channel, moment, tls_hash=tls_hash)
    return payload_of(header, creator, b"", info.SerializeToString())
