"""Committing a block: what a peer decides of it, adds to it, and reports of it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fabric_protos.common import common_pb2

from pyfabric.errors import ValidationCode
from pyfabric.ledger.channel.limits import check_validation
from pyfabric.messages.lifecycle import LIFECYCLE
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.state.commit_hash import commit_hash
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import StateReader
from pyfabric.rules.validation.block import (
    BlockValidation,
    CheckedTransaction,
    Outcome,
    genesis_updates,
)
from pyfabric.rules.validation.endorsement import ChannelPolicies
from pyfabric.rules.validation.form import transaction_id


@dataclass(frozen=True, slots=True)
class CommittedBlock:
    """A block that has just been committed, and what validation found in it."""

    block: common_pb2.Block
    transactions: tuple[CheckedTransaction, ...]
    validation_seconds: float = 0.0
    storage_seconds: float = 0.0

    @property
    def number(self) -> int:
        """The block's number."""
        return self.block.header.number

    @property
    def changes_endorsing(self) -> bool:
        """Whether a definition or the configuration changed, and with it who can endorse what."""
        return any(one.chaincode in (LIFECYCLE, "") for one in self.transactions)


def genesis_commit(genesis: common_pb2.Block) -> tuple[common_pb2.Block, str, Updates]:
    """Return a genesis block as peers keep it, its transaction's id and what it writes.

    Raises ConfigError if the block makes no channel, or one that this ledger cannot validate.
    """
    check_validation(ChannelConfig.from_block(genesis))
    block = _with_room(genesis)
    block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER] = bytes([ValidationCode.VALID])
    return block, transaction_id(block.data.data[0]), genesis_updates(block)


async def validate(
    ordered: common_pb2.Block,
    policies: ChannelPolicies,
    state: StateReader,
    has_transaction: Callable[[str], bool],
    creators_known: Sequence[bool],
) -> Outcome:
    """Validate a block against the state before it, giving way to other tasks between transactions."""
    validation = BlockValidation(ordered.header.number, policies, state, has_transaction)
    raws = ordered.data.data
    for raw, known in zip(raws, creators_known or [False] * len(raws), strict=True):
        validation.add(raw, creator_known=known)
        await asyncio.sleep(0)
    outcome = validation.finish()
    check_validation(outcome.config)
    return outcome


def with_outcome(
    ordered: common_pb2.Block, outcome: Outcome, previous_commit_hash: bytes
) -> common_pb2.Block:
    """Return a block with what peers add: the validation codes and the commit hash."""
    block = _with_room(ordered)
    value = commit_hash(previous_commit_hash, outcome.codes, outcome.updates)
    slots = block.metadata.metadata
    slots[common_pb2.TRANSACTIONS_FILTER] = outcome.codes
    slots[common_pb2.COMMIT_HASH] = common_pb2.Metadata(value=value).SerializeToString()
    return block


def _with_room(block: common_pb2.Block) -> common_pb2.Block:
    """Copy a block, with a slot for each kind of metadata."""
    copy = common_pb2.Block()
    copy.CopyFrom(block)
    slots = copy.metadata.metadata
    slots.extend([b""] * (common_pb2.COMMIT_HASH + 1 - len(slots)))
    return copy
