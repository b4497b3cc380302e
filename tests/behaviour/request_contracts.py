"""The contract of the behaviour suite, which makes a program's requests and returns the answers.

A program is JSON: a list of requests, each {"do": a method of the stub, "on": a collection, "with":
arguments, "keep": a name for the iterator}. Bytes are written {"bytes": hexadecimal digits}.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Any

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode import AsyncContext, AsyncContract, Context, Contract, transaction
from pyfabric.chaincode.async_stub import AsyncQueryIterator
from pyfabric.chaincode.requests import Request
from pyfabric.chaincode.results import Page
from pyfabric.chaincode.stub import QueryIterator
from pyfabric.errors import ContractError, FabricError

_PROPERTIES = ("transient", "creator", "channel_id", "transaction_id", "arguments", "timestamp")
_MESSAGES = {
    "GET_STATE": shim.GetState,
    "GET_STATE_MULTIPLE": shim.GetStateMultiple,
    "GET_PRIVATE_DATA_HASH": shim.GetState,
    "PUT_STATE": shim.PutState,
    "DEL_STATE": shim.DelState,
    "PURGE_PRIVATE_DATA": shim.PurgePrivateState,
    "WRITE_BATCH_STATE": shim.WriteBatchState,
    "GET_STATE_METADATA": shim.GetStateMetadata,
    "PUT_STATE_METADATA": shim.PutStateMetadata,
    "GET_STATE_BY_RANGE": shim.GetStateByRange,
    "GET_QUERY_RESULT": shim.GetQueryResult,
    "GET_HISTORY_FOR_KEY": shim.GetHistoryForKey,
    "QUERY_STATE_NEXT": shim.QueryStateNext,
    "QUERY_STATE_CLOSE": shim.QueryStateClose,
}


class Requests(Contract):
    """Makes requests with the blocking stub."""

    @transaction
    def run(self, ctx: Context, program: str) -> str:
        """Make each request; the answer to one that is refused is its refusal."""
        run = _Run(ctx)
        answers = []
        for request in _read(program):
            try:
                answers.append(_take(run.start(request)))
            except FabricError as error:
                answers.append({"refused": str(error)})
        return _write(answers)

    @transaction
    def insist(self, ctx: Context, program: str) -> str:
        """Make each request; the first that is refused is the transaction's refusal."""
        run = _Run(ctx)
        return _write([_take(run.start(request)) for request in _read(program)])


class AsyncRequests(AsyncContract):
    """Makes requests with the asynchronous stub."""

    @transaction
    async def run(self, ctx: AsyncContext, program: str) -> str:
        """Do what `Requests.run` does."""
        run = _Run(ctx)
        answers = []
        for request in _read(program):
            try:
                answers.append(await _take_async(run.start(request)))
            except FabricError as error:
                answers.append({"refused": str(error)})
        return _write(answers)

    @transaction
    async def insist(self, ctx: AsyncContext, program: str) -> str:
        """Do what `Requests.insist` does."""
        run = _Run(ctx)
        return _write([await _take_async(run.start(request)) for request in _read(program)])


class _Run:
    """One run of a program, with the iterators and query ids that it keeps."""

    def __init__(self, ctx: Context | AsyncContext) -> None:
        self._ctx = ctx
        self._kept: dict[str, Any] = {}

    def start(self, request: dict[str, Any]) -> Any:
        """Make a request, and return its answer or what is awaited or iterated for it."""
        name, arguments = request["do"], request.get("with", [])
        stub: Any = self._ctx.stub
        match name:
            case "refuse":
                raise ContractError(*arguments)
            case "fail":
                raise ValueError(*arguments)
            case "next":
                return _Some(self._kept[arguments[0]], arguments[1])
            case "close":
                kept = self._kept[arguments[0]]
                return kept.close() if isinstance(kept, QueryIterator) else kept.aclose()
            case "client":
                return _client(self._ctx, *arguments)
            case "raw":
                return self._raw(request.get("keep"), *arguments)
        target = stub.collection(request["on"]) if request.get("on") else stub
        found = getattr(target, name)
        answer = found if name in _PROPERTIES else found(*arguments)
        if request.get("keep"):
            self._kept[request["keep"]] = answer
            return None
        return answer

    def _raw(self, keep: str | None, kind: str, fields: Any) -> Any:
        """Send a message that skips the stub's checks: fields, or bytes that may be no message."""
        if isinstance(fields, dict):
            fields = _MESSAGES[kind](**dict(map(self._field, fields.items()))).SerializeToString()

        def parse(payload: bytes) -> Any:
            if keep is not None:
                self._kept[keep] = shim.QueryResponse.FromString(payload).id
            return _parse(kind, payload)

        ask = self._ctx.stub._ask
        return ask(Request(shim.ChaincodeMessage.Type.Value(kind), fields, parse))

    def _field(self, field: tuple[str, Any]) -> tuple[str, Any]:
        match field:
            case (name, {"kept": kept}):
                return name, self._kept[kept]
            case ("page", page):
                return "metadata", shim.QueryMetadata(**page).SerializeToString()
        return field


class _Some:
    """At most `count` results of an iterator that was kept."""

    def __init__(self, results: Any, count: int) -> None:
        self.results = results
        self.count = count


def _client(ctx: Context | AsyncContext, name: str, *arguments: str) -> Any:
    found = getattr(ctx.client, name)
    return found(*arguments) if callable(found) else found


def _take(answer: Any) -> Any:
    match answer:
        case _Some(results=results, count=count):
            return list(islice(results, count))
        case QueryIterator():
            return list(answer)
    return answer


async def _take_async(answer: Any) -> Any:
    if hasattr(answer, "__await__"):
        answer = await answer
    match answer:
        case _Some(results=results, count=count):
            some: list[Any] = []
            while len(some) < count:
                try:
                    some.append(await anext(results))
                except StopAsyncIteration:
                    break
            return some
        case AsyncQueryIterator():
            return [each async for each in answer]
    return answer


def _parse(kind: str, payload: bytes) -> Any:
    """Return the answer to a message as the peer gave it."""
    match kind:
        case "GET_STATE_MULTIPLE":
            return list(shim.GetStateMultipleResult.FromString(payload).values)
        case "GET_STATE_METADATA":
            entries = shim.StateMetadataResult.FromString(payload).entries
            return [[each.metakey, each.value] for each in entries]
        case "GET_STATE_BY_RANGE" | "QUERY_STATE_NEXT" | "QUERY_STATE_CLOSE":
            found = shim.QueryResponse.FromString(payload)
            entries = [
                kv_query_result_pb2.KV.FromString(each.resultBytes) for each in found.results
            ]
            page = None
            if found.metadata:
                described = shim.QueryResponseMetadata.FromString(found.metadata)
                page = [described.fetched_records_count, described.bookmark]
            return [[[each.key, each.value] for each in entries], found.has_more, page]
    return payload


def _read(program: str) -> list[dict[str, Any]]:
    def read(found: dict[str, Any]) -> Any:
        return bytes.fromhex(found["bytes"]) if set(found) == {"bytes"} else found

    requests: list[dict[str, Any]] = json.loads(program, object_hook=read)
    return requests


def _write(answers: Any) -> str:
    return json.dumps(_plain(answers))


def _plain(value: Any) -> Any:
    """Return an answer as JSON can hold it."""
    match value:
        case bytes():
            return {"bytes": value.hex()}
        case datetime():
            return {"time": value.isoformat()}
        case Page():
            return [_plain(value.items), value.bookmark, value.count]
        case dict():
            return {name: _plain(each) for name, each in sorted(value.items())}
        case str():
            return value
        case Iterable():
            return [_plain(each) for each in value]
    return value
