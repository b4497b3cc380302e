"""The flows that open a channel's event streams, which both surfaces run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pyfabric.client.client import Client
from pyfabric.client.effects import Endpoint, Flow, now
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
from pyfabric.client.event_start import Start, resolve, resolve_events
from pyfabric.client.waiting import wait_for_config, wait_for_height
from pyfabric.identity.signing import SigningIdentity
from pyfabric.messages.envelopes import SeekStart
from pyfabric.messages.events import ChaincodeEvent

E = TypeVar("E")
N = TypeVar("N", bound=Numbered)


def fixed_source(client: Client, request: EventsRequest[E]) -> Flow[EventSource[E]]:
    """Return the source of a request that was made beforehand; it cannot resume after an event."""
    yield from ()  # no peer is asked
    return EventSource(request.kind, FixedCursor(request), client.identity, client.endpoints)


@dataclass(frozen=True, slots=True)
class NetworkFlows:
    """The flows that open the event streams of one channel."""

    client: Client
    channel: str

    def chaincode_events(self, chaincode: str, start: Start) -> Flow[EventSource[ChaincodeEvent]]:
        """Return the source of a chaincode's events, with its start resolved.

        Raises GatewayError, and ClientError for a position that the channel does not have.
        """
        client = self.client
        opening = yield from client.peers.watch(
            resolve_events(client.endpoints, client.identity, self.channel, chaincode, start)
        )
        cursor = ChaincodeCursor(
            client.identity.identity,
            self.channel,
            chaincode,
            opening.block,
            opening.after_transaction_id,
        )
        return EventSource(
            CHAINCODE_EVENTS,
            cursor,
            client.identity,
            opening.endpoints,
            reached=opening.reached,
        )

    def blocks(self, kind: StreamKind[N], start: Start) -> Flow[EventSource[N]]:
        """Return the source of blocks, with its start resolved. Raises GatewayError."""
        client = self.client
        start.check_whole_blocks()
        opening = yield from client.peers.watch(
            resolve(client.endpoints, client.identity, self.channel, start)
        )
        cursor = BlockCursor(kind, client.identity.identity, self.channel, opening.block)
        return EventSource(
            kind, cursor, client.identity, opening.endpoints, reached=opening.reached
        )

    def wait_for_height(self, height: int, timeout: float | None) -> Flow[None]:
        """Wait until a peer has that many blocks; see `waiting.wait_for_height`."""
        return wait_for_height(*self._peers(), height, self._seconds(timeout))

    def wait_for_config(self, after: bytes, timeout: float | None) -> Flow[bytes]:
        """Wait for a newer configuration; see `waiting.wait_for_config`."""
        return wait_for_config(*self._peers(), after, self._seconds(timeout))

    def _peers(self) -> tuple[Sequence[Endpoint], SigningIdentity, str]:
        return self.client.endpoints, self.client.identity, self.channel

    def _seconds(self, timeout: float | None) -> float:
        return self.client.timeouts.commit_status if timeout is None else timeout

    def chaincode_events_request(
        self, chaincode: str, start: Start
    ) -> EventsRequest[ChaincodeEvent]:
        """Return an unsigned request for a chaincode's events; no peer is asked."""
        block, after = start.fixed()
        return chaincode_events_request(
            self.client.identity.serialized(), self.channel, chaincode, _or_next(block), after
        )

    def blocks_request(self, kind: StreamKind[N], start: Start) -> Flow[EventsRequest[N]]:
        """Return an unsigned request for blocks; no peer is asked."""
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
