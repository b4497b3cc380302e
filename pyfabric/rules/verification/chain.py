"""A chain of blocks, verified from its genesis block on: what orderers signed, and what nobody signs.

Orderers sign a block's header and the number of the newest configuration block, never the validation codes and the
commit hash that peers add. Both follow from the blocks before, so they are computed again, with the rules by which
peers decide, and compared. Source: core/peer and core/ledger/kvledger of Fabric 3.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import ConfigError, DecodeError, PolicyError, ValidationCode
from pyfabric.messages.blocks import last_config_index, metadata, transaction_filter
from pyfabric.messages.decoding import decode
from pyfabric.messages.lifecycle import LIFECYCLE
from pyfabric.rules.collections import block_lifetimes
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.state.commit_hash import commit_hash
from pyfabric.rules.state.expiry import expire
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import AgedState, StateReader
from pyfabric.rules.validation.block import (
    CONFIGURATION_PLACE,
    VALIDATED_CAPABILITIES,
    BlockValidation,
    CheckedTransaction,
    Outcome,
    genesis_updates,
)
from pyfabric.rules.validation.endorsement import ChannelPolicies
from pyfabric.rules.validation.form import transaction_id
from pyfabric.rules.verification.faults import ChainFaultError, Fault, FaultKind, fail
from pyfabric.rules.verification.links import Link, check_link, read_block


class ReplayedState(StateReader, AgedState, Protocol):
    """A channel's state and transaction ids after the blocks that have been verified."""

    def has_transaction(self, transaction_id: str) -> bool:
        """Return whether a transaction of this id is in a verified block, valid or not."""
        ...

    def commit(self, updates: Updates, transaction_ids: Sequence[str]) -> None:
        """Take over what a block writes, and its transactions' ids."""
        ...


@dataclass(frozen=True, slots=True)
class VerifiedBlock:
    """What was verified of one block, in which nothing was found wrong.

    `is_signed` is whether orderers' signatures were verified (a genesis block has none); `codes` are the validation
    codes, of which `compared_codes` were computed and are the block's own; `private_writes` are the transactions that
    write private data.
    """

    link: Link
    codes: tuple[ValidationCode, ...]
    compared_codes: int
    is_signed: bool
    has_commit_hash: bool
    is_configuration: bool
    private_writes: int


class ChainVerification:
    """Verifies the blocks of a channel, which are given to `add` in their order, from a known state on.

    `policies` are those of the configuration in force, which block `newest_config` brought; `link` is the block before,
    and `commit_hash` what its commit hash is, empty for a genesis block.
    """

    def __init__(
        self,
        state: ReplayedState,
        config: ChannelConfig,
        *,
        newest_config: int,
        link: Link,
        commit_hash: bytes,
        has_codes: bool | None,
    ) -> None:
        self._state = state
        self._link = link
        self._commit_hash = commit_hash
        self._has_codes = has_codes
        self._has_commit_hashes: bool | None = True if commit_hash else None
        self._lifetimes: Mapping[str, int] | None = None
        self._take_config(config, newest_config)

    @classmethod
    def from_genesis(cls, raw: bytes, state: ReplayedState) -> tuple[Self, VerifiedBlock]:
        """Verify a genesis block (bytes of common.Block), and begin with it; raises as `add` does."""
        block = read_block(raw, 0)
        if block.header.number:
            raise fail(FaultKind.NUMBER, 0, f"the chain begins with block {block.header.number}")
        link = check_link(block, None)
        try:
            config = ChannelConfig.from_block(block)
        except ConfigError as error:
            raise fail(FaultKind.CONFIGURATION, 0, str(error)) from error
        identifier = transaction_id(block.data.data[0])
        has_codes = bool(transaction_filter(block))
        check_codes(block, [CheckedTransaction(identifier)], has_codes=has_codes)
        found = cls(state, config, newest_config=0, link=link, commit_hash=b"", has_codes=has_codes)
        state.commit(genesis_updates(block), [identifier])
        return found, VerifiedBlock(
            link=link,
            codes=(ValidationCode.VALID,),
            compared_codes=int(has_codes),
            is_signed=False,
            has_commit_hash=False,
            is_configuration=True,
            private_writes=0,
        )

    @classmethod
    def from_state(cls, state: ReplayedState, channel: str, link: Link, commit_hash: bytes) -> Self:
        """Begin after a block, with the state that a snapshot has of it; raises ConfigError, and DecodeError."""
        entry = state.get(*CONFIGURATION_PLACE)
        if entry is None:
            raise ConfigError(f"the state of {channel} has no configuration")
        config = decode(configtx_pb2.ConfigEnvelope, entry.value).config
        return cls(
            state,
            ChannelConfig(config, channel_id=channel),
            newest_config=entry.version.block,
            link=link,
            commit_hash=commit_hash,
            has_codes=None,
        )

    @property
    def config(self) -> ChannelConfig:
        """The configuration in force."""
        return self._policies.config

    def add(self, raw: bytes) -> VerifiedBlock:
        """Verify the next block (bytes of common.Block).

        Raises ChainFaultError; ConfigError for a channel whose transactions follow rules older than these.
        """
        block = read_block(raw, self._link.number + 1)
        link = check_link(block, self._link)
        try:
            verified = self._next(block, link)
        except DecodeError as error:
            raise fail(FaultKind.BLOCK, link.number, str(error)) from error
        self._link = link
        return verified

    def _next(self, block: common_pb2.Block, link: Link) -> VerifiedBlock:
        check_orderers(block, self.config)
        outcome = self._validate(block)
        if self._has_codes is None:
            self._has_codes = bool(transaction_filter(block))
        check_codes(block, outcome.transactions, has_codes=self._has_codes)
        changed = outcome.config is not self.config
        newest = link.number if changed else self._newest_config
        check_last_configuration(block, newest)
        self._check_commit_hash(block, outcome)
        if changed:
            self._take_config(outcome.config, link.number)
        self._commit(link.number, outcome)
        return VerifiedBlock(
            link=link,
            codes=tuple(one.code for one in outcome.transactions),
            compared_codes=len(outcome.transactions) if self._has_codes else 0,
            is_signed=True,
            has_commit_hash=bool(self._has_commit_hashes),
            is_configuration=changed,
            private_writes=sum(map(_writes_private_data, outcome.transactions)),
        )

    def _validate(self, block: common_pb2.Block) -> Outcome:
        number = block.header.number
        validation = BlockValidation(
            number, self._policies, self._state, self._state.has_transaction
        )
        for position, raw in enumerate(block.data.data):
            try:
                validation.add(raw)
            except (ConfigError, DecodeError) as error:
                raise ChainFaultError(
                    Fault(
                        FaultKind.CONFIGURATION, number, str(error), position, transaction_id(raw)
                    )
                ) from error
        return validation.finish()

    def _take_config(self, config: ChannelConfig, number: int) -> None:
        check_rules(config, number)
        self._policies = ChannelPolicies(config)
        self._newest_config = number

    def _check_commit_hash(self, block: common_pb2.Block, outcome: Outcome) -> None:
        """Compare a block's commit hash; blocks from an orderer, or of old peers, have none."""
        slot = common_pb2.BlockMetadataIndex.COMMIT_HASH
        there = len(block.metadata.metadata) > slot
        found = metadata(block, slot).value if there else b""
        if self._has_commit_hashes is None or not self._has_codes:
            self._has_commit_hashes = bool(found)
        if not found and not self._has_commit_hashes:
            return
        self._commit_hash = commit_hash(self._commit_hash, outcome.codes, outcome.updates)
        if found != self._commit_hash:
            raise fail(
                FaultKind.COMMIT_HASH,
                block.header.number,
                f"it has {found.hex() or 'none'}, and codes and writes make {self._commit_hash.hex()}",
            )

    def _commit(self, number: int, outcome: Outcome) -> None:
        if self._lifetimes is None:
            self._lifetimes = block_lifetimes(self._state)
        expire(number, self._lifetimes, self._state, outcome.updates)
        self._state.commit(outcome.updates, [one.transaction_id for one in outcome.transactions])
        if any(namespace == LIFECYCLE for namespace, _ in outcome.updates.changes):
            self._lifetimes = None


def check_rules(config: ChannelConfig, number: int) -> None:
    """Raise ConfigError for a configuration under which peers decide by older rules than these."""
    names = config.capabilities.application
    if not names.intersection(VALIDATED_CAPABILITIES):
        raise ConfigError(
            f"cannot verify what comes after block {number}: application capability "
            f"{', '.join(sorted(names)) or 'none'} has older rules than V2_0"
        )


def check_orderers(block: common_pb2.Block, config: ChannelConfig) -> None:
    """Check the orderers' signatures under the configuration in force; raises ChainFaultError."""
    try:
        config.verify_block(block)
    except (PolicyError, DecodeError) as error:
        raise fail(FaultKind.ORDERERS, block.header.number, str(error)) from error


def check_last_configuration(block: common_pb2.Block, newest: int) -> None:
    """Check the newest configuration block's number, as it is signed and as it is repeated; raises ChainFaultError."""
    repeated = metadata(block, common_pb2.BlockMetadataIndex.LAST_CONFIG).value
    for named in (last_config_index(block), decode(common_pb2.LastConfig, repeated).index):
        if named != newest:
            raise fail(
                FaultKind.LAST_CONFIGURATION,
                block.header.number,
                f"it names block {named}, and block {newest} has the newest configuration",
            )


def check_codes(
    block: common_pb2.Block, transactions: Sequence[CheckedTransaction], *, has_codes: bool
) -> None:
    """Compare a block's codes with the computed ones; blocks from an orderer have none. Raises ChainFaultError."""
    flags = transaction_filter(block)
    number = block.header.number
    if len(flags) != (len(transactions) if has_codes else 0):
        raise fail(
            FaultKind.FLAGS, number, f"{len(flags)} codes for {len(transactions)} transactions"
        )
    for position, (flag, computed) in enumerate(zip(flags, transactions, strict=False)):
        check_code(number, position, flag, computed)


def check_code(number: int, position: int, flag: int, computed: CheckedTransaction) -> None:
    """Compare the code that a block marks a transaction with; raises ChainFaultError."""
    if flag == computed.code:
        return
    because = f", because {computed.reason}" if computed.reason else ""
    raise ChainFaultError(
        Fault(
            FaultKind.CODE,
            number,
            f"it is marked {ValidationCode(flag).name}, and is {computed.code.name}{because}",
            position,
            computed.transaction_id,
        )
    )


def _writes_private_data(transaction: CheckedTransaction) -> bool:
    return transaction.code is ValidationCode.VALID and any(
        one.hashed.hashed_writes for entry in transaction.namespaces for one in entry.collections
    )
