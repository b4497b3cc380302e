"""Signatures in blocks, verified against the members of the channel at that time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from fabric_protos.common import common_pb2
from fabric_protos.peer import transaction_pb2

from pyfabric.admin.inspection import common_name, msp_id_of
from pyfabric.errors import DecodeError, IdentityError, PolicyError
from pyfabric.identity.msp import MSPManager
from pyfabric.messages.blocks import parse_block, signature_set
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.update import read_update, signed_data
from pyfabric.rules.validation.form import endorsements


@dataclass(frozen=True, slots=True)
class CheckedSignature:
    """Who is said to have signed: MSP id and common name. `problem` is why that does not hold, empty if it holds."""

    msp_id: str
    name: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TransactionSignatures:
    """The signatures of a transaction: its creator's, None if it has none, and its endorsers'."""

    creator: CheckedSignature | None
    endorsers: tuple[CheckedSignature, ...] = ()


NOT_VERIFIED: Final = "not verified: the channel's configuration of that time is not there"


class SignatureCheck:
    """Verifies signatures against the members of a channel, under one of its configurations.

    Without a configuration it reports who is said to have signed, with `NOT_VERIFIED` as the problem.
    """

    def __init__(self, config: ChannelConfig | None = None) -> None:
        self._config = config

    @classmethod
    def from_block(cls, config_block: bytes) -> Self:
        """Take the configuration of a configuration block (bytes of common.Block).

        It is the one in force for the blocks after it, up to and including the next configuration block. Raises
        ConfigError for a block that is not one, and DecodeError.
        """
        return cls(ChannelConfig.from_block(parse_block(config_block)))

    @classmethod
    def from_config(cls, config: bytes, channel: str) -> Self:
        """Take a configuration (bytes of common.Config) of a channel; raises ConfigError, and DecodeError."""
        return cls(ChannelConfig.from_bytes(config, channel_id=channel))

    def transaction(self, envelope: bytes) -> TransactionSignatures:
        """Verify the signatures of a transaction (bytes of common.Envelope); raises DecodeError.

        Of a transaction whose endorsements cannot be read none are returned; of several actions, those of the earliest.
        """
        message = decode(common_pb2.Envelope, envelope)
        payload = decode(common_pb2.Payload, message.payload)
        header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
        creator = decode(common_pb2.SignatureHeader, payload.header.signature_header).creator
        signed = SignedData(message.payload, creator, message.signature)
        return TransactionSignatures(
            self._checked(signed) if message.signature else None,
            tuple(map(self._checked, _endorsements(payload.data)))
            if header.type == common_pb2.HeaderType.ENDORSER_TRANSACTION
            else (),
        )

    def block(self, block: bytes) -> tuple[CheckedSignature, ...]:
        """Verify each orderer's signature of a block (bytes of common.Block); raises DecodeError.

        Of BFT's, those are left out whose number no consenter has.
        """
        found = parse_block(block)
        if self._config is None:
            return tuple(map(self._checked, signature_set(found, {})))
        return tuple(map(self._checked, self._config.block_signatures(found)))

    def orderers_problem(self, block: bytes) -> str:
        """Return why a block is not signed as the channel's BlockValidation policy wants it; empty if it is."""
        if self._config is None:
            return NOT_VERIFIED
        try:
            self._config.verify_block(parse_block(block))
        except (PolicyError, DecodeError) as error:
            return str(error)
        return ""

    def update(self, update: bytes) -> tuple[CheckedSignature, ...]:
        """Verify the signatures of a configuration update (bytes of common.Envelope); raises ConfigError, DecodeError."""
        envelope = read_update(decode(common_pb2.Envelope, update))
        return tuple(map(self._checked, signed_data(envelope)))

    def _checked(self, signed: SignedData) -> CheckedSignature:
        try:
            msp_id = msp_id_of(signed.identity)
        except DecodeError as error:
            return CheckedSignature("", "", str(error))
        problem = (
            NOT_VERIFIED if self._config is None else _problem(signed, self._config.msp_manager)
        )
        return CheckedSignature(msp_id, common_name(signed.identity), problem)


def _problem(signed: SignedData, manager: MSPManager) -> str:
    try:
        identity = manager.deserialize(signed.identity)
        identity.validate()
        identity.verify(signed.data, signed.signature)
    except IdentityError as error:
        return str(error)
    return ""


def _endorsements(data: bytes) -> Sequence[SignedData]:
    try:
        actions = decode(transaction_pb2.Transaction, data).actions
        if not actions:
            return []
        action = decode(transaction_pb2.ChaincodeActionPayload, actions[0].payload).action
    except DecodeError:
        return []
    return endorsements(action)
