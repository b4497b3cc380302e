"""The peer's side of a transaction, over a simulation in memory."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_pb2, proposal_response_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.chaincode.results import Response
from pyfabric.chaincode.writes import write
from pyfabric.errors import FabricError, StateError
from pyfabric.messages.decoding import decode
from pyfabric.rules.state.simulation import Simulation
from pyfabric.rules.state.versions import StateReader

_BATCH = 100

Type = shim.ChaincodeMessage.Type


Callee = Callable[[Sequence[bytes]], Response]


@dataclass(frozen=True, slots=True)
class Channel:
    """What a transaction finds: committed state, the past of each key, chaincodes to call."""

    state: StateReader
    past: Mapping[str, Sequence[kv_query_result_pb2.KeyModification]]
    callees: Mapping[str, Callee]


class SimulatedPeer:
    """Answers the requests of one transaction, as a peer with a LevelDB state database does.

    Private data is kept as state of another place: membership and dissemination are not simulated.
    """

    def __init__(
        self, channel: Channel, simulation: Simulation, namespace: str, transaction_id: str
    ) -> None:
        self._channel = channel
        self._simulation = simulation
        self._namespace = namespace
        self._transaction_id = transaction_id
        self._queries: dict[str, Iterator[tuple[str, bytes]]] = {}
        self._handlers: dict[Type, Callable[[bytes], bytes]] = {
            shim.ChaincodeMessage.GET_STATE: self._get_state,
            shim.ChaincodeMessage.GET_STATE_MULTIPLE: self._get_states,
            shim.ChaincodeMessage.GET_PRIVATE_DATA_HASH: self._get_hash,
            shim.ChaincodeMessage.PUT_STATE: self._put_state,
            shim.ChaincodeMessage.DEL_STATE: self._delete_state,
            shim.ChaincodeMessage.PURGE_PRIVATE_DATA: self._delete_state,
            shim.ChaincodeMessage.WRITE_BATCH_STATE: self._write_batch,
            shim.ChaincodeMessage.GET_STATE_METADATA: self._get_metadata,
            shim.ChaincodeMessage.PUT_STATE_METADATA: self._put_metadata,
            shim.ChaincodeMessage.GET_STATE_BY_RANGE: self._range,
            shim.ChaincodeMessage.GET_QUERY_RESULT: self._rich_query,
            shim.ChaincodeMessage.GET_HISTORY_FOR_KEY: self._history,
            shim.ChaincodeMessage.INVOKE_CHAINCODE: self._invoke,
            shim.ChaincodeMessage.QUERY_STATE_NEXT: self._next,
            shim.ChaincodeMessage.QUERY_STATE_CLOSE: self._close,
        }

    def answer(self, kind: Type, payload: bytes) -> bytes:
        """The payload of the peer's RESPONSE; raises StateError where the peer answers ERROR."""
        try:
            return self._handlers[kind](payload)
        except FabricError as error:
            name = shim.ChaincodeMessage.Type.Name(kind)
            raise StateError(
                f"{name} failed: transaction ID: {self._transaction_id}: {error}"
            ) from error

    def _place(self, collection: str) -> str:
        """Where a collection's values are kept: private data differs from state in its place only."""
        return f"{self._namespace}$$p{collection}" if collection else self._namespace

    def _get_state(self, payload: bytes) -> bytes:
        request = decode(shim.GetState, payload)
        return self._simulation.get_state(self._place(request.collection), request.key) or b""

    def _get_states(self, payload: bytes) -> bytes:
        request = decode(shim.GetStateMultiple, payload)
        place = self._place(request.collection)
        values = [self._simulation.get_state(place, key) or b"" for key in request.keys]
        return shim.GetStateMultipleResult(values=values).SerializeToString()

    def _get_hash(self, payload: bytes) -> bytes:
        value = self._get_state(payload)
        return hashlib.sha256(value).digest() if value else b""

    def _put_state(self, payload: bytes) -> bytes:
        request = decode(shim.PutState, payload)
        self._simulation.put_state(self._place(request.collection), request.key, request.value)
        return b""

    def _delete_state(self, payload: bytes) -> bytes:
        request = decode(shim.DelState, payload)
        self._simulation.delete_state(self._place(request.collection), request.key)
        return b""

    def _write_batch(self, payload: bytes) -> bytes:
        for record in decode(shim.WriteBatchState, payload).rec:
            call = write(record)
            self._handlers[call.type](call.payload)
        return b""

    def _get_metadata(self, payload: bytes) -> bytes:
        request = decode(shim.GetStateMetadata, payload)
        place = self._place(request.collection)
        found = self._simulation.get_metadata(place, request.key)
        entries = [shim.StateMetadata(metakey=key, value=value) for key, value in found.items()]
        return shim.StateMetadataResult(entries=entries).SerializeToString()

    def _put_metadata(self, payload: bytes) -> bytes:
        request = decode(shim.PutStateMetadata, payload)
        entries = {request.metadata.metakey: request.metadata.value}
        self._simulation.put_metadata(self._place(request.collection), request.key, entries)
        return b""

    def _rich_query(self, payload: bytes) -> bytes:
        paged = "WithMetadata" if decode(shim.GetQueryResult, payload).metadata else ""
        raise StateError(f"ExecuteQuery{paged} not supported for leveldb")

    def _history(self, payload: bytes) -> bytes:
        request = decode(shim.GetHistoryForKey, payload)
        past = reversed(self._channel.past.get(request.key, ()))
        return _response([each.SerializeToString() for each in past])

    def _invoke(self, payload: bytes) -> bytes:
        spec = decode(chaincode_pb2.ChaincodeSpec, payload)
        name = spec.chaincode_id.name
        callee = self._channel.callees.get(name)
        if callee is None:
            raise StateError(f"chaincode {name} not found")
        answer = callee(tuple(spec.input.args))
        response = proposal_response_pb2.Response(
            status=answer.status, message=answer.message, payload=answer.payload
        )
        return shim.ChaincodeMessage(
            type=shim.ChaincodeMessage.COMPLETED, payload=response.SerializeToString()
        ).SerializeToString()

    def _range(self, payload: bytes) -> bytes:
        request = decode(shim.GetStateByRange, payload)
        if request.metadata:
            return self._page(request)
        place = self._place(request.collection)
        results = self._simulation.range(place, request.startKey, request.endKey)
        query_id = str(len(self._queries))
        self._queries[query_id] = results
        return self._batch(query_id)

    def _page(self, request: shim.GetStateByRange) -> bytes:
        wanted = decode(shim.QueryMetadata, request.metadata)
        start = wanted.bookmark or request.startKey
        scan = self._simulation.range(self._namespace, start, request.endKey, wanted.pageSize)
        items = list(islice(scan, wanted.pageSize))
        described = shim.QueryResponseMetadata(
            fetched_records_count=len(items),
            bookmark=self._following(items[-1][0], request.endKey)
            if len(items) == wanted.pageSize
            else "",
        )
        return _response(_pairs(items), metadata=described.SerializeToString())

    def _following(self, key: str, end: str) -> str:
        """The key after `key` in the range; "" if there is none."""
        following = next(self._channel.state.range(self._namespace, key + "\x00", end), None)
        return "" if following is None else following[0]

    def _batch(self, query_id: str) -> bytes:
        results = self._queries.get(query_id)
        if results is None:
            raise StateError("query iterator not found")
        items = list(islice(results, _BATCH))
        has_more = len(items) == _BATCH
        return _response(_pairs(items), has_more=has_more, query_id=query_id)

    def _next(self, payload: bytes) -> bytes:
        return self._batch(decode(shim.QueryStateNext, payload).id)

    def _close(self, payload: bytes) -> bytes:
        request = decode(shim.QueryStateClose, payload)
        self._queries.pop(request.id, None)
        return shim.QueryResponse(id=request.id).SerializeToString()


def _pairs(items: Iterable[tuple[str, bytes]]) -> list[bytes]:
    found = (kv_query_result_pb2.KV(key=key, value=value) for key, value in items)
    return [each.SerializeToString() for each in found]


def _response(
    results: Iterable[bytes],
    *,
    has_more: bool = False,
    query_id: str = "",
    metadata: bytes = b"",
) -> bytes:
    return shim.QueryResponse(
        results=[shim.QueryResultBytes(resultBytes=each) for each in results],
        has_more=has_more,
        id=query_id,
        metadata=metadata,
    ).SerializeToString()
