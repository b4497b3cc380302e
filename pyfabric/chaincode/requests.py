"""What a contract may ask of its peer: each request, and how its response is read; for writes see `writes`.

Source: peer/chaincode_shim.proto, and the peer's handler of it. Both stubs send these; nothing here
sends. `collection` names a collection of private data, "" public state.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from fabric_protos.peer import chaincode_pb2, proposal_response_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode.keys import require_bookmark, require_key
from pyfabric.chaincode.results import (
    Batch,
    KeyValue,
    Modification,
    Page,
    Response,
    read_key_values,
    read_modifications,
    read_page,
)
from pyfabric.errors import ContractError, StateError
from pyfabric.messages.decoding import decode

T = TypeVar("T")

_MAX_PAGE_SIZE = 2**31 - 1
VALIDATION_PARAMETER = "VALIDATION_PARAMETER"


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One request of `type` (ChaincodeMessage.Type), and how the payload of its response is read."""

    type: shim.ChaincodeMessage.Type
    payload: bytes
    parse: Callable[[bytes], T]


class Ask(Protocol):
    """Sends a request and reads its response."""

    def __call__(self, request: Request[T], /) -> T: ...


def get_state(key: str, collection: str = "") -> Request[bytes | None]:
    """Return the committed value of a key; a transaction does not see its own writes."""
    request = shim.GetState(key=require_key(key), collection=collection)
    return Request(shim.ChaincodeMessage.GET_STATE, request.SerializeToString(), _value)


def get_states(
    keys: Sequence[str], most: int, collection: str = ""
) -> list[Request[list[bytes | None]]]:
    """Return the values of several keys, up to `most` a request; 0: the peer takes one key at a time."""
    if not most:
        singles = [get_state(key, collection) for key in keys]
        return [Request(each.type, each.payload, _one_value) for each in singles]
    chunks = [keys[at : at + most] for at in range(0, len(keys), most)]
    return [_get_chunk(chunk, collection) for chunk in chunks]


def get_hash(key: str, collection: str) -> Request[bytes | None]:
    """Return the SHA-256 of a private value, which every peer of the channel knows."""
    request = shim.GetState(key=require_key(key), collection=collection)
    return Request(shim.ChaincodeMessage.GET_PRIVATE_DATA_HASH, request.SerializeToString(), _value)


def get_validation_parameter(key: str, collection: str = "") -> Request[bytes | None]:
    """Return the endorsement policy of a key, if it has one of its own."""
    request = shim.GetStateMetadata(key=require_key(key), collection=collection)
    return Request(shim.ChaincodeMessage.GET_STATE_METADATA, request.SerializeToString(), _policy)


def state_range(start: str, end: str, collection: str = "") -> Request[Batch[KeyValue]]:
    """Return the first results of a range; `end` is left out, and "" has no bound."""
    request = shim.GetStateByRange(startKey=start, endKey=end, collection=collection)
    return Request(
        shim.ChaincodeMessage.GET_STATE_BY_RANGE, request.SerializeToString(), read_key_values
    )


def state_page(start: str, end: str, page_size: int, bookmark: str) -> Request[Page]:
    """Return one page of a range, from a bookmark on."""
    wanted = _page_request(page_size, require_bookmark(bookmark, start, end))
    request = shim.GetStateByRange(startKey=start, endKey=end, metadata=wanted)
    return Request(shim.ChaincodeMessage.GET_STATE_BY_RANGE, request.SerializeToString(), read_page)


def query_result(query: str, collection: str = "") -> Request[Batch[KeyValue]]:
    """Return the first results of a rich query."""
    request = shim.GetQueryResult(query=query, collection=collection)
    return Request(
        shim.ChaincodeMessage.GET_QUERY_RESULT, request.SerializeToString(), read_key_values
    )


def query_page(query: str, page_size: int, bookmark: str) -> Request[Page]:
    """Return one page of a rich query, from a bookmark on."""
    request = shim.GetQueryResult(query=query, metadata=_page_request(page_size, bookmark))
    return Request(shim.ChaincodeMessage.GET_QUERY_RESULT, request.SerializeToString(), read_page)


def history(key: str) -> Request[Batch[Modification]]:
    """Return the first of a key's modifications, newest first."""
    request = shim.GetHistoryForKey(key=require_key(key))
    return Request(
        shim.ChaincodeMessage.GET_HISTORY_FOR_KEY, request.SerializeToString(), read_modifications
    )


def next_batch(query_id: str, parse: Callable[[bytes], Batch[T]]) -> Request[Batch[T]]:
    """Request more results of a query that has more."""
    request = shim.QueryStateNext(id=query_id)
    return Request(shim.ChaincodeMessage.QUERY_STATE_NEXT, request.SerializeToString(), parse)


def close_query(query_id: str) -> Request[None]:
    """Give up a query before its end."""
    request = shim.QueryStateClose(id=query_id)
    return Request(shim.ChaincodeMessage.QUERY_STATE_CLOSE, request.SerializeToString(), _nothing)


def invoke_chaincode(name: str, arguments: Sequence[bytes], channel: str) -> Request[Response]:
    """Request a function of another chaincode; `channel` "" is the transaction's own."""
    if not name:
        raise ContractError("the chaincode to call needs a name")
    callee = f"{name}/{channel}" if channel else name
    request = chaincode_pb2.ChaincodeSpec(
        chaincode_id=chaincode_pb2.ChaincodeID(name=callee),
        input=chaincode_pb2.ChaincodeInput(args=arguments),
    )
    return Request(shim.ChaincodeMessage.INVOKE_CHAINCODE, request.SerializeToString(), _response)


def _page_request(page_size: int, bookmark: str) -> bytes:
    if not 1 <= page_size <= _MAX_PAGE_SIZE:
        raise ContractError(f"page size must be from 1 to {_MAX_PAGE_SIZE}: {page_size}")
    return shim.QueryMetadata(pageSize=page_size, bookmark=bookmark).SerializeToString()


def _value(payload: bytes) -> bytes | None:
    return payload or None


def _one_value(payload: bytes) -> list[bytes | None]:
    return [_value(payload)]


def _get_chunk(keys: Sequence[str], collection: str) -> Request[list[bytes | None]]:
    request = shim.GetStateMultiple(keys=map(require_key, keys), collection=collection)
    return Request(shim.ChaincodeMessage.GET_STATE_MULTIPLE, request.SerializeToString(), _values)


def _values(payload: bytes) -> list[bytes | None]:
    return [_value(each) for each in decode(shim.GetStateMultipleResult, payload).values]


def _nothing(_payload: bytes) -> None:
    return None


def _policy(payload: bytes) -> bytes | None:
    entries = decode(shim.StateMetadataResult, payload).entries
    found = [each.value for each in entries if each.metakey == VALIDATION_PARAMETER]
    return found[0] if found else None


def _response(payload: bytes) -> Response:
    """Return the response of the called chaincode, which the peer wraps in a message of its own."""
    message = decode(shim.ChaincodeMessage, payload)
    if message.type != shim.ChaincodeMessage.COMPLETED:
        raise StateError(message.payload.decode(errors="replace"))
    response = decode(proposal_response_pb2.Response, message.payload)
    return Response(response.status, response.message, response.payload)
