"""Blocks whose chain begins later than with a genesis block, as at a peer that joined by a snapshot.

Without the blocks before, nobody can know the state: definitions, versions of keys and earlier transactions. Hashes
are checked; signatures of orderers and creators from where a configuration is known; codes only of transactions
whose form or creator's signature is at fault.
"""

from fabric_protos.common import common_pb2

from pyfabric.errors import ConfigError, DecodeError, ValidationCode
from pyfabric.messages.blocks import last_config_index, transaction_filter
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.validation.block import CheckedTransaction, next_config
from pyfabric.rules.validation.form import (
    ENDORSER_TRANSACTION,
    InvalidTransactionError,
    check_envelope,
    transaction_id,
)
from pyfabric.rules.verification.chain import (
    VerifiedBlock,
    check_code,
    check_last_configuration,
    check_orderers,
)
from pyfabric.rules.verification.faults import ChainFaultError, Fault, FaultKind, fail
from pyfabric.rules.verification.links import Link, check_link, read_block


class LaterVerification:
    """Verifies blocks that are given to `add` in their order, from any number on.

    `config` is the configuration in force at the earliest block, if that is known; otherwise the one of the earliest
    configuration block is believed, which no signature confirms.
    """

    def __init__(self, config: ChannelConfig | None = None) -> None:
        self.config = config
        self._link: Link | None = None
        self._newest_config = 0

    def add(self, raw: bytes) -> VerifiedBlock:
        """Verify the next block (bytes of common.Block); raises ChainFaultError."""
        block = read_block(raw, 0 if self._link is None else self._link.number + 1)
        link = check_link(block, self._link)
        try:
            verified = self._check(block, link)
        except DecodeError as error:
            raise fail(FaultKind.BLOCK, link.number, str(error)) from error
        self._link = link
        return verified

    def _check(self, block: common_pb2.Block, link: Link) -> VerifiedBlock:
        before = self.config
        if before is not None:
            check_orderers(block, before)
        codes = transaction_filter(block)
        if codes and len(codes) != len(block.data.data):
            raise fail(
                FaultKind.FLAGS,
                link.number,
                f"{len(codes)} codes for {len(block.data.data)} transactions",
            )
        compared = 0
        for position, raw in enumerate(block.data.data):
            at_fault = self._check_transaction(link.number, position, raw)
            if at_fault is not None and codes:
                check_code(link.number, position, codes[position], at_fault)
                compared += 1
        self._check_last_config(block, link, changed=self.config is not before)
        return VerifiedBlock(
            link=link,
            codes=tuple(map(ValidationCode, codes)),
            compared_codes=compared,
            is_signed=before is not None,
            has_commit_hash=False,
            is_configuration=self.config is not before,
            private_writes=0,
        )

    def _check_last_config(self, block: common_pb2.Block, link: Link, *, changed: bool) -> None:
        if changed:
            self._newest_config = link.number
        elif self._link is None:
            self._newest_config = last_config_index(block)
        check_last_configuration(block, self._newest_config)

    def _check_transaction(
        self, number: int, position: int, raw: bytes
    ) -> CheckedTransaction | None:
        """Return a transaction with the code that is certain without state; None if none is."""
        if self.config is None:
            self.config = _configuration(raw)
            return None
        identifier = transaction_id(raw)
        try:
            envelope, _ = check_envelope(
                raw, self.config.channel_id, self.config.msp_manager, creator_known=False
            )
        except InvalidTransactionError as error:
            return CheckedTransaction(identifier, code=error.code, reason=str(error))
        if envelope.header.type == ENDORSER_TRANSACTION:
            return None
        try:
            self.config = next_config(self.config, envelope.data)
        except (ConfigError, DecodeError) as error:
            raise ChainFaultError(
                Fault(FaultKind.CONFIGURATION, number, str(error), position, identifier)
            ) from error
        return CheckedTransaction(identifier)


def _configuration(raw: bytes) -> ChannelConfig | None:
    """Return the configuration in a transaction that is one."""
    block = common_pb2.Block(data=common_pb2.BlockData(data=[raw]))
    try:
        channel_id, config = config_from_block(block)
        return ChannelConfig(config, channel_id=channel_id)
    except ConfigError:
        return None
