"""Properties of simulation, conflicts and updates, against small models."""

from collections.abc import Iterator
from hashlib import sha256

import pytest
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.errors import ContractError, DecodeError, ValidationCode
from pyfabric.rules.state import mvcc
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set, kv_read
from pyfabric.rules.state.simulation import Simulation
from pyfabric.rules.state.summary import RangeSummary
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import StateReader, Version, VersionedValue

KEYS = ["", "a", "ab", "b", "é", "中", "\U0001f600", "\x00t\x00k\x00"]
keys = st.sampled_from(KEYS)
steps = st.one_of(
    st.tuples(st.just("get"), keys),
    st.tuples(st.just("put"), keys, st.sampled_from([b"1", b"2"])),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("metadata"), keys, st.sampled_from([{}, {"x": b"1"}, {"y": b"", "x": b"2"}])),
    st.tuples(st.just("range"), keys, keys, st.integers(0, 9)),
)
transactions = st.lists(steps, max_size=5)


def simulate(script: list[tuple[object, ...]], reader: StateReader) -> bytes:
    simulation = Simulation(reader)
    for step in script:
        match step:
            case ("get", str(key)):
                simulation.get_state("n", key)
            case ("put", str(key), bytes(value)):
                simulation.put_state("n", key, value)
            case ("delete", str(key)):
                simulation.delete_state("n", key)
            case ("metadata", str(key), dict(entries)):
                simulation.put_metadata("n", key, entries)
            case ("range", str(start), str(end), int(count)):
                scan = simulation.range("n", start, end)
                for _ in zip(range(count), scan, strict=False):
                    pass
    return simulation.read_write_set()


class Overlay:
    """State with a block's updates over it, by the definition."""

    def __init__(self, state: MemoryState, updates: Updates) -> None:
        self._values: dict[str, VersionedValue] = dict(state.range("n", "", ""))
        for (_, key), value in updates.changes.items():
            self._values.pop(key, None)
            if value.value:
                self._values[key] = value

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        return self._values.get(key)

    def range(self, namespace: str, start: str, end: str) -> Iterator[tuple[str, VersionedValue]]:
        for key in sorted(self._values, key=lambda k: k.encode()):
            if start.encode() <= key.encode() and (not end or key.encode() < end.encode()):
                yield key, self._values[key]


@given(st.lists(st.lists(transactions, max_size=4), max_size=5))
def test_a_transaction_is_valid_only_if_running_it_now_would_read_the_same(
    blocks: list[list[list[tuple[object, ...]]]],
) -> None:
    state = MemoryState()
    older = MemoryState()
    beginning: list[list[tuple[object, ...]]] = [[("put", key, b"0") for key in KEYS[1::2]]]
    for number, block in enumerate([beginning, *blocks]):
        endorsed = [simulate(script, older if i % 2 else state) for i, script in enumerate(block)]
        older = MemoryState()
        older.commit(_everything(state))
        updates = Updates()
        for index, (script, results) in enumerate(zip(block, endorsed, strict=True)):
            namespaces = decode_read_write_set(results)
            code = mvcc.validate(namespaces, state, updates)
            again = simulate(script, Overlay(state, updates))
            if code is ValidationCode.VALID:
                assert _reads(again) == _reads(results)
                updates.apply(namespaces, Version(number, index), state)
            elif _reads(again) == _reads(results):
                # Even a key that came and went inside the block is a conflict for those who read it.
                touched = {key for _, key in updates.changes}
                assert touched & {r.key for n in namespaces for r in n.public.reads} or any(
                    not q.itr_exhausted for n in namespaces for q in n.public.range_queries_info
                )
        state.commit(updates)


def _everything(state: MemoryState) -> Updates:
    copy = Updates()
    copy.changes.update({("n", key): value for key, value in state.range("n", "", "")})
    return copy


def _reads(results: bytes) -> list[object]:
    return [
        (list(n.public.reads), list(n.public.range_queries_info))
        for n in decode_read_write_set(results)
    ]


@given(st.lists(transactions, min_size=1, max_size=6))
def test_updates_over_state_equal_the_state_after_the_commit(
    scripts: list[list[tuple[object, ...]]],
) -> None:
    state, updates = MemoryState(), Updates()
    for index, script in enumerate(scripts):
        namespaces = decode_read_write_set(simulate(script, state))
        updates.apply(namespaces, Version(0, index), state)
    merged = list(mvcc.merge(state.range("n", "", ""), updates.range("n", "", "")))
    state.commit(updates)
    assert merged == list(state.range("n", "", ""))
    assert all(value.value for _, value in merged)


@given(st.integers(0, 200), st.integers(2, 5))
def test_a_summary_is_the_merkle_tree_of_its_reads(count: int, degree: int) -> None:
    reads = [kv_read(f"{i:04}", Version(i, 0)) for i in range(count)]
    summary = RangeSummary(degree)
    for read in reads:
        summary.add(read)
    summary.finish()
    if count <= degree:
        assert not summary.hashed
        assert summary.reads == reads
        return
    groups = [reads[i : i + degree + 1] for i in range(0, count, degree + 1)]
    nodes = [
        sha256(kv_rwset_pb2.QueryReads(kv_reads=group).SerializeToString()).digest()
        for group in groups
    ]
    level = 1
    while len(nodes) > degree:
        parts = [nodes[i : i + degree + 1] for i in range(0, len(nodes), degree + 1)]
        nodes = [p[0] if len(p) == 1 else sha256(b"".join(p)).digest() for p in parts]
        level += 1
    assert summary.reads == []
    assert summary.message() == kv_rwset_pb2.QueryReadsMerkleSummary(
        max_degree=degree, max_level=level, max_level_hashes=nodes
    )


@pytest.mark.parametrize("size", [50, 51, 52, 120])
def test_a_long_scan_conflicts_with_a_change_anywhere_in_it(size: int) -> None:
    state = MemoryState()
    writer = Simulation(state)
    for i in range(size):
        writer.put_state("n", f"{i:04}", b"v")
    _commit(state, writer, 0)
    reader = Simulation(state)
    assert len(list(reader.range("n", "", ""))) == size
    namespaces = decode_read_write_set(reader.read_write_set())
    assert namespaces[0].public.range_queries_info[0].HasField("reads_merkle_hashes") == (size > 50)
    assert mvcc.validate(namespaces, state, Updates()) is ValidationCode.VALID
    for position in (0, size // 2, size - 1):
        change = Simulation(state)
        change.put_state("n", f"{position:04}", b"w")
        updates = Updates()
        updates.apply(decode_read_write_set(change.read_write_set()), Version(1, 0), state)
        found = mvcc.validate(namespaces, state, updates)
        assert found is ValidationCode.PHANTOM_READ_CONFLICT


def test_a_scan_left_unread_covers_everything_after_its_start() -> None:
    """Read nothing of an opened range: the transaction conflicts with any key after the start."""
    state = MemoryState()
    reader = Simulation(state)
    reader.range("n", "b", "c")
    namespaces = decode_read_write_set(reader.read_write_set())
    assert mvcc.validate(namespaces, state, Updates()) is ValidationCode.VALID
    writer = Simulation(state)
    writer.put_state("n", "z", b"v")
    _commit(state, writer, 0)
    found = mvcc.validate(namespaces, state, Updates())
    assert found is ValidationCode.PHANTOM_READ_CONFLICT


def test_a_summary_of_an_impossible_degree_is_a_conflict() -> None:
    query = kv_rwset_pb2.RangeQueryInfo(itr_exhausted=True)
    query.reads_merkle_hashes.max_degree = 1
    entry = decode_read_write_set(Simulation(MemoryState()).read_write_set())
    assert entry == ()
    namespaces = [_namespace(kv_rwset_pb2.KVRWSet(range_queries_info=[query]))]
    found = mvcc.validate(namespaces, MemoryState(), Updates())
    assert found is ValidationCode.PHANTOM_READ_CONFLICT


def test_pages_and_writes_do_not_go_together() -> None:
    state = MemoryState()
    simulation = Simulation(state, "tx1")
    assert list(simulation.range("n", "", "", limit=3)) == []
    with pytest.raises(
        ContractError, match=r"^txid \[tx1\]: .*already performed a paginated query"
    ):
        simulation.put_state("n", "k", b"v")
    simulation = Simulation(state, "tx2")
    simulation.delete_state("n", "k")
    with pytest.raises(ContractError, match=r"^txid \[tx2\]: .*only in a read-only transaction"):
        simulation.range("n", "", "", limit=3)


def test_a_page_ends_as_if_there_were_no_more() -> None:
    state = MemoryState()
    writer = Simulation(state)
    for key in "abc":
        writer.put_state("n", key, b"v")
    _commit(state, writer, 0)
    simulation = Simulation(state)
    assert [key for key, _ in simulation.range("n", "a", "", limit=2)] == ["a", "b"]
    query = decode_read_write_set(simulation.read_write_set())[0].public.range_queries_info[0]
    assert (query.start_key, query.end_key, query.itr_exhausted) == ("a", "", True)


def test_a_value_keeps_the_metadata_that_its_key_had() -> None:
    state = MemoryState()
    first = Simulation(state)
    first.put_state("n", "k", b"1")
    first.put_metadata("n", "k", {"p": b"x"})
    first.put_metadata("n", "missing", {"p": b"x"})
    _commit(state, first, 0)
    second = Simulation(state)
    assert second.get_metadata("n", "k") == {"p": b"x"}
    assert second.get_metadata("n", "missing") == {}
    second.put_state("n", "k", b"2")
    _commit(state, second, 1)
    third = Simulation(state)
    third.put_metadata("n", "k", {"p": b"y"})
    _commit(state, third, 2)
    found = state.get("n", "k")
    assert found is not None
    assert (found.value, found.version) == (b"2", Version(2, 0))
    assert Simulation(state).get_metadata("n", "k") == {"p": b"y"}
    fourth = Simulation(state)
    fourth.put_metadata("n", "k", {})
    _commit(state, fourth, 3)
    assert Simulation(state).get_metadata("n", "k") == {}


@pytest.mark.parametrize("junk", [b"\xff", b"\x12\x05\x0a\x01n\x12\x01\xff"])
def test_junk_is_a_decode_error(junk: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_read_write_set(junk)


def _commit(state: MemoryState, simulation: Simulation, block: int) -> None:
    updates = Updates()
    namespaces = decode_read_write_set(simulation.read_write_set())
    updates.apply(namespaces, Version(block, 0), state)
    state.commit(updates)


def _namespace(public: kv_rwset_pb2.KVRWSet) -> NamespaceSet:
    message = rwset_pb2.TxReadWriteSet()
    message.ns_rwset.add(namespace="n", rwset=public.SerializeToString())
    return decode_read_write_set(message.SerializeToString())[0]
