"""The position of an event stream: the request that continues from it, and how it moves.

A source performs no I/O. A surface sends `request()`, passes every message to `receive`, and after a broken
connection waits for `retry_after` seconds before it sends the next request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pyfabric.client.effects import Endpoint, Flow, now, sign
from pyfabric.client.envelopes import tls_certificate_hash
from pyfabric.client.event_requests import (
    EventsRequest,
    StreamKind,
    blocks_request,
    chaincode_events_request,
)
from pyfabric.errors import ClientError, GatewayError, StatusCode
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.messages.envelopes import SeekStart
from pyfabric.messages.events import ChaincodeEvent

E = TypeVar("E")

_FIRST_DELAY = 0.2
_LONGEST_DELAY = 5.0
_FIRST_ROUNDS = 5


class Numbered(Protocol):
    """A block of any kind."""

    @property
    def number(self) -> int:
        """The block's number."""
        ...


N = TypeVar("N", bound=Numbered)


class Cursor(Protocol[E]):
    """A position in a channel that moves with what was received."""

    @property
    def resumable(self) -> bool:
        """Whether the position is fixed, so that another request loses nothing."""
        ...

    def request(self, endpoint: Endpoint) -> Flow[EventsRequest[E]]:
        """Return the request that continues from here: unsigned, unless it was made elsewhere."""
        ...

    def advance(self, event: E) -> None:
        """Move past that event."""
        ...


@dataclass(slots=True)
class ChaincodeCursor:
    """A position among the events of one chaincode."""

    identity: Identity
    channel: str
    chaincode: str
    start: SeekStart
    after_transaction_id: str | None = None

    @property
    def resumable(self) -> bool:
        """Whether the start is the number of a block."""
        return isinstance(self.start, int)

    def request(self, endpoint: Endpoint) -> Flow[EventsRequest[ChaincodeEvent]]:
        """Return the request for events from the block on, after the last transaction received."""
        yield from ()
        return chaincode_events_request(
            self.identity.serialized(),
            self.channel,
            self.chaincode,
            self.start,
            self.after_transaction_id,
        )

    def advance(self, event: ChaincodeEvent) -> None:
        """Move past the event's transaction, which has no other event."""
        self.start, self.after_transaction_id = event.block_number, event.transaction_id


@dataclass(slots=True)
class BlockCursor(Generic[N]):
    """A position in a channel's chain of blocks."""

    kind: StreamKind[N]
    identity: Identity
    channel: str
    start: SeekStart

    @property
    def resumable(self) -> bool:
        """Whether the start is the number of a block."""
        return isinstance(self.start, int)

    def request(self, endpoint: Endpoint) -> Flow[EventsRequest[N]]:
        """Return the request for blocks from the start on."""
        moment = yield from now()
        return blocks_request(
            self.kind,
            self.identity.serialized(),
            self.channel,
            moment,
            self.start,
            tls_hash=tls_certificate_hash(endpoint),
        )

    def advance(self, event: N) -> None:
        """Move to the next block."""
        self.start = event.number + 1


@dataclass(slots=True)
class FixedCursor(Generic[E]):
    """A request that was made elsewhere, and may be signed: it never changes."""

    fixed: EventsRequest[E]
    moved: bool = False

    @property
    def resumable(self) -> bool:
        """Whether no event was received and it starts at a block: later it would repeat events."""
        return not self.moved and self.fixed.kind.starts_at_block(self.fixed.message)

    def request(self, endpoint: Endpoint) -> Flow[EventsRequest[E]]:
        """Return the request as it was given."""
        yield from ()
        return self.fixed

    def advance(self, event: E) -> None:
        """Note that an event was received, so that the request cannot be sent again."""
        self.moved = True


class EventSource(Generic[E]):
    """A stream of events that survives the loss of its peer.

    Until a peer has sent something it gives up after a few rounds through the peers; after that it
    continues until it is closed. `reached` is whether a peer sent something while the stream was opened.
    """

    def __init__(
        self,
        kind: StreamKind[E],
        cursor: Cursor[E],
        identity: SigningIdentity,
        endpoints: Sequence[Endpoint],
        *,
        reached: bool = False,
    ) -> None:
        if not endpoints:
            raise ClientError("no peer to read events from")
        self.kind = kind
        self._cursor = cursor
        self._identity = identity
        self._endpoints = endpoints
        self._turn = 0
        self._failures = 0
        self._heard = reached

    @property
    def endpoint(self) -> Endpoint:
        """The peer to ask: the next one after each failure."""
        return self._endpoints[self._turn % len(self._endpoints)]

    def request(self) -> Flow[bytes]:
        """Return the bytes to send to `endpoint`, signed."""
        request = yield from self._cursor.request(self.endpoint)
        if not request.signature:
            request = request.signed((yield from sign(self._identity, request.message)))
        return request.to_bytes()

    def receive(self, raw: bytes) -> Sequence[E]:
        """Return the events of a message.

        Raises DecodeError, DeliverError, or GatewayError, about which `retry_after` decides.
        """
        events = self.kind.read(raw)
        for event in events:
            self._cursor.advance(event)
        self._heard, self._failures = True, 0
        return events

    def retry_after(self, error: GatewayError) -> float:
        """Return the seconds to wait before asking again; raise the error if asking again is wrong."""
        if error.code is not StatusCode.UNAVAILABLE or not self._cursor.resumable:
            raise error
        self._turn += 1
        self._failures += 1
        rounds = self._failures // len(self._endpoints)
        if rounds >= _FIRST_ROUNDS and not self._heard:
            raise error
        return min(_FIRST_DELAY * 2 ** (rounds - 1), _LONGEST_DELAY) if rounds else 0.0
