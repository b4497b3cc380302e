"""The peer's side of a transaction, over a simulation in memory."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim

from pyfabric.core.state.simulation import Simulation
from pyfabric.core.state.versions import StateReader
from pyfabric.errors import FabricError, StateError

_BATCH = 100

Type = shim.ChaincodeMessage.Type


class SimulatedPeer:
    """Answers the requests of one transaction, as a peer with a LevelDB state database does."""

    def __init__(
        self, reader: StateReader, simulation: Simulation, namespace: str, transaction_id: str
    ) -> None:
        self._reader = reader
        self._simulation = simulation
        self._namespace = namespace
        self._transaction_id = transaction_id
        self._queries: dict[str, Iterator[tuple[str, bytes]]] = {}
        self._handlers: dict[Type, Callable[[bytes], bytes]] = {
            shim.ChaincodeMessage.GET_STATE: self._get_state,
            shim.ChaincodeMessage.PUT_STATE: self._put_state,
            shim.ChaincodeMessage.DEL_STATE: self._delete_state,
            shim.ChaincodeMessage.GET_STATE_BY_RANGE: self._range,
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

    async def answer_async(self, kind: Type, payload: bytes) -> bytes:
        """`answer`, for asynchronous contracts."""
        return self.answer(kind, payload)

    def _get_state(self, payload: bytes) -> bytes:
        request = shim.GetState.FromString(payload)
        return self._simulation.get_state(self._namespace, request.key) or b""

    def _put_state(self, payload: bytes) -> bytes:
        request = shim.PutState.FromString(payload)
        self._simulation.put_state(self._namespace, request.key, request.value)
        return b""

    def _delete_state(self, payload: bytes) -> bytes:
        request = shim.DelState.FromString(payload)
        self._simulation.delete_state(self._namespace, request.key)
        return b""

    def _range(self, payload: bytes) -> bytes:
        request = shim.GetStateByRange.FromString(payload)
        if request.metadata:
            return self._page(request)
        results = self._simulation.range(self._namespace, request.startKey, request.endKey)
        query_id = str(len(self._queries))
        self._queries[query_id] = iter(results)
        return self._batch(query_id)

    def _page(self, request: shim.GetStateByRange) -> bytes:
        wanted = shim.QueryMetadata.FromString(request.metadata)
        start = wanted.bookmark or request.startKey
        scan = self._simulation.range(self._namespace, start, request.endKey, wanted.pageSize)
        items = list(islice(scan, wanted.pageSize))
        described = shim.QueryResponseMetadata(
            fetched_records_count=len(items),
            bookmark=self._following(items[-1][0], request.endKey)
            if len(items) == wanted.pageSize
            else "",
        )
        return _response(items, metadata=described.SerializeToString())

    def _following(self, key: str, end: str) -> str:
        """The key after `key` in the range; "" if there is none."""
        following = next(self._reader.range(self._namespace, key + "\x00", end), None)
        return "" if following is None else following[0]

    def _batch(self, query_id: str) -> bytes:
        results = self._queries.get(query_id)
        if results is None:
            raise StateError("query iterator not found")
        items = list(islice(results, _BATCH))
        has_more = len(items) == _BATCH
        return _response(items, has_more=has_more, query_id=query_id)

    def _next(self, payload: bytes) -> bytes:
        return self._batch(shim.QueryStateNext.FromString(payload).id)

    def _close(self, payload: bytes) -> bytes:
        request = shim.QueryStateClose.FromString(payload)
        self._queries.pop(request.id, None)
        return shim.QueryResponse(id=request.id).SerializeToString()


def _response(
    items: Iterable[tuple[str, bytes]],
    *,
    has_more: bool = False,
    query_id: str = "",
    metadata: bytes = b"",
) -> bytes:
    found = (kv_query_result_pb2.KV(key=key, value=value) for key, value in items)
    return shim.QueryResponse(
        results=[shim.QueryResultBytes(resultBytes=each.SerializeToString()) for each in found],
        has_more=has_more,
        id=query_id,
        metadata=metadata,
    ).SerializeToString()
