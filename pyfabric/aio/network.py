"""A channel: its contracts and its events."""

from typing import TypeVar

from pyfabric.aio.contract import Contract
from pyfabric.aio.event_stream import EventRequest, EventStream
from pyfabric.aio.session import Session
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
from pyfabric.messages.events import Block, BlockAndPrivateData, ChaincodeEvent, FilteredBlock

N = TypeVar("N", bound=Numbered)


class Network:
    """A channel as one member sees it.

    Streams start at `start_block`, or behind a transaction, or where a checkpointer stands (it goes
    before the others once it has a position); by default with the next block that is committed
    after the call. Blocks come whole: theirs start with the block that holds the transaction.
    """

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name
        self._flows = NetworkFlows(session.client, name)

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._name

    def contract(self, chaincode: str, name: str | None = None) -> Contract:
        """A contract of a chaincode; without a name, the chaincode's default one."""
        return Contract(self._session, self._name, chaincode, name)

    async def chaincode_events(
        self,
        chaincode: str,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventStream[ChaincodeEvent]:
        """The events that valid transactions of a chaincode set. Raises GatewayError."""
        start = Start(start_block, after_transaction_id, checkpoint)
        source = await self._session.driver.run(self._flows.chaincode_events(chaincode, start))
        return EventStream(self._session, source)

    async def block_events(
        self,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventStream[Block]:
        """Whole blocks. Raises GatewayError."""
        return await self._blocks(BLOCKS, Start(start_block, after_transaction_id, checkpoint))

    async def filtered_block_events(
        self,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventStream[FilteredBlock]:
        """Blocks without contents: ids, codes, names of events. Raises GatewayError."""
        return await self._blocks(
            FILTERED_BLOCKS, Start(start_block, after_transaction_id, checkpoint)
        )

    async def block_and_private_data_events(
        self,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventStream[BlockAndPrivateData]:
        """Whole blocks with the private data that the peer may have. Raises GatewayError."""
        start = Start(start_block, after_transaction_id, checkpoint)
        return await self._blocks(BLOCKS_AND_PRIVATE_DATA, start)

    async def new_chaincode_events_request(
        self,
        chaincode: str,
        *,
        start_block: int | None = None,
        after_transaction_id: str | None = None,
        checkpoint: Checkpointer | None = None,
    ) -> EventRequest[ChaincodeEvent]:
        """A request for chaincode events that can be signed elsewhere."""
        start = Start(start_block, after_transaction_id, checkpoint)
        flow = self._flows.chaincode_events_request(chaincode, start)
        request = await self._session.driver.run(flow)
        return EventRequest(self._session, request)

    async def new_block_events_request(
        self, *, start_block: int | None = None, checkpoint: Checkpointer | None = None
    ) -> EventRequest[Block]:
        """A request for whole blocks that can be signed elsewhere."""
        return await self._request(BLOCKS, Start(start_block, None, checkpoint))

    async def new_filtered_block_events_request(
        self, *, start_block: int | None = None, checkpoint: Checkpointer | None = None
    ) -> EventRequest[FilteredBlock]:
        """A request for filtered blocks that can be signed elsewhere."""
        return await self._request(FILTERED_BLOCKS, Start(start_block, None, checkpoint))

    async def new_block_and_private_data_events_request(
        self, *, start_block: int | None = None, checkpoint: Checkpointer | None = None
    ) -> EventRequest[BlockAndPrivateData]:
        """A request for blocks with private data that can be signed elsewhere."""
        return await self._request(BLOCKS_AND_PRIVATE_DATA, Start(start_block, None, checkpoint))

    async def _blocks(self, kind: StreamKind[N], start: Start) -> EventStream[N]:
        source = await self._session.driver.run(self._flows.blocks(kind, start))
        return EventStream(self._session, source)

    async def _request(self, kind: StreamKind[N], start: Start) -> EventRequest[N]:
        request = await self._session.driver.run(self._flows.blocks_request(kind, start))
        return EventRequest(self._session, request)
