"""A channel's ledger: its blocks and transactions, its state, and the definitions and configuration in it."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import LedgerError, ValidationCode
from pyfabric.ledger.channel.database import storage_errors
from pyfabric.ledger.channel.snapshot import Snapshot
from pyfabric.ledger.channel.store import ChannelStore, Decided
from pyfabric.messages.blocks import header_hash, parse_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE
from pyfabric.rules.collections import block_lifetimes
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.lifecycle.definitions import Definition, committed_definition
from pyfabric.rules.state.expiry import expire
from pyfabric.rules.validation.block import CONFIGURATION_PLACE, Outcome
from pyfabric.rules.validation.endorsement import ChannelPolicies

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


class ChannelLedger:
    """What one file has, partly remembered. It grows in two steps, the wait for the disk between them."""

    def __init__(self, store: ChannelStore) -> None:
        self._store = store
        self._read()

    def _read(self) -> None:
        """Remember what the file has, as it is now."""
        store = self._store
        self._recent: OrderedDict[int, common_pb2.Block] = OrderedDict()
        self._newest = self._recent.setdefault(store.height - 1, parse_block(store.newest()))
        self._hash = header_hash(self._newest.header)
        entry = store.state.get(*CONFIGURATION_PLACE)
        if entry is None:
            raise LedgerError(f"{store.path}: the ledger file has no configuration")
        self._last_config_block = entry.version.block
        self._policies = ChannelPolicies(self._configuration(entry.value))
        self._definitions: dict[str, Definition] = {}
        self._lifetimes: Mapping[str, int] | None = None

    def _configuration(self, raw: bytes) -> ChannelConfig:
        envelope = decode(configtx_pb2.ConfigEnvelope, raw)
        genesis = self.block(0)
        if genesis is None:
            raise LedgerError(f"{self._store.path}: the ledger file has no block 0")
        return ChannelConfig(envelope.config, channel_id=config_from_block(genesis)[0])

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

    def chain_info(self) -> ChainInfo:
        """Return height and hashes, as qscc's GetChainInfo gives them."""
        return ChainInfo(self.height, self._hash, self._newest.header.previous_hash)

    def last_config_block(self) -> int:
        """Return the number of the block that brought the configuration in force."""
        return self._last_config_block

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Hold the state of the present height, which does not change meanwhile."""
        with self._store.snapshot() as snapshot:
            yield snapshot

    def check(self) -> None:
        """Read from the file; raises LedgerError if that fails."""
        with storage_errors(self._store.path), self.snapshot() as snapshot:
            snapshot.get(*CONFIGURATION_PLACE)

    def definition(self, name: str) -> Definition | None:
        """Return a chaincode as the channel committed it; raises DecodeError if that is unreadable."""
        found = self._definitions.get(name) or committed_definition(name, self._store.state)
        if found is not None:
            self._definitions[name] = found
        return found

    def definition_before(self, number: int, name: str) -> Definition | None:
        """Return a chaincode as a block found it; raises DecodeError if that is unreadable."""
        with self.snapshot() as snapshot:
            return committed_definition(name, snapshot.before(number))

    def block(self, number: int) -> common_pb2.Block | None:
        """Return a committed block. It is shared: do not change it."""
        found = self._recent.get(number)
        if found is not None:
            return found
        raw = self._store.block(number)
        return None if raw is None else parse_block(raw)

    def block_by_hash(self, block_hash: bytes) -> common_pb2.Block | None:
        """Return the block with this header hash."""
        number = self._store.block_number(block_hash)
        return None if number is None else self.block(number)

    def block_by_transaction(self, transaction_id: str) -> common_pb2.Block | None:
        """Return the block with the first transaction of this id."""
        place = self._store.transaction(transaction_id)
        return None if place is None else self.block(place.block)

    def transaction(self, transaction_id: str) -> TransactionRecord | None:
        """Return the first transaction of this id, valid or not."""
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
        """Return whether a transaction of this id is in the ledger, valid or not."""
        return self._store.transaction(transaction_id) is not None

    def _stage(self, block: common_pb2.Block, outcome: Outcome) -> None:
        """Write a block and what it changes; it is there once the store has committed."""
        state = self._store.state
        if self._lifetimes is None:
            self._lifetimes = block_lifetimes(state)
        expire(block.header.number, self._lifetimes, state, outcome.updates)
        transactions = [
            Decided(one.transaction_id, one.code, one.reason) for one in outcome.transactions
        ]
        self._store.stage(block, transactions, outcome.updates)

    def _take(self, block: common_pb2.Block, outcome: Outcome) -> None:
        """Take the staged block for the newest one, now that the store has committed."""
        self._store.committed()
        self._newest = self._recent[block.header.number] = block
        self._hash = header_hash(block.header)
        if len(self._recent) > _REMEMBERED_BLOCKS:
            self._recent.popitem(last=False)
        if outcome.config is not self.config:
            self._policies = ChannelPolicies(outcome.config)
            self._last_config_block = block.header.number
        if any(namespace == LIFECYCLE for namespace, _ in outcome.updates.changes):
            self._definitions.clear()
            self._lifetimes = None
