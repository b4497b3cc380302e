# Made from pyfabric/aio/network.py by tools/make_surfaces.py: edit that, and run `make surfaces`.
"""A channel: its contracts and its events."""

from functools import partial
from typing import TypeVar

from pyfabric.client.checkpoints import Checkpointer
from pyfabric.client.event_requests import (
    BLOCKS,
    BLOCKS_AND_PRIVATE_DATA,
    FILTERED_BLOCKS,
    StreamKind,
)
from pyfabric.client.event_source import Numbered
from pyfabric.client.event_start import Start
from pyfabric.client.network_flows import NetworkFlows
from pyfabric.gateway.connections import GatewayConnections
from pyfabric.gateway.contract import Contract
from pyfabric.gateway.event_request import EventRequest
from pyfabric.gateway.event_stream import EventStream
from pyfabric.messages.events import Block, BlockAndPrivateData, ChaincodeEvent, FilteredBlock

N = TypeVar("N", bound=Numbered)


class Network:
    """A channel as one member sees it; `Gateway.network` gives it.

    A stream of events starts at `start_block`, after a transaction, or at a checkpointer's position
    (which precedes the others once it has one); by default with the next block that is committed
    after it was opened. A stream of blocks that starts after a transaction starts with its block.
    """

    def __init__(self, connections: GatewayConnections, name: str) -> None:
        self._connections = connections
        self._name = name
        self._flows = NetworkFlows(connections.client, name)

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._name

    def contract(self, chaincode: str, name: str | None = None) -> Contract:
        """Return a contract of a chaincode; without a name, its default contract."""
        return Contract(self._connections, self._name, chaincode, name)

    def wait_for_height(self, height: int, *, timeout: float | None = None) -> None:
        """Wait until a peer has blocks 0 to `height` - 1: the first that can be reached.

        `timeout` is in seconds; without it, the gateway's for commit status. Raises GatewayError
        (DEADLINE_EXCEEDED) when it has passed, and DeliverError when the peer refuses.
        """
        self._connections.driver.run(self._flows.wait_for_height(height, timeout))

    def wait_for_config(self, after: bytes, *, timeout: float | None = None) -> bytes:
        """Wait until a peer has a newer configuration than `after`, and return the newer one.

        Both are bytes of common.Config, as `Admin.config` returns them. Raises DecodeError when `after`
        is not a configuration, and what `wait_for_height` raises.
        """
        return self._connections.driver.run(self._flows.wait_for_config(after, timeout))

    def chaincode_events(
        self,
        chaincode: str,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventStream[ChaincodeEvent]:
        """Stream the events that valid transactions of a chaincode set. Raises GatewayError."""
        start = Start(start_block, after_transaction_id, checkpoint)
        return EventStream(
            self._connections, partial(self._flows.chaincode_events, chaincode, start)
        )

    def block_events(
        self,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventStream[Block]:
        """Stream whole blocks. Raises GatewayError."""
        return self._blocks(BLOCKS, Start(start_block, after_transaction_id, checkpoint))

    def filtered_block_events(
        self,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventStream[FilteredBlock]:
        """Stream blocks without their contents: transaction ids, validation codes, names of events.

        Raises GatewayError.
        """
        return self._blocks(FILTERED_BLOCKS, Start(start_block, after_transaction_id, checkpoint))

    def block_and_private_data_events(
        self,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventStream[BlockAndPrivateData]:
        """Stream whole blocks with the private data that the peer holds. Raises GatewayError."""
        start = Start(start_block, after_transaction_id, checkpoint)
        return self._blocks(BLOCKS_AND_PRIVATE_DATA, start)

    def new_chaincode_events_request(
        self,
        chaincode: str,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventRequest[ChaincodeEvent]:
        """Return a request for chaincode events that can be signed elsewhere."""
        start = Start(start_block, after_transaction_id, checkpoint)
        request = self._flows.chaincode_events_request(chaincode, start)
        return EventRequest(self._connections, request)

    def new_block_events_request(
        self, *, start_block: int | None = None, checkpoint: Checkpointer | None = None
    ) -> EventRequest[Block]:
        """Return a request for whole blocks that can be signed elsewhere."""
        return self._request(BLOCKS, Start(start_block, None, checkpoint))

    def new_filtered_block_events_request(
        self, *, start_block: int | None = None, checkpoint: Checkpointer | None = None
    ) -> EventRequest[FilteredBlock]:
        """Return a request for filtered blocks that can be signed elsewhere."""
        return self._request(FILTERED_BLOCKS, Start(start_block, None, checkpoint))

    def new_block_and_private_data_events_request(
        self, *, start_block: int | None = None, checkpoint: Checkpointer | None = None
    ) -> EventRequest[BlockAndPrivateData]:
        """Return a request for blocks with private data that can be signed elsewhere."""
        return self._request(BLOCKS_AND_PRIVATE_DATA, Start(start_block, None, checkpoint))

    def _blocks(self, kind: StreamKind[N], start: Start) -> EventStream[N]:
        return EventStream(self._connections, partial(self._flows.blocks, kind, start))

    def _request(self, kind: StreamKind[N], start: Start) -> EventRequest[N]:
        request = self._connections.driver.run(self._flows.blocks_request(kind, start))
        return EventRequest(self._connections, request)
