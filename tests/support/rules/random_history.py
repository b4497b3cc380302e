"""Random histories of a channel: transactions simulated while others commit, ordered late or twice, restarts."""

import asyncio
import atexit
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, mkdtemp
from typing import Final

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import ValidationCode
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.channel.commit import CommittedBlock
from pyfabric.messages.blocks import new_block
from pyfabric.rules.policies.syntax import parse_signature_policy
from pyfabric.rules.state.rwset import decode_metadata
from pyfabric.rules.state.simulation import Simulation
from pyfabric.rules.state.versions import StateReader, Version, hashed_namespace
from tests.support.municipal import records
from tests.support.rules import history
from tests.support.rules.state_model import Done, Model

CHAINCODE: Final = "ledger"
COLLECTION: Final = "duo"
HASHES: Final = hashed_namespace(CHAINCODE, COLLECTION)
PARAMETER: Final = "VALIDATION_PARAMETER"
START: Final = 12
"""The number of the first of our own blocks: those before define the chaincode and write none of its keys."""
_KEYS: Final = tuple("abcdefg")
_PEERS: Final = {
    "RegistryMSP": "peer0.registry",
    "FacultyMSP": "peer0.faculty",
    "ArchiveMSP": "peer0.archive",
}


@dataclass(frozen=True)
class Pending:
    """An endorsed transaction that may be ordered, and what the model knows of it."""

    envelope: bytes
    done: Done


class RandomHistory:
    """One random history of a ledger in a folder, beside the model."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._random = Random(seed)
        self._folder = folder
        shutil.copytree(_beginning(), folder, dirs_exist_ok=True)
        self._ledgers = Channels(folder)
        self._model = Model()
        self._pool: list[Pending] = []
        self._ordered: list[Pending] = []
        self._count = 0
        self.codes: list[ValidationCode] = []

    @property
    def ledger(self) -> Channel:
        """The ledger, as it is open now."""
        return self._ledgers[records.CHANNEL]

    async def run(self, blocks: int) -> None:
        """Simulate and commit; raises AssertionError where ledger and model differ."""
        for _ in range(blocks):
            block = self._next_block()
            simulations = (self._simulate() for _ in range(self._random.randint(1, 5)))
            await asyncio.gather(self._commit(block), *simulations)
            self._check_state()
            if self._random.random() < 0.1:
                self.restart()

    def restart(self) -> None:
        """Close the ledger and open it again."""
        self.close()
        self._ledgers = Channels(self._folder)
        self._check_state()

    async def replay(self, folder: Path) -> None:
        """Commit the same blocks in another ledger, one after the other: it becomes the same."""
        ledgers = Channels(folder)
        try:
            other = ledgers.create(history.ordered(0))
            for number in range(1, self.ledger.height):
                block = self.ledger.block(number)
                assert block is not None
                ordered = common_pb2.Block.FromString(block.SerializeToString())
                ordered.metadata.metadata[common_pb2.TRANSACTIONS_FILTER] = b""
                ordered.metadata.metadata[common_pb2.COMMIT_HASH] = b""
                assert (await other.commit(ordered)).block == block
        finally:
            ledgers.close()

    def close(self) -> None:
        """Close the ledger."""
        self._ledgers.close()

    def _next_block(self) -> list[Pending]:
        """Return some of the waiting transactions in any order, and sometimes one that was ordered before."""
        self._random.shuffle(self._pool)
        count = self._random.randint(0, 6)
        chosen, self._pool = self._pool[:count], self._pool[count:]
        for known in (self._ordered, chosen):
            if known and self._random.random() < 0.15:
                chosen.insert(self._random.randint(0, len(chosen)), self._random.choice(known))
        self._ordered += chosen
        return chosen

    async def _commit(self, block: list[Pending]) -> None:
        info = self.ledger.chain_info()
        ordered = new_block(info.height, info.current_hash, [one.envelope for one in block])
        committed = await self.ledger.commit(ordered)
        expected = self._model.commit(info.height, [one.done for one in block])
        found = [one.code for one in committed.transactions]
        assert found == expected, _differences(block, committed, expected)
        self.codes += found

    async def _simulate(self) -> None:
        """Run a transaction on the state of one height, while the chain goes on."""
        self._count += 1
        with self.ledger.snapshot() as state:
            transaction = Random(self._random.getrandbits(64))
            simulation = Simulation(state)
            endorsers = frozenset(
                transaction.sample(sorted(_PEERS), transaction.choice((1, 2, 3, 3, 3)))
            )
            done = Done(f"{self._count}", endorsers)
            for _ in range(transaction.randint(1, 4)):
                done = _step(transaction, simulation, state, done)
                await asyncio.sleep(0)
            results = _with_hashes(simulation.read_write_set(), done)
        nonce = done.id.encode()
        envelope = records.transaction(
            results, endorsers=[_PEERS[one] for one in sorted(endorsers)], nonce=nonce
        )
        self._pool.append(Pending(envelope, done))

    def _check_state(self) -> None:
        with self.ledger.snapshot() as state:
            values = dict(state.range(CHAINCODE, "", ""))
            hashes = dict(state.range(HASHES, "", ""))
        assert {key: (one.value, one.version) for key, one in values.items()} == self._model.values
        assert {key: (one.value, one.version) for key, one in hashes.items()} == self._model.hashes
        policies = {
            key: decode_metadata(one.metadata) for key, one in values.items() if one.metadata
        }
        assert policies == {
            key: {PARAMETER: _policy(wanted)} for key, wanted in self._model.policies.items()
        }


def _differences(
    block: Sequence[Pending], committed: CommittedBlock, expected: Sequence[ValidationCode]
) -> str:
    return "\n".join(
        f"{found.code.name} ({found.reason}) and not {wanted.name}: {one.done}"
        for one, found, wanted in zip(block, committed.transactions, expected, strict=True)
        if found.code != wanted
    )


def _step(random: Random, simulation: Simulation, state: StateReader, done: Done) -> Done:
    """Return one thing that a chaincode does."""
    key = random.choice(_KEYS)
    match random.choice(_DEEDS):
        case "read":
            simulation.get_state(CHAINCODE, key)
            return replace(done, reads={**done.reads, key: _version(state, CHAINCODE, key)})
        case "range":
            span = (random.choice(("", "b", "d")), random.choice(("", "e", "g")))
            for _ in simulation.range(CHAINCODE, *span):
                pass
            found = {name: one.version for name, one in state.range(CHAINCODE, *span)}
            return replace(done, ranges={**done.ranges, span: found})
        case "put":
            value = random.randbytes(3) + b"."
            simulation.put_state(CHAINCODE, key, value)
            return replace(done, writes={**done.writes, key: value})
        case "delete":
            simulation.delete_state(CHAINCODE, key)
            return replace(done, writes={**done.writes, key: None})
        case "policy":
            wanted = frozenset(random.sample(sorted(_PEERS), random.randint(1, 2)))
            simulation.put_metadata(CHAINCODE, key, {PARAMETER: _policy(wanted)})
            return replace(done, policies={**done.policies, key: wanted})
        case "private read":
            hashed = sha256(key.encode()).hexdigest()
            seen = _version(state, HASHES, hashed)
            return replace(done, hashed_reads={**done.hashed_reads, hashed: seen})
        case _:
            hashed = sha256(key.encode()).hexdigest()
            content = sha256(random.randbytes(3)).digest() if random.random() < 0.7 else None
            return replace(done, hashed_writes={**done.hashed_writes, hashed: content})


_DEEDS: Final = (
    *("read", "read", "put", "put", "put", "put", "range", "delete"),
    *("policy", "private read", "private write"),
)


def _version(state: StateReader, namespace: str, key: str) -> Version | None:
    found = state.get(namespace, key)
    return None if found is None else found.version


@cache
def _policy(msp_ids: frozenset[str]) -> bytes:
    names = ", ".join(f"'{one}.peer'" for one in sorted(msp_ids))
    return parse_signature_policy(f"AND({names})").SerializeToString()


def _with_hashes(results: bytes, done: Done) -> bytes:
    """Return the read-write set, with what was done in the private data collection."""
    if not (done.hashed_reads or done.hashed_writes):
        return results
    hashed = kv_rwset_pb2.HashedRWSet()
    for key, version in sorted(done.hashed_reads.items()):
        read = hashed.hashed_reads.add(key_hash=bytes.fromhex(key))
        if version is not None:
            read.version.block_num, read.version.tx_num = version
    for key, value in sorted(done.hashed_writes.items()):
        hashed.hashed_writes.add(
            key_hash=bytes.fromhex(key), value_hash=value or b"", is_delete=value is None
        )
    message = rwset_pb2.TxReadWriteSet.FromString(results)
    if not message.ns_rwset:
        message.ns_rwset.add(namespace=CHAINCODE)
    message.ns_rwset[0].collection_hashed_rwset.add(
        collection_name=COLLECTION, hashed_rwset=hashed.SerializeToString()
    )
    return message.SerializeToString()


def try_history(seed: int, blocks: int = 30) -> Counter[ValidationCode]:
    """Run one history, and replay it; how many transactions got which code."""
    with TemporaryDirectory(prefix="random-history-") as name:
        made = RandomHistory(seed, Path(name) / "first")
        try:
            asyncio.run(made.run(blocks))
            asyncio.run(made.replay(Path(name) / "again"))
        finally:
            made.close()
        return Counter(made.codes)


@cache
def _beginning() -> Path:
    """Return a folder with the blocks that begin the real channel; it is deleted at the process's exit."""
    folder = Path(mkdtemp(prefix="random-history-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    ledgers = Channels(folder)
    ledger = ledgers.create(history.ordered(0))

    async def fill() -> None:
        for number in range(1, START):
            await ledger.commit(history.ordered(number))

    asyncio.run(fill())
    ledgers.close()
    return folder
