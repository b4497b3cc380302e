"""Transactions described: who called which chaincode, who endorsed it, what it read and wrote."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fabric_protos.common import common_pb2
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
from pyfabric.identity.parsing import read_pem
from pyfabric.messages.decoding import decode, read_time
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set, read_version


@dataclass(frozen=True, slots=True)
class Read:
    """A key that a transaction read in a namespace, and the place of the transaction that had written it.

    Both numbers are None if the key was not there. Blocks do not hold the value that was read. Of a long
    range only the last keys are there, the others as a hash.
    """

    namespace: str
    key: str
    block_number: int | None
    transaction_number: int | None


@dataclass(frozen=True, slots=True)
class Write:
    """A key that a transaction wrote or deleted in a namespace; `value` is empty if it was deleted."""

    namespace: str
    key: str
    deleted: bool
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class PrivateWrite:
    """A key that a transaction wrote, deleted or purged in a private data collection, as its hashes.

    `value_hash` is empty if the value was deleted.
    """

    namespace: str
    collection: str
    key_hash: bytes
    value_hash: bytes
    deleted: bool
    purged: bool


@dataclass(frozen=True, slots=True)
class Invocation:
    """The call of an endorser transaction and its result: endorsers by MSP id, `event` by name.

    `problem` names what cannot be read: a block may hold malformed transactions, marked invalid.
    """

    chaincode: str = ""
    arguments: tuple[bytes, ...] = ()
    endorsers: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    private_writes: tuple[PrivateWrite, ...] = ()
    event: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TransactionView:
    """A transaction as its envelope describes it; `kind` is a name of common.HeaderType.

    `timestamp` is the client's; None if it is not a valid time. `creator` is the MSP id of who signed it,
    `user` the common name in the certificate; empty if it has none.
    """

    transaction_id: str
    kind: str
    channel: str
    timestamp: datetime | None
    creator: str
    user: str
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
        user=_common_name(signer.creator),
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
    sets = decode_read_write_set(outcome.results)
    return Invocation(
        chaincode=called.chaincode_id.name,
        arguments=tuple(called.input.args),
        endorsers=tuple(_msp_id(one.endorser) for one in action.action.endorsements),
        reads=tuple(read for one in sets for read in _reads(one)),
        writes=tuple(
            Write(one.namespace, write.key, write.is_delete, write.value)
            for one in sets
            for write in one.public.writes
        ),
        private_writes=tuple(write for one in sets for write in _private_writes(one)),
        event=decode(chaincode_event_pb2.ChaincodeEvent, outcome.events).event_name,
    )


def _reads(found: NamespaceSet) -> Iterator[Read]:
    single = list(found.public.reads)
    ranges = [read for one in found.public.range_queries_info for read in one.raw_reads.kv_reads]
    for read in (*single, *ranges):
        version = read_version(read)
        place = (version.block, version.transaction) if version else (None, None)
        yield Read(found.namespace, read.key, *place)


def _private_writes(found: NamespaceSet) -> Iterator[PrivateWrite]:
    for collection in found.collections:
        for write in collection.hashed.hashed_writes:
            yield PrivateWrite(
                namespace=found.namespace,
                collection=collection.name,
                key_hash=write.key_hash,
                value_hash=write.value_hash,
                deleted=write.is_delete,
                purged=write.is_purge,
            )


def _msp_id(serialized: bytes) -> str:
    return decode(identities_pb2.SerializedIdentity, serialized).mspid


def _common_name(serialized: bytes) -> str:
    try:
        certificate = read_pem(decode(identities_pb2.SerializedIdentity, serialized).id_bytes)
    except DecodeError:  # an identity of another kind, such as Idemix
        return ""
    return certificate.subject.common_name if certificate else ""


def _kind(number: int) -> str:
    known = common_pb2.HeaderType.values()
    return common_pb2.HeaderType.Name(number) if number in known else f"UNKNOWN_{number}"
