"""Random private data against a model: puts, deletes, purges, lifetimes, conflicts, crashes, losses."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import (
    collection_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)
from fabric_protos.peer.lifecycle import chaincode_definition_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.errors import ContractError, LedgerError, ValidationCode
from pyfabric.ledger.private.data import PrivateData, distribute
from pyfabric.ledger.private.settlement import in_block, recover, settle
from pyfabric.ledger.private.store import Place, PrivateStore
from pyfabric.ledger.private.view import PrivateView
from pyfabric.messages.blocks import new_block
from pyfabric.rules.blocks.contents import transactions
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.lifecycle.definitions import Definition
from pyfabric.rules.policies.syntax import parse_signature_policy
from pyfabric.rules.requests.dissemination import CollectionWrites
from pyfabric.rules.state import mvcc
from pyfabric.rules.state.expiry import expire
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.private_simulation import PrivateSimulation
from pyfabric.rules.state.rwset import decode_read_write_set
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, hashed_namespace
from tests.support.extent import extent
from tests.support.ledger.private_history import identity
from tests.support.open_files import open_files
from tests.support.rules import history

CONFIG = ChannelConfig.from_block(history.blocks()[0])
PEERS = ("RegistryMSP", "FacultyMSP", "ArchiveMSP")
MEMBERS = {"two": PEERS[:2], "brief": PEERS}
LIFETIMES = {"two": 0, "brief": 2}
KEYS = ("a", "b", "c")
NAMESPACE = "cc"


def definition(_name: str) -> Definition:
    package = collection_pb2.CollectionConfigPackage()
    for name, members in MEMBERS.items():
        one = package.config.add().static_collection_config
        one.name, one.maximum_peer_count, one.block_to_live = name, 1, LIFETIMES[name]
        text = ", ".join(f"'{msp_id}.member'" for msp_id in members)
        one.member_orgs_policy.signature_policy.CopyFrom(parse_signature_policy(f"OR({text})"))
    return Definition(
        1,
        chaincode_definition_pb2.ChaincodeEndorsementInfo(version="1"),
        chaincode_definition_pb2.ChaincodeValidationInfo(),
        package,
    )


@dataclass
class Channel:
    """As much of a channel as private data need, in memory."""

    config: ChannelConfig = CONFIG
    state: MemoryState = field(default_factory=MemoryState)
    blocks: list[common_pb2.Block] = field(default_factory=lambda: [new_block(0, b"", [])])
    channel_id = "ch"
    definition = staticmethod(definition)

    @property
    def height(self) -> int:
        return len(self.blocks)

    @contextmanager
    def snapshot(self) -> Iterator[MemoryState]:
        yield self.state

    def block(self, number: int) -> common_pb2.Block:
        return self.blocks[number]

    def transaction(self, transaction_id: str) -> Any:
        for number, block in enumerate(self.blocks):
            if transaction_id in [one.transaction_id for one in transactions(block)]:
                return type("Record", (), {"block_number": number})
        return None

    def commit(self, results: list[tuple[str, bytes]]) -> list[bool]:
        """Validate and commit a block of (id, read-write set); which transactions are valid."""
        block = new_block(self.height, b"", [envelope(*one) for one in results])
        updates, codes = Updates(), []
        for position, (_, raw) in enumerate(results):
            namespaces = decode_read_write_set(raw)
            codes.append(mvcc.validate(namespaces, self.state, updates))
            if codes[-1] is ValidationCode.VALID:
                updates.apply(namespaces, Version(self.height, position), self.state)
        lifetimes = {hashed_namespace(NAMESPACE, name): one for name, one in LIFETIMES.items()}
        expire(self.height, lifetimes, self.state, updates)
        block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER] = bytes(codes)
        self.state.commit(updates)
        self.blocks.append(block)
        return [code is ValidationCode.VALID for code in codes]


def envelope(transaction_id: str, results: bytes) -> bytes:
    action = proposal_pb2.ChaincodeAction(results=results).SerializeToString()
    response = proposal_response_pb2.ProposalResponsePayload(extension=action)
    body = transaction_pb2.ChaincodeActionPayload()
    body.action.proposal_response_payload = response.SerializeToString()
    transaction = transaction_pb2.Transaction()
    transaction.actions.add(payload=body.SerializeToString())
    header = common_pb2.ChannelHeader(type=3, tx_id=transaction_id).SerializeToString()
    payload = common_pb2.Payload(
        header=common_pb2.Header(channel_header=header), data=transaction.SerializeToString()
    )
    return common_pb2.Envelope(payload=payload.SerializeToString()).SerializeToString()


@dataclass(frozen=True)
class Step:
    """A transaction: who endorses it, in which collection, what it does."""

    collection: str
    endorser: str
    kind: str
    key: str
    value: bytes


def steps() -> st.SearchStrategy[Step]:
    return st.sampled_from(sorted(MEMBERS)).flatmap(
        lambda name: st.builds(
            Step,
            st.just(name),
            st.sampled_from(MEMBERS[name]),
            st.sampled_from(["put", "put", "delete", "purge", "update", "mark"]),
            st.sampled_from(KEYS),
            st.binary(min_size=1, max_size=2),
        )
    )


Blocks = st.lists(
    st.tuples(st.lists(steps(), min_size=1, max_size=3), st.sampled_from(["", *PEERS])),
    min_size=1,
    max_size=8,
)


class World:
    """Three peers over the channel, and what they should have."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.channel = Channel()
        self.peers: dict[str, PrivateData] = {}
        self.values: dict[tuple[str, str], tuple[bytes, int]] = {}
        self.written: dict[tuple[int, int], tuple[str, dict[str, bytes]]] = {}
        for msp_id in PEERS:
            self.open(msp_id)

    def open(self, msp_id: str) -> None:
        if msp_id in self.peers:
            self.peers[msp_id].store.close()
        channel: Any = self.channel
        self.peers[msp_id] = PrivateData(
            PrivateStore(self.folder / f"{msp_id}.db"),
            channel,
            identity("peer0", msp_id),
            msp_id,
            self.peers.values(),
        )

    def close(self) -> None:
        for peer in self.peers.values():
            peer.store.close()

    def simulation(self, msp_id: str) -> PrivateSimulation:
        state = self.channel.state
        view = PrivateView(self.peers[msp_id], state, self.channel.height)
        return PrivateSimulation(state, "tx", view)

    def commit(self, block: list[Step], crashing: str) -> None:
        """Endorse, commit and settle a block; one peer crashes before it settles."""
        number, results = self.channel.height, []
        for position, step in enumerate(block):
            simulation = self.simulation(step.endorser)
            run(simulation, step)
            name = f"{number}-{position}"
            private = simulation.private_write_set()
            distribute(self.peers[step.endorser], name, private, number, keep=True)
            results.append((name, simulation.read_write_set()))
        valid = self.channel.commit(results)
        found = transactions(self.channel.blocks[-1])
        for msp_id in PEERS:
            if msp_id == crashing:
                self.open(msp_id)
                recover(self.peers[msp_id])
            else:
                settle(self.peers[msp_id], number, found)
        for position, step in enumerate(block):
            self._expect(step, number, position, valid=valid[position])
        self._expire(number)

    def _expect(self, step: Step, number: int, position: int, *, valid: bool) -> None:
        place = (step.collection, step.key)
        changed = {} if step.kind == "mark" else {step.key: step.value}
        if step.kind in ("delete", "purge"):
            changed = {step.key: b""}
        self.written[number, position] = (step.collection, changed)
        if not valid:
            return
        if step.kind == "mark":
            if place in self.values:
                self.values[place] = (self.values[place][0], number)
        elif step.kind in ("delete", "purge"):
            self.values.pop(place, None)
        else:
            self.values[place] = (step.value, number)
        if step.kind == "purge":
            for version, (collection, writes) in self.written.items():
                if collection == step.collection and version <= (number, position):
                    writes.pop(step.key, None)

    def _expire(self, number: int) -> None:
        def gone(collection: str, block: int) -> bool:
            lifetime = LIFETIMES[collection]
            return bool(lifetime) and block + lifetime + 1 <= number

        self.values = {
            place: (value, block)
            for place, (value, block) in self.values.items()
            if not gone(place[0], block)
        }
        self.written = {
            version: one for version, one in self.written.items() if not gone(one[0], version[0])
        }

    def check(self) -> None:
        """Check that every peer has what it should have, and nothing else."""
        for msp_id in PEERS:
            for collection, members in MEMBERS.items():
                if msp_id in members:
                    self._check_member(msp_id, collection)
                else:
                    assert not self.peers[msp_id].store.range(
                        Place("ch", NAMESPACE, collection), "", ""
                    )
            assert self._shown(msp_id) == {
                version: one for version, one in self.written.items() if msp_id in MEMBERS[one[0]]
            }

    def _check_member(self, msp_id: str, collection: str) -> None:
        simulation = self.simulation(msp_id)
        expected = {
            key: self.values[collection, key][0] for key in KEYS if (collection, key) in self.values
        }
        for key in KEYS:
            assert simulation.get_private(NAMESPACE, collection, key) == expected.get(key)
            held = simulation.get_private_hash(NAMESPACE, collection, key)
            value = expected.get(key)
            assert held == (None if value is None else sha256(value).digest())
        assert dict(simulation.private_range(NAMESPACE, collection, "", "")) == expected

    def _shown(self, msp_id: str) -> dict[tuple[int, int], tuple[str, dict[str, bytes]]]:
        return {
            (number, position): (
                one.collection,
                {
                    write.key: write.value
                    for write in kv_rwset_pb2.KVRWSet.FromString(one.data).writes
                },
            )
            for number in range(self.channel.height)
            for position, one in in_block(self.peers[msp_id], number)
        }


def run(simulation: PrivateSimulation, step: Step) -> None:
    place = (NAMESPACE, step.collection, step.key)
    if step.kind == "update":
        simulation.get_private(*place)
    if step.kind == "mark":
        simulation.put_private_metadata(*place, {"M": step.value})
    elif step.kind == "purge":
        simulation.purge_private(*place)
    else:
        simulation.put_private(*place, b"" if step.kind == "delete" else step.value)


@settings(max_examples=extent(15, 60))
@given(Blocks, st.booleans())
def test_every_member_has_what_the_model_has(
    blocks: list[tuple[list[Step], str]], lose: bool
) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            for block, crashing in blocks:
                world.commit(block, crashing)
                world.check()
            if lose:
                world.peers["FacultyMSP"].store.close()
                del world.peers["FacultyMSP"]
                (world.folder / "FacultyMSP.db").unlink()
                world.open("FacultyMSP")
                world.check()
            for peer in world.peers.values():
                assert peer.store.pending() == []
        finally:
            world.close()


def test_a_value_of_another_hash_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    place = Place("ch", NAMESPACE, "two")
    try:
        world.commit([Step("two", "RegistryMSP", "put", "a", b"1")], "")
        store = world.peers["RegistryMSP"].store
        store.put(place, "a", b"2", Version(0, 7), None)
        world.peers.pop("FacultyMSP").store.close()
        assert world.simulation("RegistryMSP").get_private(NAMESPACE, "two", "a") == b"1"
        with store.changes():
            store.purge(place, sha256(b"a").digest(), Version(1, 0))
            store.put(place, "a", b"2", Version(0, 7), None)
        with pytest.raises(ContractError) as refused:
            world.simulation("RegistryMSP").get_private(NAMESPACE, "two", "a")
    finally:
        world.close()
    assert str(refused.value) == (
        "private data matching public hash version is not available. Public hash version = "
        "{BlockNum: 1, TxNum: 0}, Private data version = {BlockNum: 0, TxNum: 7}"
    )


def test_what_never_commits_is_forgotten(tmp_path: Path) -> None:
    with closing(PrivateStore(tmp_path / "private.db")) as store:
        store.keep("ch", "old", [CollectionWrites(NAMESPACE, "two", b"1")], 4)
        store.keep("ch", "new", [CollectionWrites(NAMESPACE, "two", b"2")], 5)
        store.keep("other", "old", [CollectionWrites(NAMESPACE, "two", b"3")], 4)
        store.release_below("ch", 5)
        assert store.pending() == [("ch", "new"), ("other", "old")]
        place, hashed = Place("ch", NAMESPACE, "two"), sha256(b"2").digest()
        assert store.held(place, "new", hashed) == b"2"
        assert store.held(place, "new", sha256(b"1").digest()) is None


@pytest.mark.parametrize("damage", ["junk", "format"])
def test_a_file_that_cannot_be_used(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "private.db"
    if damage == "junk":
        path.write_bytes(b"this is no database" * 100)
    else:
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE state (key TEXT)")
    text = "not a database" if damage == "junk" else "format 0 is not supported, only 2"
    with pytest.raises(LedgerError, match=rf"private\.db: .*{text}") as refusal:
        PrivateStore(path)
    # The refusal holds the frames of the failed opening, so nothing is closed by chance.
    assert refusal.tb is not None
    assert open_files(tmp_path) == []
