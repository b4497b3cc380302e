"""Transactions described: who called which chaincode, who endorsed it, what it wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)
from google.protobuf.timestamp_pb2 import Timestamp

from pyfabric.errors import DecodeError
from pyfabric.messages.decoding import decode, read_time


@dataclass(frozen=True, slots=True)
class Write:
    """A key that a transaction wrote or deleted in a namespace."""

    namespace: str
    key: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class Invocation:
    """The call of an endorser transaction and its result: endorsers by MSP id, `event` by name.

    `problem` names what cannot be read: a block may hold malformed transactions, marked invalid.
    """

    chaincode: str = ""
    arguments: tuple[bytes, ...] = ()
    endorsers: tuple[str, ...] = ()
    writes: tuple[Write, ...] = ()
    event: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TransactionView:
    """A transaction as its envelope describes it; `kind` is a name of common.HeaderType.

    `timestamp` is the client's; None if it is not a valid time.
    """

    transaction_id: str
    kind: str
    channel: str
    timestamp: datetime | None
    creator: str
    invocation: Invocation | None


def describe_transaction(envelope: bytes) -> TransactionView:
    """Read the bytes of a common.Envelope; raises DecodeError if its headers cannot be read."""
    payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, envelope).payload)
    header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
    signer = decode(common_pb2.SignatureHeader, payload.header.signature_header)
    endorsed = header.type == common_pb2.HeaderType.ENDORSER_TRANSACTION
    return TransactionView(
        transaction_id=header.tx_id,
        kind=_kind(header.type),
        channel=header.channel_id,
        timestamp=_time(header.timestamp),
        creator=_msp_id(signer.creator),
        invocation=_invocation(payload.data) if endorsed else None,
    )


def _time(stamp: Timestamp) -> datetime | None:
    try:
        return read_time(stamp)
    except DecodeError:
        return None


def _invocation(data: bytes) -> Invocation:
    try:
        return _read_invocation(data)
    except DecodeError as error:
        return Invocation(problem=str(error))


def _read_invocation(data: bytes) -> Invocation:
    transaction = decode(transaction_pb2.Transaction, data)
    if not transaction.actions:
        return Invocation(problem="no action")
    action = decode(transaction_pb2.ChaincodeActionPayload, transaction.actions[0].payload)
    proposal = decode(proposal_pb2.ChaincodeProposalPayload, action.chaincode_proposal_payload)
    called = decode(chaincode_pb2.ChaincodeInvocationSpec, proposal.input).chaincode_spec
    response = decode(
        proposal_response_pb2.ProposalResponsePayload, action.action.proposal_response_payload
    )
    outcome = decode(proposal_pb2.ChaincodeAction, response.extension)
    return Invocation(
        chaincode=called.chaincode_id.name,
        arguments=tuple(called.input.args),
        endorsers=tuple(_msp_id(one.endorser) for one in action.action.endorsements),
        writes=_writes(outcome.results),
        event=decode(chaincode_event_pb2.ChaincodeEvent, outcome.events).event_name,
    )


def _writes(results: bytes) -> tuple[Write, ...]:
    sets: Sequence[rwset_pb2.NsReadWriteSet] = decode(rwset_pb2.TxReadWriteSet, results).ns_rwset
    return tuple(
        Write(one.namespace, write.key, write.is_delete)
        for one in sets
        for write in decode(kv_rwset_pb2.KVRWSet, one.rwset).writes
    )


def _msp_id(serialized: bytes) -> str:
    return decode(identities_pb2.SerializedIdentity, serialized).mspid


def _kind(number: int) -> str:
    known = common_pb2.HeaderType.values()
    return common_pb2.HeaderType.Name(number) if number in known else f"UNKNOWN_{number}"
