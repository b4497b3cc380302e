"""The handler of contracts' requests over a state in memory: limits, capabilities, and nonsense."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import chaincode_pb2
from fabric_protos.peer import chaincode_shim_pb2 as shim
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ContractError
from pyfabric.identity.msp import MSPManager
from pyfabric.messages.lifecycle import LIFECYCLE, NAMESPACES, metadata_key
from pyfabric.rules.configuration.channel_config import Capabilities
from pyfabric.rules.requests.collection_access import CollectionAccess
from pyfabric.rules.requests.handler import HANDLERS, REQUESTS, Kind, RequestHandler, refusal
from pyfabric.rules.requests.invocations import read_call
from pyfabric.rules.requests.writes import KINDS, Record, single_request
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.private_simulation import PrivateSimulation
from pyfabric.rules.state.rwset import decode_read_write_set
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue


@dataclass
class Members:
    """A channel with these application capabilities, and without members."""

    application: frozenset[str] = frozenset({"V2_5"})
    channel_id: str = "ch"
    msp_manager: MSPManager = field(default_factory=lambda: MSPManager([]))
    application_organizations: Sequence[str] = ()

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(frozenset(), frozenset(), self.application)


class Empty(MemoryState):
    """State without a past."""

    def history(self, namespace: str, key: str) -> Iterator[kv_query_result_pb2.KeyModification]:
        return iter(())


def handler(
    values: dict[tuple[str, str], bytes] | None = None, *capabilities: str
) -> tuple[RequestHandler, PrivateSimulation]:
    """Return the handler of a transaction, and what it simulates."""
    updates = Updates()
    for place, value in (values or {}).items():
        updates.put(place, VersionedValue(value, Version(1, 0)))
    state = Empty()
    state.commit(updates)
    simulation = PrivateSimulation(state, "tx")
    members = Members(frozenset(capabilities or {"V2_5"}))
    access = CollectionAccess(members, "cc", "Org1MSP", b"", simulation)
    return RequestHandler("cc", simulation, state, access), simulation


def refused(handled: RequestHandler, kind: int, request: Message | bytes = b"") -> str:
    """Return the text of the peer's refusal."""
    payload = request if isinstance(request, bytes) else request.SerializeToString()
    with pytest.raises(ContractError) as caught:
        handled.answer(kind, payload)
    return str(caught.value)


@pytest.mark.parametrize("kind", sorted(set(HANDLERS) - {Kind.QUERY_STATE_CLOSE}))
def test_bytes_that_are_no_request(kind: int) -> None:
    handled, simulation = handler()
    text = refused(handled, kind, b"\xff\xff")
    assert text == "unmarshal failed: proto: cannot parse invalid wire-format data"
    assert simulation.read_write_set() == b""


def test_a_request_that_a_peer_takes_is_handled_or_calls() -> None:
    assert set(HANDLERS) ^ REQUESTS == {Kind.INVOKE_CHAINCODE}


@pytest.mark.parametrize(
    ("kind", "request_"),
    [
        (Kind.GET_STATE_METADATA, b"\xff"),
        (Kind.PUT_STATE_METADATA, shim.PutStateMetadata(key="k")),
        (
            Kind.WRITE_BATCH_STATE,
            shim.WriteBatchState(rec=[Record(key="k", type=Record.Type.PUT_STATE_METADATA)]),
        ),
    ],
)
def test_metadata_need_a_capability(kind: int, request_: Message | bytes) -> None:
    handled, _ = handler(None, "V1_2")
    assert refused(handled, kind, request_) == (
        "key level endorsement is not enabled, channel application capability of V1_3 or later is "
        "required"
    )


def test_purging_needs_a_capability_and_then_a_collection() -> None:
    request = shim.PurgePrivateState(key="k")
    assert refused(handler(None, "V2_0")[0], Kind.PURGE_PRIVATE_DATA, request) == (
        "purge private data is not enabled, channel application capability of V2_5 or later is "
        "required"
    )
    assert refused(handler()[0], Kind.PURGE_PRIVATE_DATA, request) == (
        "only applicable for private data"
    )


def test_a_peer_without_private_data_reads_none() -> None:
    _, simulation = handler()
    assert simulation.get_private("cc", "c", "k") is None
    assert simulation.get_private_values("cc", "c", ["k", "l"]) == [None, None]
    assert list(simulation.private_range("cc", "c", "", "")) == []


def test_what_makes_a_peer_panic() -> None:
    handled, simulation = handler()
    request = shim.PutStateMetadata(key="k")
    assert refused(handled, Kind.PUT_STATE_METADATA, request) == "panic during execution"
    with pytest.raises(ContractError, match=r"^panic during execution$"):
        read_call(b"", "ch")
    record = Record(key="k", type=Record.Type.PUT_STATE_METADATA)
    batch = shim.WriteBatchState(rec=[record]).SerializeToString()
    assert handled.answer(Kind.WRITE_BATCH_STATE, batch) == b""
    [namespace] = decode_read_write_set(simulation.read_write_set())
    assert [one.name for one in namespace.public.metadata_writes[0].entries] == [""]


def test_a_definition_that_cannot_be_read() -> None:
    handled, _ = handler({(LIFECYCLE, metadata_key(NAMESPACES, "cc")): b"\xff"})
    text = refused(handled, Kind.GET_STATE, shim.GetState(key="k", collection="c"))
    assert text.startswith("could not get chaincode: ")


def test_a_chaincode_without_a_definition_has_no_collections() -> None:
    handled, _ = handler()
    text = refused(handled, Kind.GET_STATE, shim.GetState(key="k", collection="c"))
    assert text == "collection ch/cc/c could not be found"


@pytest.mark.parametrize(
    ("size", "bookmark", "expected", "following"),
    [
        (2, "", ["k0", "k1"], "k2"),
        (2, "k2", ["k2", "k3"], "k4"),
        (5, "", ["k0", "k1", "k2", "k3", "k4"], ""),
        (9, "", ["k0", "k1", "k2", "k3", "k4"], ""),
        (0, "k3", ["k3", "k4"], ""),
        (-1, "", ["k0", "k1", "k2", "k3", "k4"], ""),
        (2**31 - 1, "k4", ["k4"], ""),
    ],
)
def test_pages(size: int, bookmark: str, expected: list[str], following: str) -> None:
    handled, _ = handler({("cc", f"k{number}"): b"v" for number in range(5)})
    wanted = shim.QueryMetadata(pageSize=size, bookmark=bookmark).SerializeToString()
    request = shim.GetStateByRange(startKey="k", endKey="l", metadata=wanted)
    raw = handled.answer(Kind.GET_STATE_BY_RANGE, request.SerializeToString())
    response = shim.QueryResponse.FromString(raw)
    metadata = shim.QueryResponseMetadata.FromString(response.metadata)
    assert keys(response.results) == expected
    assert (metadata.fetched_records_count, metadata.bookmark) == (len(expected), following)
    assert (response.has_more, handled.open_queries) == (False, 0)


def test_a_query_is_open_until_its_last_result_or_its_end() -> None:
    handled, _ = handler({("cc", f"k{number:03}"): b"v" for number in range(150)})
    request = shim.GetStateByRange(startKey="k").SerializeToString()
    first = shim.QueryResponse.FromString(handled.answer(Kind.GET_STATE_BY_RANGE, request))
    assert (len(first.results), first.has_more, handled.open_queries) == (100, True, 1)
    following = shim.QueryStateNext(id=first.id).SerializeToString()
    rest = shim.QueryResponse.FromString(handled.answer(Kind.QUERY_STATE_NEXT, following))
    assert (len(rest.results), rest.has_more, handled.open_queries) == (50, False, 0)
    assert refused(handled, Kind.QUERY_STATE_NEXT, following) == "query iterator not found"


def keys(results: Iterable[shim.QueryResultBytes]) -> list[str]:
    """Return the keys of a response."""
    return [kv_query_result_pb2.KV.FromString(one.resultBytes).key for one in results]


def records() -> st.SearchStrategy[Record]:
    """Writes of public state, as a batch holds them."""
    key, value = st.text(max_size=3), st.binary(max_size=3)
    metadata = st.builds(shim.StateMetadata, metakey=key, value=value)
    return st.one_of(
        st.builds(Record, type=st.just(Record.Type.PUT_STATE), key=key, value=value),
        st.builds(Record, type=st.just(Record.Type.DEL_STATE), key=key),
        st.builds(Record, type=st.just(Record.Type.PUT_STATE_METADATA), key=key, metadata=metadata),
    )


@given(st.lists(records()))
def test_a_batch_does_what_its_writes_do_one_by_one(found: list[Record]) -> None:
    together, batched = handler()
    request = shim.WriteBatchState(rec=found).SerializeToString()
    assert together.answer(Kind.WRITE_BATCH_STATE, request) == b""
    apart, single = handler()
    for record in found:
        assert apart.answer(*single_request(record)) == b""
    assert batched.read_write_set() == single.read_write_set()


def test_each_write_has_a_request_of_its_own() -> None:
    assert {Kind.Name(kind) for kind in KINDS.values()} == {
        Record.Type.Name(kind) for kind in KINDS
    }
    purge = Record(type=Record.Type.PURGE_PRIVATE_DATA, key="k", collection="c")
    kind, payload = single_request(purge)
    assert (kind, shim.PurgePrivateState.FromString(payload)) == (
        Kind.PURGE_PRIVATE_DATA,
        shim.PurgePrivateState(key="k", collection="c"),
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cc", ("cc", "ch")),
        ("cc/other", ("cc", "other")),
        ("cc:1.0", ("cc", "ch")),
        ("cc:1.0/other/x", ("cc", "other/x")),
        ("", ("", "ch")),
    ],
)
def test_the_name_of_a_call(name: str, expected: tuple[str, str]) -> None:
    spec = chaincode_pb2.ChaincodeSpec(chaincode_id=chaincode_pb2.ChaincodeID(name=name))
    assert read_call(spec.SerializeToString(), "ch")[:2] == expected


def test_the_text_of_a_refusal() -> None:
    text = refusal(Kind.PUT_STATE, "tx", ContractError("no"))
    assert text == "PUT_STATE failed: transaction ID: tx: no"
