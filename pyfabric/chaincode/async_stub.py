"""The stub of asynchronous contracts: as `stub`, awaited.

Requests of one transaction are sent one after the other, since a peer takes no more at once.
"""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Generic, Protocol, TypeVar

from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode import requests, writes
from pyfabric.chaincode.invocation import Invocation
from pyfabric.chaincode.keys import composite_range, simple_range
from pyfabric.chaincode.requests import Request
from pyfabric.chaincode.results import Batch, KeyValue, Modification, Page, Response
from pyfabric.chaincode.transaction_info import TransactionInfo
from pyfabric.chaincode.writes import WriteBatch
from pyfabric.errors import ContractError
from pyfabric.rules.requests.writes import Record

T = TypeVar("T")

AsyncExchange = Callable[[shim.ChaincodeMessage.Type, bytes], Awaitable[bytes]]


class AsyncAsk(Protocol):
    """Sends a request, awaits and reads its response."""

    async def __call__(self, request: Request[T], /) -> T: ...


class AsyncState:
    """As `State`, awaited."""

    def __init__(
        self, ask: AsyncAsk, collection: str, multiple_reads: int, batch: WriteBatch
    ) -> None:
        self._ask = ask
        self._collection = collection
        self._multiple_reads = multiple_reads
        self._batch = batch

    async def get_state(self, key: str) -> bytes | None:
        """Return the committed value of a key, None if it has none; own writes are not seen."""
        return await self._ask(requests.get_state(key, self._collection))

    async def get_multiple_states(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the committed values of several keys in few requests, in the order of the keys."""
        found = requests.get_states(keys, self._multiple_reads, self._collection)
        return [value for each in found for value in await self._ask(each)]

    async def put_state(self, key: str, value: bytes) -> None:
        """Write a key when the transaction commits."""
        await self._write(writes.put_state(key, value, self._collection))

    async def delete_state(self, key: str) -> None:
        """Delete a key when the transaction commits."""
        await self._write(writes.delete_state(key, self._collection))

    def get_state_range(self, start: str = "", end: str = "") -> "AsyncQueryIterator[KeyValue]":
        """Return the keys from `start` up to but without `end`, in order of their UTF-8 bytes.

        "" has no bound; composite keys are never among them. The range is checked again when the
        transaction commits.
        """
        bounds = simple_range(start, end)
        return AsyncQueryIterator(self._ask, requests.state_range(*bounds, self._collection))

    def get_state_by_partial_composite_key(
        self, object_type: str, attributes: Sequence[str] = (), *, after: Sequence[str] = ()
    ) -> "AsyncQueryIterator[KeyValue]":
        """Return all records whose composite key begins with these parts.

        With `after`, the parts that follow in a key which was read before, only the records behind that key.
        """
        bounds = composite_range(object_type, attributes, after)
        return AsyncQueryIterator(self._ask, requests.state_range(*bounds, self._collection))

    def get_query_result(self, query: str) -> "AsyncQueryIterator[KeyValue]":
        """Return what a rich query finds; a peer on LevelDB refuses it. Not checked again at commit."""
        return AsyncQueryIterator(self._ask, requests.query_result(query, self._collection))

    async def get_state_validation_parameter(self, key: str) -> bytes | None:
        """Return the key's own endorsement policy (bytes), None if the chaincode's applies."""
        return await self._ask(requests.get_validation_parameter(key, self._collection))

    async def set_state_validation_parameter(self, key: str, policy: bytes) -> None:
        """Give the key an endorsement policy of its own when the transaction commits."""
        await self._write(writes.set_validation_parameter(key, policy, self._collection))

    async def _write(self, record: Record) -> None:
        if not self._batch.holds(record):
            await self._ask(writes.write(record))


class AsyncPrivateCollection(AsyncState):
    """As `PrivateCollection`, awaited."""

    async def get_hash(self, key: str) -> bytes | None:
        """Return the SHA-256 of a value, which departments outside the collection can read too."""
        return await self._ask(requests.get_hash(key, self._collection))

    async def purge(self, key: str) -> None:
        """Delete a key, and all that was ever written to it from the members' databases."""
        await self._write(writes.purge(key, self._collection))


class AsyncStub(AsyncState, TransactionInfo):
    """The peer, as a function of an `AsyncContract` sees it: the transaction, and public state."""

    def __init__(self, invocation: Invocation, exchange: AsyncExchange) -> None:
        async def ask(request: Request[T]) -> T:
            return request.parse(await exchange(request.type, request.payload))

        batch = WriteBatch(invocation.write_batch)
        AsyncState.__init__(self, ask, "", invocation.multiple_reads, batch)
        TransactionInfo.__init__(self, invocation)

    async def get_state_range_with_pagination(
        self, start: str, end: str, page_size: int, bookmark: str = ""
    ) -> Page:
        """Return one page of a range. Pages are not checked again at commit: for queries only."""
        bounds = simple_range(start, end)
        return await self._ask(requests.state_page(*bounds, page_size, bookmark))

    async def get_state_by_partial_composite_key_with_pagination(
        self, object_type: str, attributes: Sequence[str], page_size: int, bookmark: str = ""
    ) -> Page:
        """Return one page of the records whose composite key begins with these parts; for queries only."""
        bounds = composite_range(object_type, attributes)
        return await self._ask(requests.state_page(*bounds, page_size, bookmark))

    async def get_query_result_with_pagination(
        self, query: str, page_size: int, bookmark: str = ""
    ) -> Page:
        """Return one page of what a rich query finds; for queries only."""
        return await self._ask(requests.query_page(query, page_size, bookmark))

    def get_history_for_key(self, key: str) -> "AsyncQueryIterator[Modification]":
        """Return all that was written to a key, newest first. Not checked again at commit."""
        return AsyncQueryIterator(self._ask, requests.history(key))

    async def invoke_chaincode(
        self, name: str, arguments: Sequence[bytes], channel: str = ""
    ) -> Response:
        """Call another chaincode in this transaction.

        On the same channel what it reads and writes joins this transaction. On another `channel` it
        is a query only: its writes are dropped, and what it read is not checked at commit.
        """
        return await self._ask(requests.invoke_chaincode(name, arguments, channel))

    def start_write_batch(self) -> None:
        """Hold back all writes, private ones too, to send them in few requests.

        They are sent by `finish_write_batch`, or when the function returns. What is wrong with one
        shows only then. Nothing happens at a peer that takes no batches (before Fabric 3.1).
        """
        self._batch.start()

    async def finish_write_batch(self) -> None:
        """Send the writes that are held back; later ones are sent at once again."""
        for request in self._batch.finish():
            await self._ask(request)

    def collection(self, name: str) -> "AsyncPrivateCollection":
        """Return a collection of private data."""
        if not name:
            raise ContractError("collection must not be an empty string")
        return AsyncPrivateCollection(self._ask, name, self._multiple_reads, self._batch)


class AsyncQueryIterator(AsyncIterator[T], Generic[T]):
    """Results of a query, fetched as they are read; `aclose` frees the query before its end."""

    def __init__(self, ask: AsyncAsk, first: Request[Batch[T]]) -> None:
        self._ask = ask
        self._parse = first.parse
        self._next: Request[Batch[T]] | None = first
        self._query_id = ""
        self._items: deque[T] = deque()

    async def __anext__(self) -> T:
        while not self._items:
            if self._next is None:
                raise StopAsyncIteration
            batch = await self._ask(self._next)
            self._items.extend(batch.items)
            self._query_id = batch.query_id
            more = batch.has_more
            self._next = requests.next_batch(batch.query_id, self._parse) if more else None
        return self._items.popleft()

    async def aclose(self) -> None:
        """Close the query; it has no more results."""
        self._items.clear()
        unfinished, self._next = self._next is not None, None
        if unfinished and self._query_id:
            await self._ask(requests.close_query(self._query_id))
