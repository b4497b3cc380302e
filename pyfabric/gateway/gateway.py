# Made from pyfabric/aio/gateway.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""A gateway: connections to the peers of one department."""

from collections.abc import Callable, Sequence
from datetime import datetime

from pyfabric._grpc.driver import Driver
from pyfabric._grpc.local import present
from pyfabric._grpc.options import MAX_IN_FLIGHT
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
from pyfabric.client.peers import Peers
from pyfabric.client.timeouts import DEFAULT_TIMEOUTS, Timeouts
from pyfabric.client.tracing import Tracer
from pyfabric.gateway.connections import GatewayConnections
from pyfabric.gateway.event_request import EventRequest
from pyfabric.gateway.network import Network
from pyfabric.gateway.transactions import Commit, Proposal, Transaction
from pyfabric.identity.signing import Identity, SigningIdentity
from pyfabric.local.closing import Closing
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
    """Return a gateway for that identity; each connection is made when it is first needed.

    With several peers of one department, calls go on at the next one when one is down, and a peer that
    did not answer is asked last from then on. A gateway for an `Identity`, which has no key, takes
    signatures that are made elsewhere. `max_in_flight` limits the calls, event streams and submitted
    transactions under way at once: a peer serves 500, for all its clients. More wait for their turn,
    first come, first served, a transaction once, before it is endorsed.
    `proxy` obeys http_proxy and its like, which are ignored otherwise. `tracer` is called for every
    call; `clock` returns the time, with its zone, that goes into requests.

    Raises ClientError when `peers` is empty.
    """
    endpoints = (peers,) if isinstance(peers, Endpoint) else tuple(peers)
    client = Client(Peers(endpoints), with_signer(identity), timeouts)
    driver = Driver(max_in_flight=max_in_flight, proxy=proxy, tracer=tracer, clock=clock)
    return Gateway(GatewayConnections(driver, client))


class Gateway(Closing):
    """Connections to the peers of one department, for one identity; `connect` makes it.

    A forked process makes a gateway of its own: an inherited one raises ClientError. Close it, or open
    it in `with`.

    The `new_…` methods take what another program made with `bytes()`; `new_signed_…` adds the
    signature over its `digest()`. They raise DecodeError.
    """

    def __init__(self, connections: GatewayConnections) -> None:
        self._connections = connections

    @property
    def identity(self) -> Identity:
        """The identity for which calls are made."""
        return self._connections.client.identity.identity

    def network(self, channel: str) -> Network:
        """Return a channel by its name. No peer is asked: a wrong name fails at the first call."""
        return Network(self._connections, channel)

    def close(self) -> None:
        """Close the connections; calls and event streams under way fail. Safe to repeat."""
        self._connections.driver.close()

    def new_proposal(self, raw: bytes) -> Proposal:
        """Return a proposal that was made elsewhere."""
        return Proposal(self._connections, ProposedTransaction.from_bytes(raw))

    def new_signed_proposal(self, raw: bytes, signature: bytes) -> Proposal:
        """Return a proposal that was signed elsewhere."""
        return Proposal(self._connections, ProposedTransaction.from_bytes(raw).signed(signature))

    def new_transaction(self, raw: bytes) -> Transaction:
        """Return a transaction that was endorsed elsewhere."""
        prepared = PreparedTransaction.from_bytes(raw)
        return Transaction(self._connections, prepared, self._connections.client.endpoints)

    def new_signed_transaction(self, raw: bytes, signature: bytes) -> Transaction:
        """Return an endorsed transaction that was signed elsewhere."""
        prepared = PreparedTransaction.from_bytes(raw).signed(signature)
        return Transaction(self._connections, prepared, self._connections.client.endpoints)

    def new_commit(self, raw: bytes) -> Commit:
        """Return a request for a transaction's outcome that was made elsewhere."""
        request = CommitStatusRequest.from_bytes(raw)
        return Commit(self._connections, request, self._connections.client.endpoints)

    def new_signed_commit(self, raw: bytes, signature: bytes) -> Commit:
        """Return a request for a transaction's outcome that was signed elsewhere."""
        request = CommitStatusRequest.from_bytes(raw).signed(signature)
        return Commit(self._connections, request, self._connections.client.endpoints)

    def new_chaincode_events_request(self, raw: bytes) -> EventRequest[ChaincodeEvent]:
        """Return a request for chaincode events that was made elsewhere."""
        return EventRequest(self._connections, EventsRequest.from_bytes(CHAINCODE_EVENTS, raw))

    def new_signed_chaincode_events_request(
        self, raw: bytes, signature: bytes
    ) -> EventRequest[ChaincodeEvent]:
        """Return a request for chaincode events that was signed elsewhere."""
        request = EventsRequest.from_bytes(CHAINCODE_EVENTS, raw).signed(signature)
        return EventRequest(self._connections, request)

    def new_block_events_request(self, raw: bytes) -> EventRequest[Block]:
        """Return a request for blocks that was made elsewhere."""
        return EventRequest(self._connections, EventsRequest.from_bytes(BLOCKS, raw))

    def new_signed_block_events_request(self, raw: bytes, signature: bytes) -> EventRequest[Block]:
        """Return a request for blocks that was signed elsewhere."""
        request = EventsRequest.from_bytes(BLOCKS, raw).signed(signature)
        return EventRequest(self._connections, request)

    def new_filtered_block_events_request(self, raw: bytes) -> EventRequest[FilteredBlock]:
        """Return a request for filtered blocks that was made elsewhere."""
        return EventRequest(self._connections, EventsRequest.from_bytes(FILTERED_BLOCKS, raw))

    def new_signed_filtered_block_events_request(
        self, raw: bytes, signature: bytes
    ) -> EventRequest[FilteredBlock]:
        """Return a request for filtered blocks that was signed elsewhere."""
        request = EventsRequest.from_bytes(FILTERED_BLOCKS, raw).signed(signature)
        return EventRequest(self._connections, request)

    def new_block_and_private_data_events_request(
        self, raw: bytes
    ) -> EventRequest[BlockAndPrivateData]:
        """Return a request for blocks with private data that was made elsewhere."""
        return EventRequest(
            self._connections, EventsRequest.from_bytes(BLOCKS_AND_PRIVATE_DATA, raw)
        )

    def new_signed_block_and_private_data_events_request(
        self, raw: bytes, signature: bytes
    ) -> EventRequest[BlockAndPrivateData]:
        """Return a request for blocks with private data that was signed elsewhere."""
        request = EventsRequest.from_bytes(BLOCKS_AND_PRIVATE_DATA, raw).signed(signature)
        return EventRequest(self._connections, request)
