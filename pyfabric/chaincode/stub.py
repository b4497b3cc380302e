"""The stub: how a contract reads and writes state. `async_stub` is the same, awaited."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Generic, Self, TypeVar

from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode import requests, writes
from pyfabric.chaincode.invocation import Invocation
from pyfabric.chaincode.keys import composite_range, simple_range
from pyfabric.chaincode.requests import Ask, Request
from pyfabric.chaincode.results import Batch, KeyValue, Modification, Page, Response
from pyfabric.chaincode.transaction_info import TransactionInfo
from pyfabric.chaincode.writes import WriteBatch
from pyfabric.errors import ContractError
from pyfabric.rules.requests.writes import Record

T = TypeVar("T")

Exchange = Callable[[shim.ChaincodeMessage.Type, bytes], bytes]


class State:
    """State of one kind: the chaincode's public state, or a collection of private data.

    Every method raises ContractError when a request makes no sense, and StateError when the peer
    refuses it.
    """

    def __init__(self, ask: Ask, collection: str, multiple_reads: int, batch: WriteBatch) -> None:
        self._ask = ask
        self._collection = collection
        self._multiple_reads = multiple_reads
        self._batch = batch

    def get_state(self, key: str) -> bytes | None:
        """Return the committed value of a key, None if it has none; own writes are not seen."""
        return self._ask(requests.get_state(key, self._collection))

    def get_multiple_states(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the committed values of several keys in few requests, in the order of the keys."""
        found = requests.get_states(keys, self._multiple_reads, self._collection)
        return [value for each in found for value in self._ask(each)]

    def put_state(self, key: str, value: bytes) -> None:
        """Write a key when the transaction commits."""
        self._write(writes.put_state(key, value, self._collection))

    def delete_state(self, key: str) -> None:
        """Delete a key when the transaction commits."""
        self._write(writes.delete_state(key, self._collection))

    def get_state_range(self, start: str = "", end: str = "") -> "QueryIterator[KeyValue]":
        """Return the keys from `start` up to but without `end`, in order of their UTF-8 bytes.

        "" has no bound; composite keys are never among them. The range is checked again when the
        transaction commits.
        """
        bounds = simple_range(start, end)
        return QueryIterator(self._ask, requests.state_range(*bounds, self._collection))

    def get_state_by_partial_composite_key(
        self, object_type: str, attributes: Sequence[str] = (), *, after: Sequence[str] = ()
    ) -> "QueryIterator[KeyValue]":
        """Return all records whose composite key begins with these parts.

        With `after`, the parts that follow in a key which was read before, only the records behind that key.
        """
        bounds = composite_range(object_type, attributes, after)
        return QueryIterator(self._ask, requests.state_range(*bounds, self._collection))

    def get_query_result(self, query: str) -> "QueryIterator[KeyValue]":
        """Return what a rich query finds; a peer on LevelDB refuses it. Not checked again at commit."""
        return QueryIterator(self._ask, requests.query_result(query, self._collection))

    def get_state_validation_parameter(self, key: str) -> bytes | None:
        """Return the key's own endorsement policy (bytes), None if the chaincode's applies."""
        return self._ask(requests.get_validation_parameter(key, self._collection))

    def set_state_validation_parameter(self, key: str, policy: bytes) -> None:
        """Give the key an endorsement policy of its own when the transaction commits."""
        self._write(writes.set_validation_parameter(key, policy, self._collection))

    def _write(self, record: Record) -> None:
        if not self._batch.holds(record):
            self._ask(writes.write(record))


class PrivateCollection(State):
    """Private data: members keep the values, all peers of the channel keep their hashes."""

    def get_hash(self, key: str) -> bytes | None:
        """Return the SHA-256 of a value, which departments outside the collection can read too."""
        return self._ask(requests.get_hash(key, self._collection))

    def purge(self, key: str) -> None:
        """Delete a key, and all that was ever written to it from the members' databases."""
        self._write(writes.purge(key, self._collection))


class Stub(State, TransactionInfo):
    """The peer, as a function of a `Contract` sees it: the transaction, and public state."""

    def __init__(self, invocation: Invocation, exchange: Exchange) -> None:
        def ask(request: Request[T]) -> T:
            return request.parse(exchange(request.type, request.payload))

        batch = WriteBatch(invocation.write_batch)
        State.__init__(self, ask, "", invocation.multiple_reads, batch)
        TransactionInfo.__init__(self, invocation)

    def get_state_range_with_pagination(
        self, start: str, end: str, page_size: int, bookmark: str = ""
    ) -> Page:
        """Return one page of a range. Pages are not checked again at commit: for queries only."""
        bounds = simple_range(start, end)
        return self._ask(requests.state_page(*bounds, page_size, bookmark))

    def get_state_by_partial_composite_key_with_pagination(
        self, object_type: str, attributes: Sequence[str], page_size: int, bookmark: str = ""
    ) -> Page:
        """Return one page of the records whose composite key begins with these parts; for queries only."""
        bounds = composite_range(object_type, attributes)
        return self._ask(requests.state_page(*bounds, page_size, bookmark))

    def get_query_result_with_pagination(
        self, query: str, page_size: int, bookmark: str = ""
    ) -> Page:
        """Return one page of what a rich query finds; for queries only."""
        return self._ask(requests.query_page(query, page_size, bookmark))

    def get_history_for_key(self, key: str) -> "QueryIterator[Modification]":
        """Return all that was written to a key, newest first. Not checked again at commit."""
        return QueryIterator(self._ask, requests.history(key))

    def invoke_chaincode(
        self, name: str, arguments: Sequence[bytes], channel: str = ""
    ) -> Response:
        """Call another chaincode in this transaction.

        On the same channel what it reads and writes joins this transaction. On another `channel` it
        is a query only: its writes are dropped, and what it read is not checked at commit.
        """
        return self._ask(requests.invoke_chaincode(name, arguments, channel))

    def start_write_batch(self) -> None:
        """Hold back all writes, private ones too, to send them in few requests.

        They are sent by `finish_write_batch`, or when the function returns. What is wrong with one
        shows only then. Nothing happens at a peer that takes no batches (before Fabric 3.1).
        """
        self._batch.start()

    def finish_write_batch(self) -> None:
        """Send the writes that are held back; later ones are sent at once again."""
        for request in self._batch.finish():
            self._ask(request)

    def collection(self, name: str) -> "PrivateCollection":
        """Return a collection of private data."""
        if not name:
            raise ContractError("collection must not be an empty string")
        return PrivateCollection(self._ask, name, self._multiple_reads, self._batch)


class QueryIterator(Iterator[T], Generic[T]):
    """Results of a query, fetched as they are read. The peer forgets the query when the transaction
    ends; close it, or use `with`, to free it before."""

    def __init__(self, ask: Ask, first: Request[Batch[T]]) -> None:
        self._ask = ask
        self._parse = first.parse
        self._take(ask(first))

    def _take(self, batch: Batch[T]) -> None:
        self._items = deque(batch.items)
        self._has_more = batch.has_more
        self._query_id = batch.query_id

    def __next__(self) -> T:
        while not self._items:
            if not self._has_more:
                raise StopIteration
            self._take(self._ask(requests.next_batch(self._query_id, self._parse)))
        return self._items.popleft()

    def close(self) -> None:
        """Close the query; it has no more results."""
        self._items.clear()
        if self._has_more:
            self._has_more = False
            self._ask(requests.close_query(self._query_id))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
