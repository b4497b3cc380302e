"""What a contract may ask of its peer: each request, and how its answer reads.

Source: peer/chaincode_shim.proto, and the peer's handler of it. Both stubs send these; nothing here
sends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode.keys import require_bookmark, require_key
from pyfabric.errors import ContractError

T = TypeVar("T")

_MAX_PAGE_SIZE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request of `type` (ChaincodeMessage.Type), and what its answer's payload means."""

    type: shim.ChaincodeMessage.Type
    payload: bytes
    parse: Callable[[bytes], T]


class Ask(Protocol):
    """Sends a request and reads its answer."""

    def __call__(self, call: Call[T], /) -> T: ...


class KeyValue(NamedTuple):
    """A key and its committed value."""

    key: str
    value: bytes


class Batch(NamedTuple):
    """The part of a query's results that one message carries; `has_more`: ask with `query_id`."""

    items: tuple[KeyValue, ...]
    has_more: bool
    query_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page that the contract asked for.

    `bookmark` is where the next page starts ("" after the last one), `count` how many items this
    one holds.
    """

    items: tuple[KeyValue, ...]
    bookmark: str
    count: int


def get_state(key: str) -> Call[bytes | None]:
    """The committed value of a key; a transaction does not see its own writes."""
    request = shim.GetState(key=require_key(key))
    return Call(shim.ChaincodeMessage.GET_STATE, request.SerializeToString(), _value)


def put_state(key: str, value: bytes) -> Call[None]:
    """Write a key when the transaction commits."""
    if not value:
        raise ContractError("an empty value would delete the key: call delete_state to do so")
    request = shim.PutState(key=require_key(key), value=value)
    return Call(shim.ChaincodeMessage.PUT_STATE, request.SerializeToString(), _nothing)


def delete_state(key: str) -> Call[None]:
    """Delete a key when the transaction commits."""
    request = shim.DelState(key=require_key(key))
    return Call(shim.ChaincodeMessage.DEL_STATE, request.SerializeToString(), _nothing)


def state_range(start: str, end: str) -> Call[Batch]:
    """The first results of a range; `end` is left out, and "" has no bound."""
    request = shim.GetStateByRange(startKey=start, endKey=end)
    return Call(shim.ChaincodeMessage.GET_STATE_BY_RANGE, request.SerializeToString(), _batch)


def state_page(start: str, end: str, page_size: int, bookmark: str) -> Call[Page]:
    """One page of a range, from a bookmark on."""
    if not 1 <= page_size <= _MAX_PAGE_SIZE:
        raise ContractError(f"page size must be from 1 to {_MAX_PAGE_SIZE}: {page_size}")
    wanted = shim.QueryMetadata(pageSize=page_size, bookmark=require_bookmark(bookmark, start, end))
    request = shim.GetStateByRange(startKey=start, endKey=end, metadata=wanted.SerializeToString())
    return Call(shim.ChaincodeMessage.GET_STATE_BY_RANGE, request.SerializeToString(), _page)


def next_batch(query_id: str) -> Call[Batch]:
    """More results of a query that said it had more."""
    request = shim.QueryStateNext(id=query_id)
    return Call(shim.ChaincodeMessage.QUERY_STATE_NEXT, request.SerializeToString(), _batch)


def close_query(query_id: str) -> Call[None]:
    """Give up a query before its end."""
    request = shim.QueryStateClose(id=query_id)
    return Call(shim.ChaincodeMessage.QUERY_STATE_CLOSE, request.SerializeToString(), _nothing)


def _value(payload: bytes) -> bytes | None:
    return payload or None


def _nothing(_payload: bytes) -> None:
    return None


def _batch(payload: bytes) -> Batch:
    response = shim.QueryResponse.FromString(payload)
    return Batch(_items(response), response.has_more, response.id)


def _page(payload: bytes) -> Page:
    response = shim.QueryResponse.FromString(payload)
    described = shim.QueryResponseMetadata.FromString(response.metadata)
    return Page(_items(response), described.bookmark, described.fetched_records_count)


def _items(response: shim.QueryResponse) -> tuple[KeyValue, ...]:
    found = (kv_query_result_pb2.KV.FromString(each.resultBytes) for each in response.results)
    return tuple(KeyValue(each.key, each.value) for each in found)
