"""The stub: how a contract reads and writes state, blocking or awaited."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode import calls
from pyfabric.chaincode.calls import Ask, Batch, Call, KeyValue, Page
from pyfabric.chaincode.invocation import Event, Invocation
from pyfabric.chaincode.keys import (
    composite_range,
    create_composite_key,
    simple_range,
    split_composite_key,
)
from pyfabric.errors import ContractError

T = TypeVar("T")

Exchange = Callable[[shim.ChaincodeMessage.Type, bytes], bytes]
AsyncExchange = Callable[[shim.ChaincodeMessage.Type, bytes], Awaitable[bytes]]


class TransactionInfo:
    """What needs no peer: the transaction's own facts, composite keys, and its event."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._event: Event | None = None

    @property
    def channel_id(self) -> str:
        """The channel on which the transaction was proposed."""
        return self._invocation.channel_id

    @property
    def transaction_id(self) -> str:
        """The transaction's id."""
        return self._invocation.transaction_id

    @property
    def arguments(self) -> tuple[bytes, ...]:
        """All arguments as they came; the first is the function's name."""
        return self._invocation.arguments

    @property
    def timestamp(self) -> datetime:
        """When the client says it made the proposal (UTC): chosen by the client, so bound it."""
        return self._invocation.timestamp

    @property
    def creator(self) -> bytes:
        """The client's msp.SerializedIdentity; `ctx.client` reads it."""
        return self._invocation.creator

    @property
    def transient(self) -> Mapping[str, bytes]:
        """Data that the client gave the contract and that no ledger keeps."""
        return self._invocation.transient

    @property
    def event(self) -> Event | None:
        """The event set so far."""
        return self._event

    def set_event(self, name: str, payload: bytes = b"") -> None:
        """Emit an event when the transaction commits; a transaction has one, the last one set."""
        if not name:
            raise ContractError("event name can not be empty string")
        self._event = Event(name, payload)

    def create_composite_key(self, object_type: str, attributes: Sequence[str]) -> str:
        """The key of an object type with its attributes; raises ContractError for U+0000, U+10FFFF."""
        return create_composite_key(object_type, attributes)

    def split_composite_key(self, key: str) -> tuple[str, list[str]]:
        """The object type and attributes of a composite key."""
        return split_composite_key(key)


class Stub(TransactionInfo):
    """The peer, as a function of a `Contract` sees it. Every method raises ContractError when a
    request makes no sense, and StateError when the peer refuses it."""

    def __init__(self, invocation: Invocation, exchange: Exchange) -> None:
        super().__init__(invocation)
        self._exchange = exchange

    def _ask(self, call: Call[T]) -> T:
        return call.parse(self._exchange(call.type, call.payload))

    def get_state(self, key: str) -> bytes | None:
        """The committed value of a key, None if it has none; own writes are not seen."""
        return self._ask(calls.get_state(key))

    def put_state(self, key: str, value: bytes) -> None:
        """Write a key when the transaction commits."""
        self._ask(calls.put_state(key, value))

    def delete_state(self, key: str) -> None:
        """Delete a key when the transaction commits."""
        self._ask(calls.delete_state(key))

    def get_state_range(self, start: str = "", end: str = "") -> "StateIterator":
        """Keys from `start` up to but without `end`, in order of their UTF-8 bytes.

        "" has no bound; composite keys are never among them. The range is checked again when the
        transaction commits.
        """
        return StateIterator(self._ask, calls.state_range(*simple_range(start, end)))

    def get_state_range_with_pagination(
        self, start: str, end: str, page_size: int, bookmark: str = ""
    ) -> Page:
        """One page of a range. Pages are not checked again at commit: for queries only."""
        bounds = simple_range(start, end)
        return self._ask(calls.state_page(*bounds, page_size, bookmark))

    def get_state_by_partial_composite_key(
        self, object_type: str, attributes: Sequence[str] = ()
    ) -> "StateIterator":
        """All records whose composite key begins with these parts."""
        return StateIterator(
            self._ask, calls.state_range(*composite_range(object_type, attributes))
        )

    def get_state_by_partial_composite_key_with_pagination(
        self, object_type: str, attributes: Sequence[str], page_size: int, bookmark: str = ""
    ) -> Page:
        """One page of the records whose composite key begins with these parts; for queries only."""
        bounds = composite_range(object_type, attributes)
        return self._ask(calls.state_page(*bounds, page_size, bookmark))


class StateIterator(Iterator[KeyValue]):
    """Results of a query, fetched as they are read. The peer forgets the query when the transaction
    ends; close it, or use `with`, to free it before."""

    def __init__(self, ask: Ask, first: Call[Batch]) -> None:
        self._ask = ask
        self._take(ask(first))

    def _take(self, batch: Batch) -> None:
        self._items = deque(batch.items)
        self._has_more = batch.has_more
        self._query_id = batch.query_id

    def __next__(self) -> KeyValue:
        while not self._items:
            if not self._has_more:
                raise StopIteration
            self._take(self._ask(calls.next_batch(self._query_id)))
        return self._items.popleft()

    def close(self) -> None:
        """End the query; nothing more comes."""
        self._items.clear()
        if self._has_more:
            self._has_more = False
            self._ask(calls.close_query(self._query_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncStub(TransactionInfo):
    """The peer, as a function of an `AsyncContract` sees it: as `Stub`, awaited. Requests of one
    transaction are sent one after the other, since a peer takes no more at once."""

    def __init__(self, invocation: Invocation, exchange: AsyncExchange) -> None:
        super().__init__(invocation)
        self._exchange = exchange

    async def _ask(self, call: Call[T]) -> T:
        return call.parse(await self._exchange(call.type, call.payload))

    async def get_state(self, key: str) -> bytes | None:
        """The committed value of a key, None if it has none; own writes are not seen."""
        return await self._ask(calls.get_state(key))

    async def put_state(self, key: str, value: bytes) -> None:
        """Write a key when the transaction commits."""
        await self._ask(calls.put_state(key, value))

    async def delete_state(self, key: str) -> None:
        """Delete a key when the transaction commits."""
        await self._ask(calls.delete_state(key))

    def get_state_range(self, start: str = "", end: str = "") -> AsyncIterator[KeyValue]:
        """As `Stub.get_state_range`, for `async for`."""
        return self._results(calls.state_range(*simple_range(start, end)))

    async def get_state_range_with_pagination(
        self, start: str, end: str, page_size: int, bookmark: str = ""
    ) -> Page:
        """One page of a range. Pages are not checked again at commit: for queries only."""
        bounds = simple_range(start, end)
        return await self._ask(calls.state_page(*bounds, page_size, bookmark))

    def get_state_by_partial_composite_key(
        self, object_type: str, attributes: Sequence[str] = ()
    ) -> AsyncIterator[KeyValue]:
        """As `Stub.get_state_by_partial_composite_key`, for `async for`."""
        return self._results(calls.state_range(*composite_range(object_type, attributes)))

    async def get_state_by_partial_composite_key_with_pagination(
        self, object_type: str, attributes: Sequence[str], page_size: int, bookmark: str = ""
    ) -> Page:
        """One page of the records whose composite key begins with these parts; for queries only."""
        bounds = composite_range(object_type, attributes)
        return await self._ask(calls.state_page(*bounds, page_size, bookmark))

    async def _results(self, first: Call[Batch]) -> AsyncIterator[KeyValue]:
        batch = await self._ask(first)
        for item in batch.items:
            yield item
        while batch.has_more:
            batch = await self._ask(calls.next_batch(batch.query_id))
            for item in batch.items:
                yield item
