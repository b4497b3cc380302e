"""Whether an envelope in a block is a well-formed transaction, signed by a member of the channel.

Source: core/common/validation/msgvalidation.go and the v20 dispatcher of Fabric 3.1. Everything is
decoded once, here. Where Fabric's peer would stop at a message with a part missing, the transaction
gets the code of a part that cannot be decoded.
"""

from dataclasses import dataclass
from hashlib import sha256

from fabric_protos.common import common_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

from pyfabric.errors import DecodeError, FabricError, IdentityError, ValidationCode
from pyfabric.identity.msp import MSPManager
from pyfabric.messages.decoding import M, decode
from pyfabric.messages.proposals import proposal_hash
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set

CONFIG = common_pb2.HeaderType.CONFIG
CONFIG_UPDATE = common_pb2.HeaderType.CONFIG_UPDATE
ENDORSER_TRANSACTION = common_pb2.HeaderType.ENDORSER_TRANSACTION


class InvalidTransactionError(FabricError):
    """A transaction is invalid; `code` is what its block will say. Never leaves the validation."""

    def __init__(self, code: ValidationCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class Envelope:
    """A signed payload of the channel."""

    header: common_pb2.ChannelHeader
    data: bytes


@dataclass(frozen=True, slots=True)
class Action:
    """What endorsers signed, and their signatures."""

    chaincode: str
    namespaces: tuple[NamespaceSet, ...]
    endorsements: tuple[SignedData, ...]
    event: chaincode_event_pb2.ChaincodeEvent | None


@dataclass(frozen=True, slots=True)
class Proposed:
    """An endorser transaction whose proposal holds together; its response is still unread."""

    response: bytes
    endorsements: tuple[SignedData, ...]


def transaction_id(raw: bytes) -> str:
    """Return the id under which a ledger keeps a transaction; "" for one that cannot be read.

    A transaction without an id (a configuration) has the one that its nonce and creator make.
    """
    try:
        payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, raw).payload)
        if not payload.HasField("header"):
            return ""
        header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
        if header.tx_id:
            return header.tx_id
        signature = decode(common_pb2.SignatureHeader, payload.header.signature_header)
    except DecodeError:
        return ""
    return sha256(signature.nonce + signature.creator).hexdigest()


def check_envelope(
    raw: bytes, channel_id: str, manager: MSPManager, *, creator_known: bool
) -> tuple[Envelope, Proposed | None]:
    """Check headers, creator and, of an endorser transaction, the proposal.

    With `creator_known`, the creator's signature has been verified by this manager already. Raises
    InvalidTransactionError.
    """
    envelope = _decode(common_pb2.Envelope, raw, ValidationCode.INVALID_OTHER_REASON)
    payload = _decode(common_pb2.Payload, envelope.payload, ValidationCode.BAD_PAYLOAD)
    header, signature = _headers(payload)
    if header.channel_id != channel_id:
        raise InvalidTransactionError(
            ValidationCode.BAD_CREATOR_SIGNATURE,
            f"could not get msp for channel [{header.channel_id}]",
        )
    if not creator_known:
        _check_creator(envelope, signature.creator, manager)
    checked = Envelope(header, payload.data)
    if header.type == ENDORSER_TRANSACTION:
        return checked, _check_proposal(payload, header, signature)
    if header.type != CONFIG:
        raise InvalidTransactionError(
            ValidationCode.UNSUPPORTED_TX_PAYLOAD, f"header type {header.type}"
        )
    if not payload.data:
        raise InvalidTransactionError(ValidationCode.INVALID_CONFIG_TRANSACTION, "no configuration")
    return checked, None


def _headers(
    payload: common_pb2.Payload,
) -> tuple[common_pb2.ChannelHeader, common_pb2.SignatureHeader]:
    code = ValidationCode.BAD_COMMON_HEADER
    header = _decode(common_pb2.ChannelHeader, payload.header.channel_header, code)
    signature = _decode(common_pb2.SignatureHeader, payload.header.signature_header, code)
    if header.type not in (ENDORSER_TRANSACTION, CONFIG_UPDATE, CONFIG):
        raise InvalidTransactionError(code, f"invalid header type {header.type}")
    if header.epoch:
        raise InvalidTransactionError(
            code, f"invalid Epoch in ChannelHeader. Expected 0, got [{header.epoch}]"
        )
    if not signature.nonce or not signature.creator:
        raise InvalidTransactionError(code, "invalid nonce or creator specified in the header")
    return header, signature


def _check_creator(envelope: common_pb2.Envelope, creator: bytes, manager: MSPManager) -> None:
    try:
        identity = manager.deserialize(creator)
        identity.validate()
        identity.verify(envelope.payload, envelope.signature)
    except IdentityError as error:
        raise InvalidTransactionError(ValidationCode.BAD_CREATOR_SIGNATURE, str(error)) from error


def _check_proposal(
    payload: common_pb2.Payload,
    header: common_pb2.ChannelHeader,
    signature: common_pb2.SignatureHeader,
) -> Proposed:
    if header.tx_id != sha256(signature.nonce + signature.creator).hexdigest():
        raise InvalidTransactionError(
            ValidationCode.BAD_PROPOSAL_TXID, f"invalid txid {header.tx_id}"
        )
    code = ValidationCode.INVALID_ENDORSER_TRANSACTION
    actions = _decode(transaction_pb2.Transaction, payload.data, code).actions
    if len(actions) != 1:
        raise InvalidTransactionError(
            code, f"only one action per transaction is supported, not {len(actions)}"
        )
    action_header = _decode(common_pb2.SignatureHeader, actions[0].header, code)
    if not action_header.nonce or not action_header.creator:
        raise InvalidTransactionError(
            code, "invalid nonce or creator specified in the action's header"
        )
    body = _decode(transaction_pb2.ChaincodeActionPayload, actions[0].payload, code)
    response = body.action.proposal_response_payload
    expected = _decode(proposal_response_pb2.ProposalResponsePayload, response, code).proposal_hash
    if not body.chaincode_proposal_payload:
        raise InvalidTransactionError(code, "the transaction has no chaincode proposal payload")
    proposed = proposal_hash(
        payload.header.channel_header, actions[0].header, body.chaincode_proposal_payload
    )
    if proposed != expected:
        raise InvalidTransactionError(code, "proposal hash does not match")
    return Proposed(response, endorsements(body.action))


def endorsements(action: transaction_pb2.ChaincodeEndorsedAction) -> tuple[SignedData, ...]:
    """Return who is said to have endorsed an action, with what was signed."""
    response = action.proposal_response_payload
    return tuple(
        SignedData(response + entry.endorser, entry.endorser, entry.signature)
        for entry in action.endorsements
    )


def read_action(header: common_pb2.ChannelHeader, proposed: Proposed) -> Action:
    """Read what was endorsed and check that it agrees with itself; raises InvalidTransactionError."""
    extension = _decode(
        proposal_pb2.ChaincodeHeaderExtension,
        header.extension,
        ValidationCode.BAD_HEADER_EXTENSION,
    )
    action = _chaincode_action(proposed.response)
    try:
        namespaces = decode_read_write_set(action.results)
    except DecodeError as error:
        raise InvalidTransactionError(ValidationCode.BAD_RWSET, str(error)) from error
    chaincode = _chaincode(extension, action)
    event = _event(action.events, chaincode)
    names = [entry.namespace for entry in namespaces]
    if len(names) != len(set(names)):
        raise InvalidTransactionError(
            ValidationCode.ILLEGAL_WRITESET, "duplicate namespace in txRWSet"
        )
    return Action(chaincode, namespaces, proposed.endorsements, event)


def _chaincode_action(response: bytes) -> proposal_pb2.ChaincodeAction:
    code = ValidationCode.BAD_RESPONSE_PAYLOAD
    extension = _decode(proposal_response_pb2.ProposalResponsePayload, response, code).extension
    if not extension:
        raise InvalidTransactionError(code, "response payload is missing extension")
    return _decode(proposal_pb2.ChaincodeAction, extension, code)


def _chaincode(
    extension: proposal_pb2.ChaincodeHeaderExtension, action: proposal_pb2.ChaincodeAction
) -> str:
    if not extension.HasField("chaincode_id") or not action.HasField("chaincode_id"):
        raise InvalidTransactionError(ValidationCode.INVALID_OTHER_REASON, "nil ChaincodeId")
    called, answered = extension.chaincode_id.name, action.chaincode_id
    if not called or called != answered.name or not answered.version:
        raise InvalidTransactionError(
            ValidationCode.INVALID_CHAINCODE,
            f"inconsistent ccid info ({called}/{answered.name}, version '{answered.version}')",
        )
    return called


def _event(raw: bytes, chaincode: str) -> chaincode_event_pb2.ChaincodeEvent | None:
    if not raw:
        return None
    code = ValidationCode.INVALID_OTHER_REASON
    event = _decode(chaincode_event_pb2.ChaincodeEvent, raw, code)
    if event.chaincode_id != chaincode:
        raise InvalidTransactionError(
            code, "chaincode event chaincode id does not match chaincode action"
        )
    return event


def _decode(kind: type[M], raw: bytes, code: ValidationCode) -> M:
    try:
        return decode(kind, raw)
    except DecodeError as error:
        raise InvalidTransactionError(code, str(error)) from error
