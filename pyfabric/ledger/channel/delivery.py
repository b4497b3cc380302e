"""Serving blocks, as peers and orderers do: who may have them, from which to which.

Source: common/deliver and common/ledger/blockledger of Fabric 3.1. A request ends with a status, whose
number is all that a client learns. What a block looks like to the client (whole, filtered, with private
data) is left to the service that sends it.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from pyfabric.errors import DecodeError, FabricError, LedgerError, PolicyError
from pyfabric.ledger.channel.channel import HasChannel
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.proposals import expires_at
from pyfabric.rules.validation.form import CONFIG

TIME_WINDOW = timedelta(minutes=15)

J = TypeVar("J", bound=HasChannel)


@dataclass(frozen=True, slots=True)
class Request:
    """A readable request for blocks: whose, of which channel, which ones."""

    header: common_pb2.ChannelHeader
    signed: SignedData
    data: bytes


class RefusalError(FabricError):
    """A request ends with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(common_pb2.Status.Name(status))
        self.status = status


class Delivered(NamedTuple, Generic[J]):
    """A block for a client, with what the node has for the channel and the signature of the request."""

    block: common_pb2.Block
    joined: J
    signed: SignedData


class Delivery(Generic[J]):
    """Answers requests for blocks.

    `find` returns what the node has for a channel that is served here; `authorize` raises PolicyError
    unless the signer of a request may read the channel. With `mutual_tls`, a request must carry the
    SHA-256 of the client's TLS certificate.
    """

    def __init__(
        self,
        find: Callable[[str], J | None],
        authorize: Callable[[J, SignedData], None],
        now: Callable[[], datetime],
        *,
        mutual_tls: bool,
    ) -> None:
        self._find = find
        self._authorize = authorize
        self._now = now
        self._mutual_tls = mutual_tls

    async def serve(
        self, envelope: bytes, client_certificate_hash: bytes | None
    ) -> AsyncIterator[Delivered[J] | int]:
        """Yield the blocks that an envelope asks for, then the status (common.Status) of the request."""
        try:
            request = self._read(envelope, client_certificate_hash)
            async for block in self._blocks(request):
                yield block
        except RefusalError as refusal:
            yield refusal.status
        else:
            yield common_pb2.SUCCESS

    def _read(self, raw: bytes, client_certificate_hash: bytes | None) -> Request:
        try:
            envelope = decode(common_pb2.Envelope, raw)
            payload = decode(common_pb2.Payload, envelope.payload)
            header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
            signature = decode(common_pb2.SignatureHeader, payload.header.signature_header)
        except DecodeError as error:
            raise RefusalError(common_pb2.BAD_REQUEST) from error
        distance = abs(
            self._now().timestamp() - header.timestamp.seconds - header.timestamp.nanos / 1e9
        )
        hash_is_right = not self._mutual_tls or (
            header.tls_cert_hash and header.tls_cert_hash == client_certificate_hash
        )
        if not (
            payload.HasField("header")
            and header.HasField("timestamp")
            and distance <= TIME_WINDOW.total_seconds()
            and hash_is_right
        ):
            raise RefusalError(common_pb2.BAD_REQUEST)
        signed = SignedData(envelope.payload, signature.creator, envelope.signature)
        return Request(header, signed, payload.data)

    async def _blocks(self, request: Request) -> AsyncIterator[Delivered[J]]:
        joined = self._find(request.header.channel_id)
        if joined is None:
            raise RefusalError(common_pb2.NOT_FOUND)
        try:
            seek = decode(ab_pb2.SeekInfo, request.data)
        except DecodeError as error:
            raise RefusalError(common_pb2.BAD_REQUEST) from error
        access = SessionAccess(joined, request.signed, self._authorize, self._now)
        access.check()
        if not (seek.HasField("start") and seek.HasField("stop")):
            raise RefusalError(common_pb2.BAD_REQUEST)
        channel = joined.channel
        number = _start(seek.start, channel.height)
        stop = _stop(seek, number or 0, channel.height)
        if number is None:
            raise RefusalError(common_pb2.NOT_FOUND)
        blocks = channel.blocks(number)
        while True:
            fails = seek.behavior == ab_pb2.SeekInfo.FAIL_IF_NOT_READY
            if fails and number >= channel.height:
                raise RefusalError(common_pb2.NOT_FOUND)
            try:
                block = await anext(blocks)
            except LedgerError as error:
                raise RefusalError(common_pb2.SERVICE_UNAVAILABLE) from error
            access.check()
            yield Delivered(_content(seek, block), joined, request.signed)
            if number == stop:
                return
            number += 1


class SessionAccess(Generic[J]):
    """A client's right to read, checked again whenever the channel's configuration has changed."""

    def __init__(
        self,
        joined: J,
        signed: SignedData,
        authorize: Callable[[J, SignedData], None],
        now: Callable[[], datetime],
    ) -> None:
        self._joined = joined
        self._signed = signed
        self._authorize = authorize
        self._now = now
        self._expires = expires_at(signed.identity)
        self._checked_sequence = -1

    def check(self) -> None:
        """Raise RefusalError if the client may not read, or not any more."""
        if self._expires is not None and self._now() > self._expires:
            raise RefusalError(common_pb2.FORBIDDEN)
        sequence = self._joined.channel.config.sequence
        if sequence == self._checked_sequence:
            return
        try:
            self._authorize(self._joined, self._signed)
        except PolicyError as error:
            raise RefusalError(common_pb2.FORBIDDEN) from error
        self._checked_sequence = sequence


def _start(position: ab_pb2.SeekPosition, height: int) -> int | None:
    """Return the number at which a request starts; None if the channel has no such place."""
    kind = position.WhichOneof("Type")
    if kind == "oldest":
        return 0
    if kind == "newest":
        return height - 1
    if kind == "next_commit":
        return height
    if kind == "specified" and position.specified.number <= height:
        return position.specified.number
    return None


def _stop(seek: ab_pb2.SeekInfo, start: int, height: int) -> int:
    """Return the number at which a request stops. As in Fabric, a stop without meaning is block 0."""
    kind = seek.stop.WhichOneof("Type")
    if kind == "oldest" or (kind == "newest" and seek.start == seek.stop):
        return start
    if kind == "newest":
        return height - 1
    if kind == "specified":
        if seek.stop.specified.number < start:
            raise RefusalError(common_pb2.BAD_REQUEST)
        return seek.stop.specified.number
    return 0


def _content(seek: ab_pb2.SeekInfo, block: common_pb2.Block) -> common_pb2.Block:
    if seek.content_type != ab_pb2.SeekInfo.HEADER_WITH_SIG or _is_configuration(block):
        return block
    return common_pb2.Block(header=block.header, metadata=block.metadata)


def _is_configuration(block: common_pb2.Block) -> bool:
    if len(block.data.data) != 1:
        return False
    try:
        payload = decode(
            common_pb2.Payload, decode(common_pb2.Envelope, block.data.data[0]).payload
        )
        return decode(common_pb2.ChannelHeader, payload.header.channel_header).type == CONFIG
    except DecodeError:
        return False
