"""Requests that open event streams, and how their messages are read."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from typing import Final, Generic, Self, TypeVar

from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import events_pb2

from pyfabric.client.timeouts import GATEWAY
from pyfabric.errors import DeliverError, GatewayError, StatusCode
from pyfabric.messages.decoding import decode
from pyfabric.messages.deliver import PEER_DELIVER, PEER_DELIVER_FILTERED, PEER_DELIVER_PRIVATE
from pyfabric.messages.envelopes import SeekStart, envelope, seek_payload, seek_position
from pyfabric.messages.events import (
    Block,
    BlockAndPrivateData,
    ChaincodeEvent,
    FilteredBlock,
    block_and_private_data_of,
    block_of,
    filtered_block_of,
    read_chaincode_events,
)

E = TypeVar("E")


def _unwrap_envelope(raw: bytes) -> tuple[bytes, bytes]:
    signed = decode(common_pb2.Envelope, raw)
    return signed.payload, signed.signature


def _blocks_start(message: bytes) -> ab_pb2.SeekPosition:
    return decode(ab_pb2.SeekInfo, decode(common_pb2.Payload, message).data).start


@dataclass(frozen=True, slots=True)
class StreamKind(Generic[E]):
    """A method that streams events: how requests are wrapped, and what its messages hold."""

    method: str
    _: KW_ONLY
    read: Callable[[bytes], Sequence[E]]
    wrap: Callable[[bytes, bytes], bytes] = envelope
    unwrap: Callable[[bytes], tuple[bytes, bytes]] = _unwrap_envelope
    start: Callable[[bytes], ab_pb2.SeekPosition] = _blocks_start

    @property
    def client_streams(self) -> bool:
        """Whether the method takes a stream of requests, as all except chaincode events do."""
        return not self.method.startswith(GATEWAY)

    def starts_at_block(self, message: bytes) -> bool:
        """Return whether a request names the block it starts at, and so always means the same."""
        return self.start(message).HasField("specified")


@dataclass(frozen=True, slots=True)
class EventsRequest(Generic[E]):
    """A request for events, signed or not yet; `message` is what is signed."""

    kind: StreamKind[E]
    message: bytes
    signature: bytes = b""

    def signed(self, signature: bytes) -> Self:
        """Return the same request with that signature."""
        return replace(self, signature=signature)

    def to_bytes(self) -> bytes:
        """Return the message that is sent: a common.Envelope or SignedChaincodeEventsRequest."""
        return self.kind.wrap(self.message, self.signature)

    @classmethod
    def from_bytes(cls, kind: StreamKind[E], raw: bytes) -> Self:
        """Read `to_bytes`; raises DecodeError."""
        return cls(kind, *kind.unwrap(raw))


def _wrap_chaincode(message: bytes, signature: bytes) -> bytes:
    return gateway_pb2.SignedChaincodeEventsRequest(
        request=message, signature=signature
    ).SerializeToString()


def _unwrap_chaincode(raw: bytes) -> tuple[bytes, bytes]:
    signed = decode(gateway_pb2.SignedChaincodeEventsRequest, raw)
    return signed.request, signed.signature


def _chaincode_start(message: bytes) -> ab_pb2.SeekPosition:
    return decode(gateway_pb2.ChaincodeEventsRequest, message).start_position


# Deliver gives no reasons (common/deliver of Fabric): these are the causes of its statuses.
_HINTS: Final = {
    common_pb2.BAD_REQUEST: ": this machine's clock may differ from the peer's by more than 15 minutes "
    "(authentication.timewindow), or, with mutual TLS, the client certificate is not the request's",
    common_pb2.FORBIDDEN: ": the identity may not read this channel's blocks, or has expired",
    common_pb2.NOT_FOUND: ": the peer has not joined the channel, or has not the block (after a join by a snapshot it "
    "lacks those before)",
}


def _delivered(raw: bytes) -> events_pb2.DeliverResponse:
    """Return an answer without a status; raises DeliverError, or GatewayError if it may pass."""
    response = decode(events_pb2.DeliverResponse, raw)
    if response.WhichOneof("Type") != "status":
        return response
    status = response.status
    if status == common_pb2.SERVICE_UNAVAILABLE:
        raise GatewayError(
            "the peer cannot deliver blocks now: ask again later, or another peer",
            code=StatusCode.UNAVAILABLE,
        )
    name = common_pb2.Status.Name(status) if status in common_pb2.Status.values() else "UNKNOWN"
    hint = _HINTS.get(status, "")
    raise DeliverError(
        f"the peer closed the stream of blocks: {name} ({status}){hint}", status=status
    )


def _read_block(raw: bytes) -> tuple[Block]:
    return (block_of(_delivered(raw).block),)


def _read_filtered(raw: bytes) -> tuple[FilteredBlock]:
    return (filtered_block_of(_delivered(raw).filtered_block),)


def _read_private(raw: bytes) -> tuple[BlockAndPrivateData]:
    return (block_and_private_data_of(_delivered(raw).block_and_private_data),)


CHAINCODE_EVENTS: StreamKind[ChaincodeEvent] = StreamKind(
    GATEWAY + "ChaincodeEvents",
    wrap=_wrap_chaincode,
    unwrap=_unwrap_chaincode,
    read=read_chaincode_events,
    start=_chaincode_start,
)
BLOCKS: StreamKind[Block] = StreamKind(PEER_DELIVER, read=_read_block)
FILTERED_BLOCKS: StreamKind[FilteredBlock] = StreamKind(PEER_DELIVER_FILTERED, read=_read_filtered)
BLOCKS_AND_PRIVATE_DATA: StreamKind[BlockAndPrivateData] = StreamKind(
    PEER_DELIVER_PRIVATE, read=_read_private
)


def chaincode_events_request(
    creator: bytes, channel: str, chaincode: str, start: SeekStart, after_transaction_id: str | None
) -> EventsRequest[ChaincodeEvent]:
    """Return the unsigned request for a chaincode's events from a block, after a transaction if given."""
    request = gateway_pb2.ChaincodeEventsRequest(
        channel_id=channel,
        chaincode_id=chaincode,
        identity=creator,
        start_position=seek_position(start),
        after_transaction_id=after_transaction_id or "",
    )
    return EventsRequest(CHAINCODE_EVENTS, request.SerializeToString())


def blocks_request(
    kind: StreamKind[E],
    creator: bytes,
    channel: str,
    moment: datetime,
    start: SeekStart,
    *,
    tls_hash: bytes = b"",
) -> EventsRequest[E]:
    """Return the unsigned request for all blocks from `start` on."""
    return EventsRequest(kind, seek_payload(creator, channel, moment, start, tls_hash=tls_hash))
