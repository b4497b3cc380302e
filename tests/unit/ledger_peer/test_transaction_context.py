"""A peer's responses to a running contract, without a network: ranges, pages, metadata, refusals."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import pytest
from fabric_protos.common import policies_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_shim_pb2, proposal_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ContractError
from pyfabric.ledger.peer.transaction_context import TransactionContext
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.discovery.interest import interest
from pyfabric.rules.requests.collection_access import CollectionAccess
from pyfabric.rules.requests.handler import BATCH, Kind
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.private_simulation import PrivateSimulation
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue
from tests.support.rules import history


class State(MemoryState):
    """State of which every key was written `writes` times; only the last write is known."""

    def __init__(self, writes: int = 1) -> None:
        super().__init__()
        self.writes = writes

    def history(self, namespace: str, key: str) -> Iterator[kv_query_result_pb2.KeyModification]:
        found = self.get(namespace, key)
        for number in range(self.writes, 0, -1) if found else ():
            yield kv_query_result_pb2.KeyModification(tx_id=f"{namespace} {key} {number}")


def state(
    values: dict[str, bytes], metadata: dict[str, bytes] | None = None, *, writes: int = 1
) -> State:
    updates = Updates()
    for key, value in values.items():
        held = (metadata or {}).get(key, b"")
        updates.put(("cc", key), VersionedValue(value, Version(1, 0), held))
    memory = State(writes)
    memory.commit(updates)
    return memory


NOW = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
CONFIG = ChannelConfig.from_block(history.blocks()[0])


async def alone(payload: bytes) -> bytes:
    """Fail: there is no other chaincode to call."""
    raise ContractError("no chaincode is called here")


def context(memory: State) -> TransactionContext:
    simulation = PrivateSimulation(memory, "tx")
    access = CollectionAccess(CONFIG, "cc", "RegistryMSP", b"", simulation)
    signed = proposal_pb2.SignedProposal()
    return TransactionContext("cc", "ch", "tx", signed, NOW, simulation, memory, access, alone)


def ask_range(
    running: TransactionContext, start: str, end: str, page: int = 0, bookmark: str = ""
) -> chaincode_shim_pb2.QueryResponse:
    metadata = b""
    if page or bookmark:
        metadata = chaincode_shim_pb2.QueryMetadata(
            pageSize=page, bookmark=bookmark
        ).SerializeToString()
    request = chaincode_shim_pb2.GetStateByRange(startKey=start, endKey=end, metadata=metadata)
    raw = running.answer(Kind.GET_STATE_BY_RANGE, request.SerializeToString())
    return chaincode_shim_pb2.QueryResponse.FromString(raw)


def keys(results: Iterable[chaincode_shim_pb2.QueryResultBytes]) -> list[str]:
    return [kv_query_result_pb2.KV.FromString(one.resultBytes).key for one in results]


@given(st.integers(0, 3 * BATCH + 1))
def test_a_range_comes_in_batches(count: int) -> None:
    running = context(state({f"k{number:04}": b"v" for number in range(count)}))
    found = keys(rest(running, ask_range(running, "k", "")))
    assert found == [f"k{number:04}" for number in range(count)]


def rest(
    running: TransactionContext, response: chaincode_shim_pb2.QueryResponse
) -> Iterator[chaincode_shim_pb2.QueryResultBytes]:
    """Yield all results of a query whose first batch this is."""
    yield from response.results
    while response.has_more:
        request = chaincode_shim_pb2.QueryStateNext(id=response.id).SerializeToString()
        response = chaincode_shim_pb2.QueryResponse.FromString(
            running.answer(Kind.QUERY_STATE_NEXT, request)
        )
        assert 0 < len(response.results) <= BATCH
        yield from response.results


@given(st.integers(0, 3 * BATCH + 1))
def test_a_history_comes_in_batches_and_is_no_read(count: int) -> None:
    running = context(state({"k": b"v", "other": b"v"}, writes=count))
    request = chaincode_shim_pb2.GetHistoryForKey(key="k").SerializeToString()
    first = chaincode_shim_pb2.QueryResponse.FromString(
        running.answer(Kind.GET_HISTORY_FOR_KEY, request)
    )
    found = [
        kv_query_result_pb2.KeyModification.FromString(one.resultBytes).tx_id
        for one in rest(running, first)
    ]
    assert found == [f"cc k {number}" for number in range(count, 0, -1)]
    assert running.simulation.read_write_set() == context(state({})).simulation.read_write_set()


@given(st.integers(0, 12), st.integers(1, 5))
def test_pages_follow_their_bookmarks(count: int, page: int) -> None:
    memory = state({f"k{number:02}": b"v" for number in range(count)})
    found: list[str] = []
    bookmark = ""
    while True:
        response = ask_range(context(memory), "k", "l", page, bookmark)
        metadata = chaincode_shim_pb2.QueryResponseMetadata.FromString(response.metadata)
        assert metadata.fetched_records_count == len(response.results) <= page
        assert not response.has_more
        found += keys(response.results)
        bookmark = metadata.bookmark
        if not bookmark:
            break
    assert found == [f"k{number:02}" for number in range(count)]


def test_a_closed_or_unknown_query() -> None:
    running = context(state({f"k{number:04}": b"v" for number in range(BATCH + 1)}))
    response = ask_range(running, "", "")
    assert response.has_more
    close = chaincode_shim_pb2.QueryStateClose(id=response.id).SerializeToString()
    for _ in range(2):
        closed = chaincode_shim_pb2.QueryResponse.FromString(
            running.answer(Kind.QUERY_STATE_CLOSE, close)
        )
        assert (closed.id, closed.has_more) == (response.id, False)
    request = chaincode_shim_pb2.QueryStateNext(id=response.id).SerializeToString()
    with pytest.raises(ContractError, match="query iterator not found"):
        running.answer(Kind.QUERY_STATE_NEXT, request)


def test_a_page_and_a_write_do_not_go_together() -> None:
    put = chaincode_shim_pb2.PutState(key="k", value=b"v").SerializeToString()
    running = context(state({"k": b"v"}))
    ask_range(running, "", "", page=1)
    with pytest.raises(ContractError, match="Writes are not allowed"):
        running.answer(Kind.PUT_STATE, put)
    running = context(state({"k": b"v"}))
    running.answer(Kind.PUT_STATE, put)
    with pytest.raises(ContractError, match="supported only in a read-only transaction"):
        ask_range(running, "", "", page=1)


def test_policies_of_written_keys_are_gathered() -> None:
    policy = policies_pb2.SignaturePolicyEnvelope(version=0)
    policy.rule.signed_by = 0
    held = b"\x12" + bytes([2 + 20 + 2 + len(policy.SerializeToString())])
    entry = b"\x0a\x14VALIDATION_PARAMETER\x12" + bytes([len(policy.SerializeToString())])
    held += entry + policy.SerializeToString()
    memory = state({"sealed": b"1", "plain": b"1"}, {"sealed": held})
    running = context(memory)
    delete = chaincode_shim_pb2.DelState(key="sealed").SerializeToString()
    running.answer(Kind.DEL_STATE, delete)
    [call] = interest(running.simulation, ()).chaincodes
    assert list(call.key_policies) == [policy]
    assert call.disregard_namespace_policy
    put = chaincode_shim_pb2.PutState(key="plain", value=b"2").SerializeToString()
    running.answer(Kind.PUT_STATE, put)
    [call] = interest(running.simulation, ()).chaincodes
    assert list(call.key_policies) == [policy]
    assert not call.disregard_namespace_policy


def test_batches_of_reads_and_writes() -> None:
    records = chaincode_shim_pb2.WriteRecord.Type
    running = context(state({"a": b"1", "b": b"2"}))
    ask = chaincode_shim_pb2.GetStateMultiple(keys=["b", "none", "a"]).SerializeToString()
    answer = chaincode_shim_pb2.GetStateMultipleResult.FromString(
        running.answer(Kind.GET_STATE_MULTIPLE, ask)
    )
    assert list(answer.values) == [b"2", b"", b"1"]
    batch = chaincode_shim_pb2.WriteBatchState()
    batch.rec.add(type=records.PUT_STATE, key="c", value=b"3")
    batch.rec.add(type=records.DEL_STATE, key="a")
    entry = chaincode_shim_pb2.StateMetadata(metakey="M", value=b"m")
    batch.rec.add(type=records.PUT_STATE_METADATA, key="b", metadata=entry)
    assert running.answer(Kind.WRITE_BATCH_STATE, batch.SerializeToString()) == b""
    alone = context(state({"a": b"1", "b": b"2"}))
    for kind, request in (
        (Kind.GET_STATE_MULTIPLE, ask),
        (
            Kind.PUT_STATE,
            chaincode_shim_pb2.PutState(key="c", value=b"3").SerializeToString(),
        ),
        (Kind.DEL_STATE, chaincode_shim_pb2.DelState(key="a").SerializeToString()),
        (
            Kind.PUT_STATE_METADATA,
            chaincode_shim_pb2.PutStateMetadata(key="b", metadata=entry).SerializeToString(),
        ),
    ):
        alone.answer(kind, request)
    assert alone.simulation.read_write_set() == running.simulation.read_write_set()


@pytest.mark.parametrize(
    ("kind", "text"), [(0, "unknown operation type"), (23, "only applicable for private data")]
)
def test_batches_that_are_refused(kind: int, text: str) -> None:
    batch = chaincode_shim_pb2.WriteBatchState()
    batch.rec.add(key="c", value=b"3").MergeFromString(bytes([5 << 3, kind]))
    with pytest.raises(ContractError, match=text):
        context(state({})).answer(Kind.WRITE_BATCH_STATE, batch.SerializeToString())


def test_what_cannot_be_read() -> None:
    running = context(state({}))
    with pytest.raises(ContractError, match="unmarshal failed: proto: cannot parse"):
        running.answer(Kind.GET_STATE, b"\xff\xff")
