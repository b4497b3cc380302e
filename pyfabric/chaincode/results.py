"""What a peer answers to queries and calls, read into plain values."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

T = TypeVar("T")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class KeyValue(NamedTuple):
    """A key and its committed value."""

    key: str
    value: bytes


class Modification(NamedTuple):
    """What a transaction made of a key: `value` is None where it deleted it."""

    transaction_id: str
    value: bytes | None
    timestamp: datetime


class Response(NamedTuple):
    """What another chaincode answered; a status of 400 or more is its refusal."""

    status: int
    message: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """The part of a query's results that one message carries; `has_more`: ask with `query_id`."""

    items: tuple[T, ...]
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


def read_key_values(payload: bytes) -> Batch[KeyValue]:
    """A batch of keys and values (protos.QueryResponse)."""
    return _batch(payload, _key_value)


def read_modifications(payload: bytes) -> Batch[Modification]:
    """A batch of a key's history."""
    return _batch(payload, _modification)


def read_page(payload: bytes) -> Page:
    """A page, with its bookmark and count."""
    response = shim.QueryResponse.FromString(payload)
    described = shim.QueryResponseMetadata.FromString(response.metadata)
    items = tuple(_key_value(each.resultBytes) for each in response.results)
    return Page(items, described.bookmark, described.fetched_records_count)


def _batch(payload: bytes, read: Callable[[bytes], T]) -> Batch[T]:
    response = shim.QueryResponse.FromString(payload)
    items = tuple(read(each.resultBytes) for each in response.results)
    return Batch(items, response.has_more, response.id)


def _key_value(data: bytes) -> KeyValue:
    found = kv_query_result_pb2.KV.FromString(data)
    return KeyValue(found.key, found.value)


def _modification(data: bytes) -> Modification:
    found = kv_query_result_pb2.KeyModification.FromString(data)
    stamp = found.timestamp
    moment = _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    return Modification(found.tx_id, None if found.is_delete else found.value, moment)
