"""What a running contract asks of its peer, answered from one transaction's simulation.

Source: core/chaincode/handler.go and query_response_generator.go of Fabric 3.1; texts are the same. Every
ledger here handles requests with this; what differs is the state behind them (`state_access`).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2
from google.protobuf.message import Message

from pyfabric.errors import ContractError, FabricError
from pyfabric.messages.decoding import decode
from pyfabric.rules.requests.state_access import HistoryReader, Permissions, TransactionSimulator
from pyfabric.rules.requests.writes import KINDS, Record

Kind = chaincode_shim_pb2.ChaincodeMessage.Type
_Put: TypeAlias = chaincode_shim_pb2.PutState | Record
_Delete: TypeAlias = chaincode_shim_pb2.DelState | Record
_Purge: TypeAlias = chaincode_shim_pb2.PurgePrivateState | Record
_PutMetadata: TypeAlias = chaincode_shim_pb2.PutStateMetadata | Record

M = TypeVar("M", bound=Message)

BATCH = 100
TOTAL_LIMIT = 100_000
PANIC: Final = "panic during execution"
"""What a peer reports of a request on which its handler panics."""


@dataclass(slots=True)
class _Query:
    scan: Iterator[bytes]
    pending: list[chaincode_shim_pb2.QueryResultBytes] = field(default_factory=list)
    returned: int = 0


class RequestHandler:
    """Handles the requests of one transaction in one contract, except INVOKE_CHAINCODE.

    `namespace` is the chaincode's name, `batch` how many results of a query one response carries.
    """

    def __init__(
        self,
        namespace: str,
        simulation: TransactionSimulator,
        reader: HistoryReader,
        access: Permissions,
        *,
        batch: int = BATCH,
    ) -> None:
        self.namespace = namespace
        self.access = access
        self._simulation = simulation
        self._reader = reader
        self._batch_size = batch
        self._queries: dict[str, _Query] = {}
        self._numbers = count(1)

    @property
    def open_queries(self) -> int:
        """How many queries have results that were not fetched yet."""
        return len(self._queries)

    def answer(self, kind: int, payload: bytes) -> bytes:
        """Return the payload of the RESPONSE to a request; raises ContractError where it is an ERROR."""
        return HANDLERS[kind](self, payload)

    def get_state(self, payload: bytes) -> bytes:
        """Handle GET_STATE; the value of an absent key is empty."""
        request = _read(chaincode_shim_pb2.GetState, payload)
        if not request.collection:
            return self._simulation.get_state(self.namespace, request.key) or b""
        self.access.check_read(request.collection)
        self.access.check_name(request.collection)
        value = self._simulation.get_private(self.namespace, request.collection, request.key)
        return value or b""

    def get_states(self, payload: bytes) -> bytes:
        """Handle GET_STATE_MULTIPLE; the values come in the order of the keys."""
        request = _read(chaincode_shim_pb2.GetStateMultiple, payload)
        keys = list(request.keys)
        if request.collection:
            self.access.check_read(request.collection)
            self.access.check_name(request.collection)
            values = self._simulation.get_private_values(self.namespace, request.collection, keys)
        else:
            values = [self._simulation.get_state(self.namespace, key) for key in keys]
        return chaincode_shim_pb2.GetStateMultipleResult(
            values=[value or b"" for value in values]
        ).SerializeToString()

    def get_private_hash(self, payload: bytes) -> bytes:
        """Handle GET_PRIVATE_DATA_HASH; the hash of an absent key is empty."""
        request = _read(chaincode_shim_pb2.GetState, payload)
        self.access.check_hash()
        self.access.check_name(request.collection)
        found = self._simulation.get_private_hash(self.namespace, request.collection, request.key)
        return found or b""

    def put_state(self, payload: bytes) -> bytes:
        """Handle PUT_STATE."""
        self.put(_read(chaincode_shim_pb2.PutState, payload))
        return b""

    def delete_state(self, payload: bytes) -> bytes:
        """Handle DEL_STATE."""
        self.delete(_read(chaincode_shim_pb2.DelState, payload))
        return b""

    def purge_private(self, payload: bytes) -> bytes:
        """Handle PURGE_PRIVATE_DATA."""
        self.purge(_read(chaincode_shim_pb2.PurgePrivateState, payload))
        return b""

    def put_metadata(self, payload: bytes) -> bytes:
        """Handle PUT_STATE_METADATA, which replaces all metadata of the key."""
        request = _read(chaincode_shim_pb2.PutStateMetadata, payload)
        self.access.check_metadata()
        if not request.HasField("metadata"):
            raise ContractError(PANIC)
        self.set_metadata(request)
        return b""

    def write_batch(self, payload: bytes) -> bytes:
        """Handle WRITE_BATCH_STATE: make the writes in their order, until one is refused."""
        for record in _read(chaincode_shim_pb2.WriteBatchState, payload).rec:
            kind = KINDS.get(record.type)
            if kind is None:
                raise ContractError("unknown operation type")
            _RECORDS[kind](self, record)
        return b""

    def get_metadata(self, payload: bytes) -> bytes:
        """Handle GET_STATE_METADATA."""
        self.access.check_metadata()
        request = _read(chaincode_shim_pb2.GetStateMetadata, payload)
        if request.collection:
            self.access.check_read(request.collection)
            self.access.check_name(request.collection)
            entries = self._simulation.get_private_metadata(
                self.namespace, request.collection, request.key
            )
        else:
            entries = self._simulation.get_metadata(self.namespace, request.key)
        result = chaincode_shim_pb2.StateMetadataResult()
        for name, value in entries.items():
            result.entries.add(metakey=name, value=value)
        return result.SerializeToString()

    def get_range(self, payload: bytes) -> bytes:
        """Handle GET_STATE_BY_RANGE: by batches, or as a page when its metadata ask for one.

        A page of private data is only a limit: there is no bookmark.
        """
        request = _read(chaincode_shim_pb2.GetStateByRange, payload)
        metadata = _read(chaincode_shim_pb2.QueryMetadata, request.metadata)
        limit = _total_limit(metadata)
        if request.collection:
            scan = self._private_scan(request)
        elif _is_paginated(metadata):
            return self._page(metadata.bookmark or request.startKey, request.endKey, limit)
        else:
            scan = self._simulation.range(self.namespace, request.startKey, request.endKey)
        return self._start((self._pair(key, value) for key, value in scan), limit)

    def get_history(self, payload: bytes) -> bytes:
        """Handle GET_HISTORY_FOR_KEY, by batches; no read is recorded."""
        request = _read(chaincode_shim_pb2.GetHistoryForKey, payload)
        found = self._reader.history(self.namespace, request.key)
        return self._start((one.SerializeToString() for one in found), TOTAL_LIMIT)

    def next_batch(self, payload: bytes) -> bytes:
        """Handle QUERY_STATE_NEXT."""
        request = _read(chaincode_shim_pb2.QueryStateNext, payload)
        if request.id not in self._queries:
            raise ContractError("query iterator not found")
        return self._batch(request.id, TOTAL_LIMIT)

    def close_query(self, payload: bytes) -> bytes:
        """Handle QUERY_STATE_CLOSE; closing what is not open is no error."""
        request = _read(chaincode_shim_pb2.QueryStateClose, payload)
        self._queries.pop(request.id, None)
        return chaincode_shim_pb2.QueryResponse(id=request.id).SerializeToString()

    def rich_query(self, payload: bytes) -> bytes:
        """Handle GET_QUERY_RESULT, which LevelDB refuses."""
        request = _read(chaincode_shim_pb2.GetQueryResult, payload)
        metadata = _read(chaincode_shim_pb2.QueryMetadata, request.metadata)
        name = "ExecuteQuery"
        if request.collection:
            self.access.check_read(request.collection)
            self._simulation.before_private_query()
            self.access.check_name(request.collection)
        elif _is_paginated(metadata):
            self._simulation.before_paginated_query()
            name = "ExecuteQueryWithMetadata"
        raise ContractError(f"{name} not supported for leveldb")

    def put(self, request: _Put) -> None:
        """Write a value, as a request or a record of a batch asks."""
        key, value = request.key, request.value
        if request.collection:
            self.access.check_write(request.collection)
            self.access.check_name(request.collection)
            self._simulation.put_private(self.namespace, request.collection, key, value)
        else:
            self._simulation.put_state(self.namespace, key, value)

    def delete(self, request: _Delete) -> None:
        """Delete a key, as a request or a record of a batch asks."""
        if request.collection:
            self.access.check_write(request.collection)
            self.access.check_name(request.collection)
            self._simulation.put_private(self.namespace, request.collection, request.key, b"")
        else:
            self._simulation.delete_state(self.namespace, request.key)

    def purge(self, request: _Purge) -> None:
        """Purge a private key, as a request or a record of a batch asks."""
        self.access.check_purge()
        if not request.collection:
            raise ContractError("only applicable for private data")
        self.access.check_write(request.collection)
        self.access.check_name(request.collection)
        self._simulation.purge_private(self.namespace, request.collection, request.key)

    def set_metadata(self, request: _PutMetadata) -> None:
        """Replace the metadata of a key, as a request or a record of a batch asks."""
        self.access.check_metadata()
        entries = {request.metadata.metakey: request.metadata.value}
        if request.collection:
            self.access.check_write(request.collection)
            self.access.check_name(request.collection)
            self._simulation.put_private_metadata(
                self.namespace, request.collection, request.key, entries
            )
        else:
            self._simulation.put_metadata(self.namespace, request.key, entries)

    def _private_scan(
        self, request: chaincode_shim_pb2.GetStateByRange
    ) -> Iterator[tuple[str, bytes]]:
        self.access.check_read(request.collection)
        self._simulation.before_private_query()
        self.access.check_name(request.collection)
        return self._simulation.private_range(
            self.namespace, request.collection, request.startKey, request.endKey
        )

    def _start(self, scan: Iterator[bytes], limit: int) -> bytes:
        identifier = str(next(self._numbers))
        self._queries[identifier] = _Query(scan)
        return self._batch(identifier, limit)

    def _batch(self, identifier: str, limit: int) -> bytes:
        query = self._queries[identifier]
        while query.returned < limit:
            found = next(query.scan, None)
            if found is None:
                break
            full = len(query.pending) == self._batch_size
            results, query.pending = (query.pending, []) if full else ([], query.pending)
            query.pending.append(chaincode_shim_pb2.QueryResultBytes(resultBytes=found))
            query.returned += 1
            if full:
                return chaincode_shim_pb2.QueryResponse(
                    results=results, has_more=True, id=identifier
                ).SerializeToString()
        del self._queries[identifier]
        return chaincode_shim_pb2.QueryResponse(
            results=query.pending, id=identifier
        ).SerializeToString()

    def _page(self, start: str, end: str, size: int) -> bytes:
        found, bookmark = self._simulation.page(self.namespace, start, end, size)
        metadata = chaincode_shim_pb2.QueryResponseMetadata(
            fetched_records_count=len(found), bookmark=bookmark
        )
        return chaincode_shim_pb2.QueryResponse(
            results=[
                chaincode_shim_pb2.QueryResultBytes(resultBytes=self._pair(key, value))
                for key, value in found
            ],
            id=str(next(self._numbers)),
            metadata=metadata.SerializeToString(),
        ).SerializeToString()

    def _pair(self, key: str, value: bytes) -> bytes:
        entry = kv_query_result_pb2.KV(namespace=self.namespace, key=key, value=value)
        return entry.SerializeToString()


def refusal(kind: Kind, transaction_id: str, error: FabricError) -> str:
    """Return the text of the ERROR with which a peer answers a request that it refuses."""
    return f"{Kind.Name(kind)} failed: transaction ID: {transaction_id}: {error}"


def _read(kind: type[M], payload: bytes) -> M:
    return decode(kind, payload, ContractError, "unmarshal failed")


def _is_paginated(metadata: chaincode_shim_pb2.QueryMetadata) -> bool:
    return metadata.pageSize != 0 or bool(metadata.bookmark)


def _total_limit(metadata: chaincode_shim_pb2.QueryMetadata) -> int:
    return metadata.pageSize if 0 < metadata.pageSize < TOTAL_LIMIT else TOTAL_LIMIT


HANDLERS: Final[Mapping[int, Callable[[RequestHandler, bytes], bytes]]] = MappingProxyType(
    {
        Kind.GET_STATE: RequestHandler.get_state,
        Kind.GET_STATE_MULTIPLE: RequestHandler.get_states,
        Kind.GET_PRIVATE_DATA_HASH: RequestHandler.get_private_hash,
        Kind.PURGE_PRIVATE_DATA: RequestHandler.purge_private,
        Kind.WRITE_BATCH_STATE: RequestHandler.write_batch,
        Kind.PUT_STATE: RequestHandler.put_state,
        Kind.DEL_STATE: RequestHandler.delete_state,
        Kind.GET_STATE_METADATA: RequestHandler.get_metadata,
        Kind.PUT_STATE_METADATA: RequestHandler.put_metadata,
        Kind.GET_STATE_BY_RANGE: RequestHandler.get_range,
        Kind.QUERY_STATE_NEXT: RequestHandler.next_batch,
        Kind.QUERY_STATE_CLOSE: RequestHandler.close_query,
        Kind.GET_QUERY_RESULT: RequestHandler.rich_query,
        Kind.GET_HISTORY_FOR_KEY: RequestHandler.get_history,
    }
)
_RECORDS: Final[Mapping[int, Callable[[RequestHandler, Record], None]]] = MappingProxyType(
    {
        Kind.PUT_STATE: RequestHandler.put,
        Kind.DEL_STATE: RequestHandler.delete,
        Kind.PURGE_PRIVATE_DATA: RequestHandler.purge,
        Kind.PUT_STATE_METADATA: RequestHandler.set_metadata,
    }
)
REQUESTS: Final = frozenset({*HANDLERS, Kind.INVOKE_CHAINCODE})
"""All kinds of requests that a peer takes from a contract."""
