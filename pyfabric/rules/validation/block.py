"""The validation of a block: one code a transaction, and the state changes of the valid ones.

Source: core/committer/txvalidator/v20 and kvledger/txmgmt/validation of Fabric 3.1. Form, signatures and
policies come first, transaction by transaction; then ids that repeat inside the block; then conflicts,
in order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.peer import chaincode_event_pb2

from pyfabric.errors import ValidationCode
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration import update as config_update
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.succession import successor
from pyfabric.rules.state import mvcc
from pyfabric.rules.state.rwset import NamespaceSet
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import StateReader, Version, VersionedValue
from pyfabric.rules.validation.endorsement import ChannelPolicies, EndorsementCheck
from pyfabric.rules.validation.form import (
    ENDORSER_TRANSACTION,
    Envelope,
    InvalidTransactionError,
    Proposed,
    check_envelope,
    read_action,
    transaction_id,
)

CONFIGURATION_PLACE = ("", "CHANNEL_CONFIG_ENV_BYTES")
"""Namespace and key under which peers keep the channel's configuration."""
VALIDATED_CAPABILITIES: Final = ("V2_0", "V2_5")
"""Application capabilities whose rules these are: a channel has one of them, or its transactions are decided otherwise."""


@dataclass(slots=True)
class CheckedTransaction:
    """A transaction of a block, with its code and, if it is invalid, the reason."""

    transaction_id: str
    kind: int = -1
    code: ValidationCode = ValidationCode.VALID
    reason: str = ""
    chaincode: str = ""
    namespaces: tuple[NamespaceSet, ...] = ()
    event: chaincode_event_pb2.ChaincodeEvent | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a block does: its transactions, its changes, and the configuration after it."""

    transactions: tuple[CheckedTransaction, ...]
    updates: Updates
    config: ChannelConfig

    @property
    def codes(self) -> bytes:
        """The block's TRANSACTIONS_FILTER."""
        return bytes(transaction.code for transaction in self.transactions)


def genesis_updates(block: common_pb2.Block) -> Updates:
    """Return what a genesis block writes: the channel's configuration; raises DecodeError."""
    payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, block.data.data[0]).payload)
    updates = Updates()
    updates.put(CONFIGURATION_PLACE, VersionedValue(payload.data, Version(0, 0)))
    return updates


def next_config(config: ChannelConfig, data: bytes) -> ChannelConfig:
    """Return the configuration that a configuration transaction makes of the one in force.

    `data` is that of the envelope's payload. Raises ConfigError, and DecodeError.
    """
    proposed = decode(configtx_pb2.ConfigEnvelope, data)
    config_update.validate(config, proposed)
    return successor(config, proposed.config)


class BlockValidation:
    """Validates the transactions of one block: `add` each of them in order, then `finish`.

    `state` is the committed state before the block; `exists` returns whether an earlier block has a transaction of that id.
    """

    def __init__(
        self,
        number: int,
        policies: ChannelPolicies,
        state: StateReader,
        exists: Callable[[str], bool],
    ) -> None:
        self._number = number
        self._config = policies.config
        self._state = _Remembering(state)
        self._exists = exists
        self._endorsement = EndorsementCheck(policies, self._state)
        self._transactions: list[CheckedTransaction] = []
        self._updates = Updates()

    def add(self, raw: bytes, *, creator_known: bool = False) -> None:
        """Check the next transaction by itself; raises ConfigError for an invalid configuration.

        With `creator_known`, its orderer has verified its creator under the same configuration.
        The configuration of a configuration transaction must be what the update inside makes.
        """
        transaction = CheckedTransaction(transaction_id(raw))
        try:
            envelope, proposed = check_envelope(
                raw,
                self._config.channel_id,
                self._config.msp_manager,
                creator_known=creator_known,
            )
            transaction.kind = envelope.header.type
            if proposed is None:
                self._configure(envelope)
            else:
                self._check(transaction, envelope, proposed)
        except InvalidTransactionError as error:
            transaction.code = error.code
            transaction.reason = str(error)
        self._transactions.append(transaction)

    def finish(self) -> Outcome:
        """Decide repeated ids and conflicts, in order."""
        seen: set[str] = set()
        for position, transaction in enumerate(self._transactions):
            if transaction.code is not ValidationCode.VALID:
                continue
            if transaction.kind != ENDORSER_TRANSACTION:
                continue
            if transaction.transaction_id in seen:
                transaction.code = ValidationCode.DUPLICATE_TXID
                transaction.reason = "the block has this transaction id before it"
                continue
            seen.add(transaction.transaction_id)
            conflict = mvcc.find_conflict(transaction.namespaces, self._state, self._updates)
            if conflict is None:
                version = Version(self._number, position)
                self._updates.apply(transaction.namespaces, version, self._state)
            else:
                transaction.code, transaction.reason = conflict
        return Outcome(tuple(self._transactions), self._updates, self._config)

    def _check(
        self, transaction: CheckedTransaction, envelope: Envelope, proposed: Proposed
    ) -> None:
        if self._exists(transaction.transaction_id):
            raise InvalidTransactionError(
                ValidationCode.DUPLICATE_TXID, "the ledger has this transaction id"
            )
        action = read_action(envelope.header, proposed)
        transaction.chaincode = action.chaincode
        transaction.event = action.event
        transaction.namespaces = action.namespaces
        self._endorsement.check(action)

    def _configure(self, envelope: Envelope) -> None:
        self._config = next_config(self._config, envelope.data)
        self._updates.put(
            CONFIGURATION_PLACE,
            VersionedValue(envelope.data, Version(self._number, len(self._transactions))),
        )


class _Remembering:
    """Committed state that is read once a key: validation asks for the same keys again."""

    def __init__(self, state: StateReader) -> None:
        self._known: dict[tuple[str, str], VersionedValue | None] = {}
        self._state = state
        self.range = state.range

    def get(self, namespace: str, key: str) -> VersionedValue | None:
        place = (namespace, key)
        if place not in self._known:
            self._known[place] = self._state.get(namespace, key)
        return self._known[place]
