"""The way into a network: connect to the peers of one department."""

from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from pyfabric._grpc.aio_driver import AsyncDriver
from pyfabric._grpc.local import present
from pyfabric._grpc.options import MAX_IN_FLIGHT
from pyfabric.aio.event_stream import EventRequest
from pyfabric.aio.network import Network
from pyfabric.aio.session import Session
from pyfabric.aio.transactions import Commit, Proposal, Transaction
from pyfabric.client.client import Client
from pyfabric.client.effects import Endpoint
from pyfabric.client.event_requests import (
    BLOCKS,
    BLOCKS_AND_PRIVATE_DATA,
    CHAINCODE_EVENTS,
    FILTERED_BLOCKS,
    EventsRequest,
)
from pyfabric.client.offline import with_signer
from pyfabric.client.timeouts import DEFAULT_TIMEOUTS, Timeouts
from pyfabric.client.tracing import Tracer
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.messages.events import Block, BlockAndPrivateData, ChaincodeEvent, FilteredBlock
from pyfabric.messages.prepared import CommitStatusRequest, PreparedTransaction
from pyfabric.messages.proposals import ProposedTransaction


def connect(
    identity: Identity | SigningIdentity,
    peers: Endpoint | Sequence[Endpoint],
    *,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    max_in_flight: int = MAX_IN_FLIGHT,
    proxy: bool = False,
    tracer: Tracer | None = None,
    clock: Callable[[], datetime] = present,
) -> "Gateway":
    """A gateway for that identity; connections are made when they are first needed.

    Give several peers of one department to go on when one is down. An identity without a signer
    makes a gateway for signatures that come from elsewhere. `max_in_flight` bounds calls and event
    streams a connection: a peer serves 500 at once, for all its clients. `proxy` obeys http_proxy
    and its like, which are ignored otherwise. `tracer` sees every call that is made. `clock` tells the
    time, with its zone, that goes into requests.
    """
    endpoints = (peers,) if isinstance(peers, Endpoint) else tuple(peers)
    client = Client(endpoints, with_signer(identity), timeouts)
    driver = AsyncDriver(max_in_flight=max_in_flight, proxy=proxy, tracer=tracer, clock=clock)
    return Gateway(Session(driver, client))


class Gateway:
    """Connections to the peers of one department, for one identity.

    It belongs to the event loop of its first call. After a fork the child must connect anew: here it
    gets ClientError. Close it, or use it in an `async with` statement.

    The `new_…` methods take what another program made with `bytes()`; `new_signed_…` adds the
    signature over its `digest()`. They raise DecodeError.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def identity(self) -> Identity:
        """Who calls."""
        return self._session.client.identity.identity

    def network(self, channel: str) -> Network:
        """A channel, of which nobody is asked yet whether it exists."""
        return Network(self._session, channel)

    async def close(self) -> None:
        """End the connections; calls and event streams under way fail. Safe to repeat."""
        await self._session.driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def new_proposal(self, raw: bytes) -> Proposal:
        """A proposal made elsewhere."""
        return Proposal(self._session, ProposedTransaction.from_bytes(raw))

    def new_signed_proposal(self, raw: bytes, signature: bytes) -> Proposal:
        """A proposal signed elsewhere."""
        return Proposal(self._session, ProposedTransaction.from_bytes(raw).signed(signature))

    def new_transaction(self, raw: bytes) -> Transaction:
        """An endorsed transaction from elsewhere."""
        prepared = PreparedTransaction.from_bytes(raw)
        return Transaction(self._session, prepared, self._session.client.endpoints)

    def new_signed_transaction(self, raw: bytes, signature: bytes) -> Transaction:
        """An endorsed transaction signed elsewhere."""
        prepared = PreparedTransaction.from_bytes(raw).signed(signature)
        return Transaction(self._session, prepared, self._session.client.endpoints)

    def new_commit(self, raw: bytes) -> Commit:
        """A question for a transaction's outcome, made elsewhere."""
        request = CommitStatusRequest.from_bytes(raw)
        return Commit(self._session, request, self._session.client.endpoints)

    def new_signed_commit(self, raw: bytes, signature: bytes) -> Commit:
        """A question for a transaction's outcome, signed elsewhere."""
        request = CommitStatusRequest.from_bytes(raw).signed(signature)
        return Commit(self._session, request, self._session.client.endpoints)

    def new_chaincode_events_request(self, raw: bytes) -> EventRequest[ChaincodeEvent]:
        """A request for chaincode events made elsewhere."""
        return EventRequest(self._session, EventsRequest.from_bytes(CHAINCODE_EVENTS, raw))

    def new_signed_chaincode_events_request(
        self, raw: bytes, signature: bytes
    ) -> EventRequest[ChaincodeEvent]:
        """A request for chaincode events signed elsewhere."""
        request = EventsRequest.from_bytes(CHAINCODE_EVENTS, raw).signed(signature)
        return EventRequest(self._session, request)

    def new_block_events_request(self, raw: bytes) -> EventRequest[Block]:
        """A request for blocks made elsewhere."""
        return EventRequest(self._session, EventsRequest.from_bytes(BLOCKS, raw))

    def new_signed_block_events_request(self, raw: bytes, signature: bytes) -> EventRequest[Block]:
        """A request for blocks signed elsewhere."""
        request = EventsRequest.from_bytes(BLOCKS, raw).signed(signature)
        return EventRequest(self._session, request)

    def new_filtered_block_events_request(self, raw: bytes) -> EventRequest[FilteredBlock]:
        """A request for filtered blocks made elsewhere."""
        return EventRequest(self._session, EventsRequest.from_bytes(FILTERED_BLOCKS, raw))

    def new_signed_filtered_block_events_request(
        self, raw: bytes, signature: bytes
    ) -> EventRequest[FilteredBlock]:
        """A request for filtered blocks signed elsewhere."""
        request = EventsRequest.from_bytes(FILTERED_BLOCKS, raw).signed(signature)
        return EventRequest(self._session, request)

    def new_block_and_private_data_events_request(
        self, raw: bytes
    ) -> EventRequest[BlockAndPrivateData]:
        """A request for blocks with private data made elsewhere."""
        return EventRequest(self._session, EventsRequest.from_bytes(BLOCKS_AND_PRIVATE_DATA, raw))

    def new_signed_block_and_private_data_events_request(
        self, raw: bytes, signature: bytes
    ) -> EventRequest[BlockAndPrivateData]:
        """A request for blocks with private data signed elsewhere."""
        request = EventsRequest.from_bytes(BLOCKS_AND_PRIVATE_DATA, raw).signed(signature)
        return EventRequest(self._session, request)
