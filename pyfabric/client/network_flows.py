"""A channel's event streams as flows: the one body behind both surfaces' Network."""

from dataclasses import dataclass
from typing import TypeVar

from pyfabric.client.client import Client
from pyfabric.client.effects import Flow, now
from pyfabric.client.envelopes import tls_certificate_hash
from pyfabric.client.event_requests import (
    CHAINCODE_EVENTS,
    EventsRequest,
    StreamKind,
    blocks_request,
    chaincode_events_request,
)
from pyfabric.client.event_source import (
    BlockCursor,
    ChaincodeCursor,
    EventSource,
    FixedCursor,
    Numbered,
)
from pyfabric.client.event_start import Start, resolve
from pyfabric.messages.envelopes import SeekStart
from pyfabric.messages.events import ChaincodeEvent

E = TypeVar("E")
N = TypeVar("N", bound=Numbered)


def fixed_source(client: Client, request: EventsRequest[E]) -> EventSource[E]:
    """The events of a request that was made beforehand; it can't go on behind an event."""
    return EventSource(request.kind, FixedCursor(request), client.identity, client.endpoints)


@dataclass(frozen=True, slots=True)
class NetworkFlows:
    """The flows that open the event streams of one channel."""

    client: Client
    channel: str

    def chaincode_events(self, chaincode: str, start: Start) -> Flow[EventSource[ChaincodeEvent]]:
        """The events of a chaincode from a start that is fixed now. Raises GatewayError."""
        client = self.client
        opening = yield from resolve(client.endpoints, client.identity, self.channel, start)
        cursor = ChaincodeCursor(
            client.identity.identity,
            self.channel,
            chaincode,
            opening.block,
            opening.after_transaction_id,
        )
        return EventSource(CHAINCODE_EVENTS, cursor, client.identity, opening.endpoints)

    def blocks(self, kind: StreamKind[N], start: Start) -> Flow[EventSource[N]]:
        """Blocks from a start that is fixed now. Raises GatewayError."""
        client = self.client
        start.check_whole_blocks()
        opening = yield from resolve(client.endpoints, client.identity, self.channel, start)
        cursor = BlockCursor(kind, client.identity.identity, self.channel, opening.block)
        return EventSource(kind, cursor, client.identity, opening.endpoints)

    def chaincode_events_request(
        self, chaincode: str, start: Start
    ) -> Flow[EventsRequest[ChaincodeEvent]]:
        """An unsigned request for a chaincode's events; asks nobody."""
        yield from ()
        block, after = start.fixed()
        return chaincode_events_request(
            self.client.identity.serialized(), self.channel, chaincode, _or_next(block), after
        )

    def blocks_request(self, kind: StreamKind[N], start: Start) -> Flow[EventsRequest[N]]:
        """An unsigned request for blocks; asks nobody."""
        block, _ = start.fixed()
        return blocks_request(
            kind,
            self.client.identity.serialized(),
            self.channel,
            (yield from now()),
            _or_next(block),
            tls_hash=tls_certificate_hash(self.client.endpoints[0]),
        )


def _or_next(block: int | None) -> SeekStart:
    return "next" if block is None else block
