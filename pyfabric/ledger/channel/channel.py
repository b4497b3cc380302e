"""A channel's ledger: validates each block once, commits it, and answers what is in it.

All members of the channel in this process see this one ledger: what a peer keeps for itself (private
data, packages) is not here. Everything belongs to the event loop's thread, except the wait for the disk.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import LedgerError, ValidationCode
from pyfabric.ledger.channel.limits import check_validation
from pyfabric.ledger.channel.store import ChannelStore, Decided, Snapshot, storage_errors
from pyfabric.messages.blocks import header_hash, metadata, parse_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.lifecycle.definitions import (
    Definition,
    committed_definition,
    defined_names,
)
from pyfabric.rules.state.commit_hash import commit_hash
from pyfabric.rules.state.expiry import expire
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import (
    Version,
    VersionedValue,
    hashed_namespace,
    split_namespace,
)
from pyfabric.rules.validation.block import (
    CONFIGURATION_PLACE,
    BlockValidation,
    CheckedTransaction,
    Outcome,
)
from pyfabric.rules.validation.endorsement import ChannelPolicies
from pyfabric.rules.validation.form import transaction_id

_REMEMBERED_BLOCKS = 64


@dataclass(frozen=True, slots=True)
class ChainInfo:
    """How far a channel has come; the hashes are of the newest header and of the one before."""

    height: int
    current_hash: bytes
    previous_hash: bytes


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A transaction in the ledger, with what was decided of it; an invalid one has a reason."""

    envelope: bytes
    code: ValidationCode
    block_number: int
    position: int
    reason: str


@dataclass(frozen=True, slots=True)
class CommittedBlock:
    """A block that has just been committed, and what validation found in it."""

    block: common_pb2.Block
    transactions: tuple[CheckedTransaction, ...]
    written_namespaces: frozenset[str]
    """Chaincodes with a changed key or a changed hash of private data."""
    validation_seconds: float = 0.0
    storage_seconds: float = 0.0

    @property
    def number(self) -> int:
        """The block's number."""
        return self.block.header.number


class ChannelLedger:
    """One channel. Make it with `open` or `create`; close it at the end."""

    def __init__(self, store: ChannelStore, writer: ThreadPoolExecutor) -> None:
        self._store = store
        self._writer = writer
        self._recent: OrderedDict[int, common_pb2.Block] = OrderedDict()
        newest = self._recent.setdefault(store.height - 1, parse_block(store.newest()))
        self._head = newest.header
        self._hash = header_hash(newest.header)
        self._commit_hash = metadata(newest, common_pb2.COMMIT_HASH).value
        entry = store.state.get(*CONFIGURATION_PLACE)
        if entry is None:
            raise LedgerError(f"{store.path}: the ledger file has no configuration")
        self._last_config_block = entry.version.block
        self._policies = ChannelPolicies(self._read_configuration(entry.value))
        self._definitions: dict[str, Definition] = {}
        self._lifetimes: Mapping[str, int] | None = None
        self._members = store.members()
        self._subscribers: list[Callable[[CommittedBlock], None]] = []
        self._grown = asyncio.Event()
        self._committing = asyncio.Lock()
        self._replaced = False

    @classmethod
    def open(cls, path: Path, writer: ThreadPoolExecutor) -> "ChannelLedger":
        """The ledger in a file; raises LedgerError if it is damaged, and then changes nothing."""
        return cls(ChannelStore(path), writer)

    @classmethod
    def create(
        cls, path: Path, genesis: common_pb2.Block, writer: ThreadPoolExecutor
    ) -> "ChannelLedger":
        """A new ledger with this block 0; raises ConfigError if the block makes no channel."""
        check_validation(ChannelConfig.from_block(genesis))
        block = common_pb2.Block()
        block.CopyFrom(genesis)
        slots = block.metadata.metadata
        slots.extend([b""] * (common_pb2.COMMIT_HASH + 1 - len(slots)))
        slots[common_pb2.TRANSACTIONS_FILTER] = bytes([ValidationCode.VALID])
        envelope = block.data.data[0]
        payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, envelope).payload)
        updates = Updates()
        updates.put(CONFIGURATION_PLACE, VersionedValue(payload.data, Version(0, 0)))
        return cls(ChannelStore.create(path, block, transaction_id(envelope), updates), writer)

    def close(self) -> None:
        """Close the file. No commit may be under way."""
        self._store.close()

    def image(self) -> bytes:
        """The whole ledger, for `restored`."""
        return self._store.image()

    def restored(self, image: bytes) -> "ChannelLedger":
        """The ledger as it was, in this one's place: who waits here for blocks gets LedgerError."""
        self._store.restore(image)
        self._replaced = True
        self._grown.set()
        return type(self)(self._store, self._writer)

    @property
    def channel_id(self) -> str:
        """The channel's name."""
        return self.config.channel_id

    @property
    def config(self) -> ChannelConfig:
        """The configuration in force."""
        return self._policies.config

    @property
    def height(self) -> int:
        """The number of the next block."""
        return self._store.height

    @property
    def members(self) -> frozenset[str]:
        """The nodes that have joined, as `join` was told."""
        return self._members

    def join(self, node: str) -> None:
        """Record, durably, that a node of this process has joined the channel."""
        self._store.add_member(node)
        self._members |= {node}

    def leave(self, node: str) -> None:
        """Record, durably, that a node has left."""
        self._store.remove_member(node)
        self._members -= {node}

    def chain_info(self) -> ChainInfo:
        """Height and hashes, as qscc's GetChainInfo gives them."""
        return ChainInfo(self.height, self._hash, self._head.previous_hash)

    def last_config_block(self) -> int:
        """The number of the block that brought the configuration in force."""
        return self._last_config_block

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """State at the present height; it does not move while it is held."""
        with self._store.snapshot() as snapshot:
            yield snapshot

    def check(self) -> None:
        """Read from the file; raises LedgerError if that fails."""
        with storage_errors(self._store.path), self.snapshot() as snapshot:
            snapshot.get(*CONFIGURATION_PLACE)

    def definition(self, name: str) -> Definition | None:
        """A chaincode as the channel committed it; raises DecodeError if that cannot be read."""
        found = self._definitions.get(name) or committed_definition(name, self._store.state)
        if found is not None:
            self._definitions[name] = found
        return found

    def definition_before(self, number: int, name: str) -> Definition | None:
        """A chaincode as a block found it; raises DecodeError if that cannot be read."""
        with self.snapshot() as snapshot:
            return committed_definition(name, snapshot.before(number))

    def block(self, number: int) -> common_pb2.Block | None:
        """A committed block. It is shared: do not change it."""
        found = self._recent.get(number)
        if found is not None:
            return found
        raw = self._store.block(number)
        return None if raw is None else parse_block(raw)

    def block_by_hash(self, block_hash: bytes) -> common_pb2.Block | None:
        """The block with this header hash."""
        number = self._store.block_number(block_hash)
        return None if number is None else self.block(number)

    def block_by_transaction(self, transaction_id: str) -> common_pb2.Block | None:
        """The first block with a transaction of this id."""
        place = self._store.transaction(transaction_id)
        return None if place is None else self.block(place.block)

    def transaction(self, transaction_id: str) -> TransactionRecord | None:
        """The first transaction of this id, valid or not."""
        place = self._store.transaction(transaction_id)
        block = None if place is None else self.block(place.block)
        if place is None or block is None:
            return None
        return TransactionRecord(
            block.data.data[place.position],
            ValidationCode(place.code),
            place.block,
            place.position,
            place.reason,
        )

    def has_transaction(self, transaction_id: str) -> bool:
        """Whether a transaction of this id is in the ledger, valid or not."""
        return self._store.transaction(transaction_id) is not None

    async def wait_for_block(self, number: int) -> common_pb2.Block:
        """A block, as soon as it is committed; raises LedgerError if the ledger is set back."""
        while True:
            if self._replaced:
                raise LedgerError(f"channel {self.channel_id} has been set back: connect again")
            grown = self._grown
            found = self.block(number)
            if found is not None:
                return found
            await grown.wait()

    def subscribe(self, callback: Callable[[CommittedBlock], None]) -> Callable[[], None]:
        """Have each block from now on; the answer ends the subscription."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def commit(
        self, ordered: common_pb2.Block, *, creators_known: Sequence[bool] = ()
    ) -> CommittedBlock:
        """Validate the next block, as its orderer signed it, and make it durable.

        The block that is kept has its validation codes and commit hash. `creators_known` tells of each
        transaction whether its creator's signature has been verified under the configuration in force
        (empty: of none). Raises LedgerError if the block does not follow the newest one, ConfigError if
        its configuration is none.
        """
        async with self._committing:
            number = ordered.header.number
            if (number, ordered.header.previous_hash) != (self.height, self._hash):
                raise LedgerError(
                    f"channel {self.channel_id}: block {number} does not follow block "
                    f"{self.height - 1}"
                )
            with storage_errors(self._store.path):
                started = time.perf_counter()
                outcome = await self._validate(ordered, creators_known)
                validated = time.perf_counter()
                block = self._finished(ordered, outcome)
                expire(number, self._block_lifetimes(), self._store.state, outcome.updates)
                await self._write(block, outcome)
                stored = time.perf_counter()
            self._take(block, outcome)
        written = frozenset(split_namespace(place)[0] for place, _ in outcome.updates.changes)
        committed = CommittedBlock(
            block,
            outcome.transactions,
            written,
            validation_seconds=validated - started,
            storage_seconds=stored - validated,
        )
        for callback in tuple(self._subscribers):
            callback(committed)
        return committed

    async def _validate(self, ordered: common_pb2.Block, creators_known: Sequence[bool]) -> Outcome:
        validation = BlockValidation(
            ordered.header.number, self._policies, self._store.state, self.has_transaction
        )
        raws = ordered.data.data
        for raw, known in zip(raws, creators_known or [False] * len(raws), strict=True):
            validation.add(raw, creator_known=known)
            await asyncio.sleep(0)
        outcome = validation.finish()
        check_validation(outcome.config)
        return outcome

    async def _write(self, block: common_pb2.Block, outcome: Outcome) -> None:
        transactions = [
            Decided(one.transaction_id, one.code, one.reason) for one in outcome.transactions
        ]
        self._store.stage(block, transactions, outcome.updates)
        await asyncio.get_running_loop().run_in_executor(self._writer, self._store.commit)

    def _finished(self, ordered: common_pb2.Block, outcome: Outcome) -> common_pb2.Block:
        block = common_pb2.Block()
        block.CopyFrom(ordered)
        slots = block.metadata.metadata
        slots.extend([b""] * (common_pb2.COMMIT_HASH + 1 - len(slots)))
        slots[common_pb2.TRANSACTIONS_FILTER] = outcome.codes
        self._commit_hash = commit_hash(self._commit_hash, outcome.codes, outcome.updates)
        slots[common_pb2.COMMIT_HASH] = common_pb2.Metadata(
            value=self._commit_hash
        ).SerializeToString()
        return block

    def _take(self, block: common_pb2.Block, outcome: Outcome) -> None:
        self._store.committed()
        self._head = block.header
        self._hash = header_hash(block.header)
        self._recent[block.header.number] = block
        if len(self._recent) > _REMEMBERED_BLOCKS:
            self._recent.popitem(last=False)
        if outcome.config is not self.config:
            self._policies = ChannelPolicies(outcome.config)
            self._last_config_block = block.header.number
        if any(namespace == LIFECYCLE for namespace, _ in outcome.updates.changes):
            self._definitions.clear()
            self._lifetimes = None
        self._grown.set()
        self._grown = asyncio.Event()

    def _block_lifetimes(self) -> Mapping[str, int]:
        """blockToLive by hashed namespace, of all collections whose data expire."""
        if self._lifetimes is None:
            state = self._store.state
            definitions = {name: committed_definition(name, state) for name in defined_names(state)}
            self._lifetimes = {
                hashed_namespace(chaincode, name): collection.block_to_live
                for chaincode, definition in definitions.items()
                if definition is not None
                for name, collection in definition.explicit_collections.items()
                if collection.block_to_live
            }
        return self._lifetimes

    def _read_configuration(self, raw: bytes) -> ChannelConfig:
        envelope = decode(configtx_pb2.ConfigEnvelope, raw)
        first = self.block(0)
        if first is None:
            raise LedgerError(f"{self._store.path}: the ledger file has no block 0")
        return ChannelConfig(envelope.config, channel_id=config_from_block(first)[0])
