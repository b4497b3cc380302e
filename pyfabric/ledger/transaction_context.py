"""What a running contract asks of its peer, answered from one transaction's simulation.

Source: core/chaincode/handler.go and query_response_generator.go of Fabric 3.1; texts are those. Answers
are the payload of a RESPONSE, or a ContractError whose text goes into an ERROR.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count, islice

from fabric_protos.common import policies_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2, proposal_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.core.state.rwset import decode_metadata
from pyfabric.core.state.versions import StateReader
from pyfabric.errors import ContractError
from pyfabric.ledger.private_simulation import PrivateSimulation
from pyfabric.ledger.proposals import UNREADABLE

Kind = chaincode_shim_pb2.ChaincodeMessage.Type
_Record = chaincode_shim_pb2.WriteRecord.Type
VALIDATION_PARAMETER = "VALIDATION_PARAMETER"
BATCH = 100
TOTAL_LIMIT = 100_000


@dataclass(slots=True)
class _Query:
    scan: Iterator[tuple[str, bytes]]
    pending: list[chaincode_shim_pb2.QueryResultBytes] = field(default_factory=list)
    returned: int = 0


class TransactionContext:
    """One transaction in one contract.

    `key_policies` collects the key-level endorsement policies of the keys written, and
    `needs_chaincode_policy` whether any key was written, or none at all, that has no such policy.
    """

    def __init__(
        self,
        namespace: str,
        channel_id: str,
        transaction_id: str,
        signed: proposal_pb2.SignedProposal,
        simulation: PrivateSimulation,
        reader: StateReader,
    ) -> None:
        self.namespace = namespace
        self.channel_id = channel_id
        self.transaction_id = transaction_id
        self.signed = signed
        self.simulation = simulation
        self.key_policies: list[policies_pb2.SignaturePolicyEnvelope] = []
        self.wrote_plain_key = False
        self._reader = reader
        self._queries: dict[str, _Query] = {}
        self._numbers = count(1)

    @property
    def needs_chaincode_policy(self) -> bool:
        """Whether the chaincode's own policy must be satisfied."""
        return self.wrote_plain_key or not self.key_policies

    def answer(self, kind: int, payload: bytes) -> bytes:
        """The payload that answers a request; raises ContractError."""
        handler = _HANDLERS.get(kind)
        if handler is None:
            raise ContractError("not supported yet by the development ledger")
        try:
            return handler(self, payload)
        except ProtobufDecodeError as error:
            raise ContractError(f"unmarshal failed: {UNREADABLE}") from error

    def get_state(self, payload: bytes) -> bytes:
        """GET_STATE: an absent key is an empty answer."""
        request = chaincode_shim_pb2.GetState.FromString(payload)
        _refuse_private(request.collection)
        return self.simulation.get_state(self.namespace, request.key) or b""

    def get_states(self, payload: bytes) -> bytes:
        """GET_STATE_MULTIPLE: the values in the order of the keys."""
        request = chaincode_shim_pb2.GetStateMultiple.FromString(payload)
        _refuse_private(request.collection)
        values = [self.simulation.get_state(self.namespace, key) or b"" for key in request.keys]
        return chaincode_shim_pb2.GetStateMultipleResult(values=values).SerializeToString()

    def put_state(self, payload: bytes) -> bytes:
        """PUT_STATE."""
        self._put(chaincode_shim_pb2.PutState.FromString(payload))
        return b""

    def delete_state(self, payload: bytes) -> bytes:
        """DEL_STATE."""
        self._delete(chaincode_shim_pb2.DelState.FromString(payload))
        return b""

    def write_batch(self, payload: bytes) -> bytes:
        """WRITE_BATCH_STATE: writes in their order, until one is refused."""
        for record in chaincode_shim_pb2.WriteBatchState.FromString(payload).rec:
            if record.type == _Record.PUT_STATE:
                self._put(record)
            elif record.type == _Record.DEL_STATE:
                self._delete(record)
            elif record.type == _Record.PUT_STATE_METADATA:
                self._put_metadata(record)
            elif record.type == _Record.PURGE_PRIVATE_DATA:
                _refuse_private(record.collection or "_")
            else:
                raise ContractError("unknown operation type")
        return b""

    def _put(self, request: chaincode_shim_pb2.PutState | chaincode_shim_pb2.WriteRecord) -> None:
        _refuse_private(request.collection)
        self.simulation.put_state(self.namespace, request.key, request.value)
        self._note_policy(request.key)

    def _delete(
        self, request: chaincode_shim_pb2.DelState | chaincode_shim_pb2.WriteRecord
    ) -> None:
        _refuse_private(request.collection)
        self.simulation.delete_state(self.namespace, request.key)
        self._note_policy(request.key)

    def get_metadata(self, payload: bytes) -> bytes:
        """GET_STATE_METADATA."""
        request = chaincode_shim_pb2.GetStateMetadata.FromString(payload)
        _refuse_private(request.collection)
        entries = self.simulation.get_metadata(self.namespace, request.key)
        result = chaincode_shim_pb2.StateMetadataResult()
        for name, value in entries.items():
            result.entries.add(metakey=name, value=value)
        return result.SerializeToString()

    def put_metadata(self, payload: bytes) -> bytes:
        """PUT_STATE_METADATA: replaces what the key had."""
        self._put_metadata(chaincode_shim_pb2.PutStateMetadata.FromString(payload))
        return b""

    def _put_metadata(
        self, request: chaincode_shim_pb2.PutStateMetadata | chaincode_shim_pb2.WriteRecord
    ) -> None:
        _refuse_private(request.collection)
        entries = {request.metadata.metakey: request.metadata.value}
        self.simulation.put_metadata(self.namespace, request.key, entries)
        self._note_policy(request.key)

    def get_range(self, payload: bytes) -> bytes:
        """GET_STATE_BY_RANGE, by batches, or as a page when its metadata ask for one."""
        request = chaincode_shim_pb2.GetStateByRange.FromString(payload)
        _refuse_private(request.collection)
        metadata = chaincode_shim_pb2.QueryMetadata.FromString(request.metadata)
        if not (metadata.pageSize or metadata.bookmark):
            scan = self.simulation.range(self.namespace, request.startKey, request.endKey)
            identifier = str(next(self._numbers))
            self._queries[identifier] = _Query(scan)
            return self._batch(identifier, TOTAL_LIMIT)
        return self._page(request.endKey, metadata.bookmark or request.startKey, metadata.pageSize)

    def next_batch(self, payload: bytes) -> bytes:
        """QUERY_STATE_NEXT."""
        request = chaincode_shim_pb2.QueryStateNext.FromString(payload)
        if request.id not in self._queries:
            raise ContractError("query iterator not found")
        return self._batch(request.id, TOTAL_LIMIT)

    def close_query(self, payload: bytes) -> bytes:
        """QUERY_STATE_CLOSE; closing what is not open is no error."""
        request = chaincode_shim_pb2.QueryStateClose.FromString(payload)
        self._queries.pop(request.id, None)
        return chaincode_shim_pb2.QueryResponse(id=request.id).SerializeToString()

    def rich_query(self, payload: bytes) -> bytes:
        """GET_QUERY_RESULT: LevelDB has none."""
        chaincode_shim_pb2.GetQueryResult.FromString(payload)
        raise ContractError("ExecuteQuery not supported for leveldb")

    def _note_policy(self, key: str) -> None:
        found = self._reader.get(self.namespace, key)
        entries: Mapping[str, bytes] = {}
        if found is not None and found.metadata:
            entries = decode_metadata(found.metadata)
        policy = entries.get(VALIDATION_PARAMETER)
        if policy is None:
            self.wrote_plain_key = True
        else:
            self.key_policies.append(policies_pb2.SignaturePolicyEnvelope.FromString(policy))

    def _batch(self, identifier: str, limit: int) -> bytes:
        query = self._queries[identifier]
        while query.returned < limit:
            found = next(query.scan, None)
            if found is None:
                break
            full = len(query.pending) == BATCH
            results, query.pending = (query.pending, []) if full else ([], query.pending)
            query.pending.append(self._result(*found))
            query.returned += 1
            if full:
                return chaincode_shim_pb2.QueryResponse(
                    results=results, has_more=True, id=identifier
                ).SerializeToString()
        del self._queries[identifier]
        return chaincode_shim_pb2.QueryResponse(
            results=query.pending, id=identifier
        ).SerializeToString()

    def _page(self, end: str, start: str, page_size: int) -> bytes:
        size = page_size if 0 < page_size < TOTAL_LIMIT else TOTAL_LIMIT
        # One more `next` than results would mark the range as read to its end.
        found = list(islice(self.simulation.range(self.namespace, start, end, limit=size), size))
        bookmark = self._following(found[-1][0], end) if len(found) == size else ""
        metadata = chaincode_shim_pb2.QueryResponseMetadata(
            fetched_records_count=len(found), bookmark=bookmark
        )
        return chaincode_shim_pb2.QueryResponse(
            results=[self._result(key, value) for key, value in found],
            id=str(next(self._numbers)),
            metadata=metadata.SerializeToString(),
        ).SerializeToString()

    def _following(self, last: str, end: str) -> str:
        """The key at which the next page starts; empty after the last."""
        keys = islice(self._reader.range(self.namespace, last, end), 1, 2)
        return next((key for key, _ in keys), "")

    def _result(self, key: str, value: bytes) -> chaincode_shim_pb2.QueryResultBytes:
        entry = kv_query_result_pb2.KV(namespace=self.namespace, key=key, value=value)
        return chaincode_shim_pb2.QueryResultBytes(resultBytes=entry.SerializeToString())


def _refuse_private(collection: str) -> None:
    if collection:
        raise ContractError("private data: not supported yet by the development ledger")


_HANDLERS: Mapping[int, Callable[[TransactionContext, bytes], bytes]] = {
    Kind.GET_STATE: TransactionContext.get_state,
    Kind.GET_STATE_MULTIPLE: TransactionContext.get_states,
    Kind.WRITE_BATCH_STATE: TransactionContext.write_batch,
    Kind.PUT_STATE: TransactionContext.put_state,
    Kind.DEL_STATE: TransactionContext.delete_state,
    Kind.GET_STATE_METADATA: TransactionContext.get_metadata,
    Kind.PUT_STATE_METADATA: TransactionContext.put_metadata,
    Kind.GET_STATE_BY_RANGE: TransactionContext.get_range,
    Kind.QUERY_STATE_NEXT: TransactionContext.next_batch,
    Kind.QUERY_STATE_CLOSE: TransactionContext.close_query,
    Kind.GET_QUERY_RESULT: TransactionContext.rich_query,
}
