"""Simulation, updates and conflict rules against a real channel (vectors/5-channel-history)."""

import base64
from collections.abc import Iterator

import pytest
from fabric_protos.common import common_pb2

from pyfabric.errors import ValidationCode
from pyfabric.rules.state import mvcc
from pyfabric.rules.state.commit_hash import commit_hash
from pyfabric.rules.state.expiry import expire
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.rwset import NamespaceSet, decode_metadata, decode_read_write_set
from pyfabric.rules.state.simulation import Simulation
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import StateReader, Version
from tests.support.rules import history

ENDORSER_TRANSACTION = 3
DECIDED_BY_STATE = (
    ValidationCode.VALID,
    ValidationCode.MVCC_READ_CONFLICT,
    ValidationCode.PHANTOM_READ_CONFLICT,
)


class Replay:
    """State rebuilt from the blocks; yields each transaction that reached the state rules."""

    def __init__(self) -> None:
        self.state = MemoryState()

    def __iter__(self) -> Iterator[tuple[bytes, ValidationCode, ValidationCode]]:
        for number, block in enumerate(history.blocks()):
            updates = Updates()
            for index, envelope in enumerate(block.data.data):
                code = ValidationCode(block.metadata.metadata[2][index])
                if history.header_type(envelope) != ENDORSER_TRANSACTION:
                    continue
                if code in DECIDED_BY_STATE:
                    results = history.results(envelope)
                    namespaces = decode_read_write_set(results)
                    decided = mvcc.validate(namespaces, self.state, updates)
                    yield results, code, decided
                    if code is ValidationCode.VALID:
                        updates.apply(namespaces, Version(number, index), self.state)
            self.after_validation(block, updates)
            expire(number, {"ledger$$hfleeting": 3}, self.state, updates)
            self.state.commit(updates)

    def after_validation(self, block: common_pb2.Block, updates: Updates) -> None:
        """Check each block before what expires with it is deleted."""


def test_conflicts_and_phantoms_are_decided_as_the_peers_did() -> None:
    codes = [(code, decided) for _, code, decided in Replay()]
    assert [code for code, _ in codes] == [decided for _, decided in codes]
    assert len(codes) == 102


def test_replayed_state_is_the_snapshot_of_the_peer() -> None:
    replay = Replay()
    assert sum(1 for _ in replay) == 102
    expected = history.load("world-state.json")
    del expected[""]
    for namespace, entries in expected.items():
        found = [
            (key, value.version, value.value, decode_metadata(value.metadata))
            for key, value in replay.state.range(namespace, "", "")
        ]
        assert found == [
            (
                entry["key"],
                Version(entry["version"]["block"], entry["version"]["tx"]),
                _bytes(entry["value"]),
                {m["name"]: bytes.fromhex(m["value_hex"]) for m in entry.get("metadata", [])},
            )
            for entry in entries
        ]


def test_replayed_hashes_of_private_data_are_the_snapshot_of_the_peer() -> None:
    replay = Replay()
    assert sum(1 for _ in replay) == 102
    expected = history.load("private-state-hashes.json")
    assert len(expected) > 3
    fleeting = "ledger$$hfleeting"
    assert fleeting not in expected
    assert not list(replay.state.range(fleeting, "", ""))
    for namespace, entries in expected.items():
        name, _, collection = namespace.partition("$$h")
        found = [
            (key, value.value.hex(), value.version)
            for key, value in replay.state.range(f"{name}$$h{collection}", "", "")
        ]
        assert found == [
            (e["key_hash"], e["value_hash"], Version(e["version"]["block"], e["version"]["tx"]))
            for e in entries
        ]


def test_simulation_writes_the_same_bytes_as_the_peers() -> None:
    replay = Replay()
    checked = 0
    for results, code, _ in replay:
        namespaces = decode_read_write_set(results)
        if code is not ValidationCode.VALID or any(n.collections for n in namespaces):
            continue
        if _crafted(namespaces):
            continue
        assert _simulated_again(namespaces, replay.state) == results
        checked += 1
    assert checked == 61


def _simulated_again(namespaces: tuple[NamespaceSet, ...], state: StateReader) -> bytes:
    simulation = Simulation(state)
    for entry in reversed(namespaces):
        for query in entry.public.range_queries_info:
            reads = len(query.raw_reads.kv_reads)
            scan = simulation.range(entry.namespace, query.start_key, query.end_key)
            keys = [next(scan)[0] for _ in range(reads)]
            assert keys == [read.key for read in query.raw_reads.kv_reads]
            if query.itr_exhausted:
                with pytest.raises(StopIteration):
                    next(scan)
        for read in reversed(entry.public.reads):
            simulation.get_state(entry.namespace, read.key)
        for write in reversed(entry.public.writes):
            simulation.put_state(entry.namespace, write.key, write.value)
        for change in reversed(entry.public.metadata_writes):
            entries = {item.name: item.value for item in reversed(change.entries)}
            simulation.put_metadata(entry.namespace, change.key, entries)
    return simulation.read_write_set()


def _crafted(namespaces: tuple[NamespaceSet, ...]) -> bool:
    """Return whether the set was built by hand: no peer writes a key twice or a value into a deletion."""
    for entry in namespaces:
        keys = [write.key for write in entry.public.writes]
        if len(keys) != len(set(keys)):
            return True
        if any(write.is_delete and write.value for write in entry.public.writes):
            return True
    return False


def _bytes(value: dict[str, str]) -> bytes:
    if "base64" in value:
        return base64.b64decode(value["base64"])
    return value["text"].encode()


def test_every_transaction_of_the_history_is_there() -> None:
    counts = [len(block.data.data) for block in history.blocks()]
    assert sum(counts) == 178
    assert all(isinstance(block, common_pb2.Block) for block in history.blocks())


class HashingReplay(Replay):
    """Computes commit hashes along the way."""

    def __init__(self) -> None:
        super().__init__()
        self.hashes: list[bytes] = [b""]

    def after_validation(self, block: common_pb2.Block, updates: Updates) -> None:
        if block.header.number > 0:
            self.hashes.append(commit_hash(self.hashes[-1], block.metadata.metadata[2], updates))


def test_commit_hashes_chain_as_the_peers_did() -> None:
    replay = HashingReplay()
    assert sum(1 for _ in replay) == 102
    expected = [entry["commit_hash"] for entry in history.decoded()]
    assert [value.hex() for value in replay.hashes] == expected
    assert len(expected) == history.HEIGHT
