"""What a running contract asks of its peer, answered from one transaction's simulation.

Source: core/chaincode/handler.go and query_response_generator.go of Fabric 3.1; texts are those. Answers
are the payload of a RESPONSE, or a ContractError whose text goes into an ERROR.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice
from typing import Protocol

from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2, proposal_pb2

from pyfabric.errors import ContractError, DecodeError
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import INVALID_WIRE_FORMAT
from pyfabric.rules.requests.collection_access import CollectionAccess
from pyfabric.rules.state.private_simulation import PrivateSimulation
from pyfabric.rules.state.versions import StateReader

Kind = chaincode_shim_pb2.ChaincodeMessage.Type
_Record = chaincode_shim_pb2.WriteRecord.Type
BATCH = 100
TOTAL_LIMIT = 100_000


class LedgerReader(StateReader, Protocol):
    """Committed state at one height, and what came before it."""

    def history(self, namespace: str, key: str) -> Iterator[kv_query_result_pb2.KeyModification]:
        """What valid transactions wrote to a key, or that they deleted it, newest first."""
        ...


@dataclass(slots=True)
class _Query:
    scan: Iterator[bytes]
    pending: list[chaincode_shim_pb2.QueryResultBytes] = field(default_factory=list)
    returned: int = 0


class TransactionContext:
    """One transaction in one contract.

    `access` says what it may do in private data collections; `call` answers INVOKE_CHAINCODE, or
    raises ContractError.
    """

    def __init__(
        self,
        namespace: str,
        channel_id: str,
        transaction_id: str,
        signed: proposal_pb2.SignedProposal,
        simulation: PrivateSimulation,
        reader: LedgerReader,
        access: CollectionAccess,
        call: Callable[[bytes], Awaitable[bytes]],
    ) -> None:
        self.namespace = namespace
        self.channel_id = channel_id
        self.transaction_id = transaction_id
        self.signed = signed
        self.simulation = simulation
        self.access = access
        self.call = call
        self._reader = reader
        self._queries: dict[str, _Query] = {}
        self._numbers = count(1)

    def answer(self, kind: int, payload: bytes) -> bytes:
        """The payload that answers a request (but INVOKE_CHAINCODE); raises ContractError."""
        try:
            return HANDLERS[kind](self, payload)
        except DecodeError as error:
            raise ContractError(f"unmarshal failed: {INVALID_WIRE_FORMAT}") from error

    def get_state(self, payload: bytes) -> bytes:
        """GET_STATE: an absent key is an empty answer."""
        request = decode(chaincode_shim_pb2.GetState, payload)
        if not request.collection:
            return self.simulation.get_state(self.namespace, request.key) or b""
        self.access.check_read(request.collection)
        value = self.simulation.get_private(self.namespace, request.collection, request.key)
        return value or b""

    def get_states(self, payload: bytes) -> bytes:
        """GET_STATE_MULTIPLE: the values in the order of the keys."""
        request = decode(chaincode_shim_pb2.GetStateMultiple, payload)
        keys = list(request.keys)
        if request.collection:
            self.access.check_read(request.collection)
            values = self.simulation.get_private_values(self.namespace, request.collection, keys)
        else:
            values = [self.simulation.get_state(self.namespace, key) for key in keys]
        return chaincode_shim_pb2.GetStateMultipleResult(
            values=[value or b"" for value in values]
        ).SerializeToString()

    def get_private_hash(self, payload: bytes) -> bytes:
        """GET_PRIVATE_DATA_HASH: an absent key is an empty answer."""
        request = decode(chaincode_shim_pb2.GetState, payload)
        self.access.check_hash(request.collection)
        found = self.simulation.get_private_hash(self.namespace, request.collection, request.key)
        return found or b""

    def put_state(self, payload: bytes) -> bytes:
        """PUT_STATE."""
        self._put(decode(chaincode_shim_pb2.PutState, payload))
        return b""

    def delete_state(self, payload: bytes) -> bytes:
        """DEL_STATE."""
        self._delete(decode(chaincode_shim_pb2.DelState, payload))
        return b""

    def purge_private(self, payload: bytes) -> bytes:
        """PURGE_PRIVATE_DATA."""
        self._purge(decode(chaincode_shim_pb2.DelState, payload))
        return b""

    def write_batch(self, payload: bytes) -> bytes:
        """WRITE_BATCH_STATE: writes in their order, until one is refused."""
        for record in decode(chaincode_shim_pb2.WriteBatchState, payload).rec:
            if record.type == _Record.PUT_STATE:
                self._put(record)
            elif record.type == _Record.DEL_STATE:
                self._delete(record)
            elif record.type == _Record.PUT_STATE_METADATA:
                self._put_metadata(record)
            elif record.type == _Record.PURGE_PRIVATE_DATA:
                self._purge(record)
            else:
                raise ContractError("unknown operation type")
        return b""

    def _put(self, request: chaincode_shim_pb2.PutState | chaincode_shim_pb2.WriteRecord) -> None:
        key, value = request.key, request.value
        if request.collection:
            self.access.check_write(request.collection)
            self.simulation.put_private(self.namespace, request.collection, key, value)
        else:
            self.simulation.put_state(self.namespace, key, value)

    def _delete(
        self, request: chaincode_shim_pb2.DelState | chaincode_shim_pb2.WriteRecord
    ) -> None:
        if request.collection:
            self.access.check_write(request.collection)
            self.simulation.put_private(self.namespace, request.collection, request.key, b"")
        else:
            self.simulation.delete_state(self.namespace, request.key)

    def _purge(self, request: chaincode_shim_pb2.DelState | chaincode_shim_pb2.WriteRecord) -> None:
        self.access.check_purge()
        if not request.collection:
            raise ContractError("only applicable for private data")
        self.access.check_write(request.collection)
        self.simulation.purge_private(self.namespace, request.collection, request.key)

    def get_metadata(self, payload: bytes) -> bytes:
        """GET_STATE_METADATA."""
        request = decode(chaincode_shim_pb2.GetStateMetadata, payload)
        entries: Mapping[str, bytes]
        if request.collection:
            self.access.check_read(request.collection)
            entries = self.simulation.get_private_metadata(
                self.namespace, request.collection, request.key
            )
        else:
            entries = self.simulation.get_metadata(self.namespace, request.key)
        result = chaincode_shim_pb2.StateMetadataResult()
        for name, value in entries.items():
            result.entries.add(metakey=name, value=value)
        return result.SerializeToString()

    def put_metadata(self, payload: bytes) -> bytes:
        """PUT_STATE_METADATA: replaces what the key had."""
        self._put_metadata(decode(chaincode_shim_pb2.PutStateMetadata, payload))
        return b""

    def _put_metadata(
        self, request: chaincode_shim_pb2.PutStateMetadata | chaincode_shim_pb2.WriteRecord
    ) -> None:
        entries = {request.metadata.metakey: request.metadata.value}
        if request.collection:
            self.access.check_write(request.collection)
            self.simulation.put_private_metadata(
                self.namespace, request.collection, request.key, entries
            )
        else:
            self.simulation.put_metadata(self.namespace, request.key, entries)

    def get_range(self, payload: bytes) -> bytes:
        """GET_STATE_BY_RANGE, by batches, or as a page when its metadata ask for one.

        A page of private data is only a limit: there is no bookmark.
        """
        request = decode(chaincode_shim_pb2.GetStateByRange, payload)
        metadata = decode(chaincode_shim_pb2.QueryMetadata, request.metadata)
        size = metadata.pageSize
        limit = size if 0 < size < TOTAL_LIMIT else TOTAL_LIMIT
        scan: Iterator[tuple[str, bytes]]
        if request.collection:
            self.access.check_read(request.collection)
            scan = self.simulation.private_range(
                self.namespace, request.collection, request.startKey, request.endKey
            )
        elif size or metadata.bookmark:
            return self._page(request.endKey, metadata.bookmark or request.startKey, limit)
        else:
            scan = self.simulation.range(self.namespace, request.startKey, request.endKey)
        return self._start((self._pair(key, value) for key, value in scan), limit)

    def get_history(self, payload: bytes) -> bytes:
        """GET_HISTORY_FOR_KEY, by batches: no read is recorded."""
        request = decode(chaincode_shim_pb2.GetHistoryForKey, payload)
        found = self._reader.history(self.namespace, request.key)
        return self._start((one.SerializeToString() for one in found), TOTAL_LIMIT)

    def next_batch(self, payload: bytes) -> bytes:
        """QUERY_STATE_NEXT."""
        request = decode(chaincode_shim_pb2.QueryStateNext, payload)
        if request.id not in self._queries:
            raise ContractError("query iterator not found")
        return self._batch(request.id, TOTAL_LIMIT)

    def close_query(self, payload: bytes) -> bytes:
        """QUERY_STATE_CLOSE; closing what is not open is no error."""
        request = decode(chaincode_shim_pb2.QueryStateClose, payload)
        self._queries.pop(request.id, None)
        return chaincode_shim_pb2.QueryResponse(id=request.id).SerializeToString()

    def rich_query(self, payload: bytes) -> bytes:
        """GET_QUERY_RESULT: LevelDB has none."""
        request = decode(chaincode_shim_pb2.GetQueryResult, payload)
        if request.collection:
            self.access.check_read(request.collection)
            self.simulation.before_private_query()
        raise ContractError("ExecuteQuery not supported for leveldb")

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
            full = len(query.pending) == BATCH
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

    def _page(self, end: str, start: str, size: int) -> bytes:
        # One more `next` than results would mark the range as read to its end.
        found = list(islice(self.simulation.range(self.namespace, start, end, limit=size), size))
        bookmark = self._following(found[-1][0], end) if len(found) == size else ""
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

    def _following(self, last: str, end: str) -> str:
        """The key at which the next page starts; empty after the last."""
        keys = islice(self._reader.range(self.namespace, last, end), 1, 2)
        return next((key for key, _ in keys), "")

    def _pair(self, key: str, value: bytes) -> bytes:
        entry = kv_query_result_pb2.KV(namespace=self.namespace, key=key, value=value)
        return entry.SerializeToString()


HANDLERS: Mapping[int, Callable[[TransactionContext, bytes], bytes]] = {
    Kind.GET_STATE: TransactionContext.get_state,
    Kind.GET_STATE_MULTIPLE: TransactionContext.get_states,
    Kind.GET_PRIVATE_DATA_HASH: TransactionContext.get_private_hash,
    Kind.PURGE_PRIVATE_DATA: TransactionContext.purge_private,
    Kind.WRITE_BATCH_STATE: TransactionContext.write_batch,
    Kind.PUT_STATE: TransactionContext.put_state,
    Kind.DEL_STATE: TransactionContext.delete_state,
    Kind.GET_STATE_METADATA: TransactionContext.get_metadata,
    Kind.PUT_STATE_METADATA: TransactionContext.put_metadata,
    Kind.GET_STATE_BY_RANGE: TransactionContext.get_range,
    Kind.QUERY_STATE_NEXT: TransactionContext.next_batch,
    Kind.QUERY_STATE_CLOSE: TransactionContext.close_query,
    Kind.GET_QUERY_RESULT: TransactionContext.rich_query,
    Kind.GET_HISTORY_FOR_KEY: TransactionContext.get_history,
}
