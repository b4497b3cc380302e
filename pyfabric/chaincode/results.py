"""What a peer answers to queries and calls, read into plain values."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, NamedTuple, TypeVar

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.messages.decoding import decode, read_time
from pyfabric.messages.refusals import contract_error

T = TypeVar("T")

_REFUSED: Final = 400
"""The least status of a refusal (shim.ERRORTHRESHOLD of Fabric)."""


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

    def raise_unless_ok(self) -> None:
        """Raise the called chaincode's refusal as ContractError, with its code, facts and texts."""
        if self.status >= _REFUSED:
            raise contract_error(self.message)


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
    """Return a batch of keys and values (protos.QueryResponse); raises DecodeError."""
    return _batch(payload, _key_value)


def read_modifications(payload: bytes) -> Batch[Modification]:
    """Return a batch of a key's history; raises DecodeError."""
    return _batch(payload, _modification)


def read_page(payload: bytes) -> Page:
    """Return a page, with its bookmark and count; raises DecodeError."""
    response = decode(shim.QueryResponse, payload)
    described = decode(shim.QueryResponseMetadata, response.metadata)
    items = tuple(_key_value(each.resultBytes) for each in response.results)
    return Page(items, described.bookmark, described.fetched_records_count)


def _batch(payload: bytes, read: Callable[[bytes], T]) -> Batch[T]:
    response = decode(shim.QueryResponse, payload)
    items = tuple(read(each.resultBytes) for each in response.results)
    return Batch(items, response.has_more, response.id)


def _key_value(data: bytes) -> KeyValue:
    found = decode(kv_query_result_pb2.KV, data)
    return KeyValue(found.key, found.value)


def _modification(data: bytes) -> Modification:
    found = decode(kv_query_result_pb2.KeyModification, data)
    value = None if found.is_delete else found.value
    return Modification(found.tx_id, value, read_time(found.timestamp))
