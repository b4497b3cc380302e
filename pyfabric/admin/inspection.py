"""Transactions described: who called which chaincode, who endorsed it, what it read and wrote."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from fabric_protos.common import common_pb2, policies_pb2
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

from pyfabric.errors import ConfigError, DecodeError
from pyfabric.identity.parsing import read_pem
from pyfabric.messages.decoding import decode, read_time
from pyfabric.rules.policies.syntax import format_signature_policy
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set, read_version
from pyfabric.rules.validation.endorsement import PARAMETER


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
class RangeRead:
    """A range of keys that a transaction read, from `start_key` up to but without `end_key` (empty: to the last).

    `to_the_end` is whether it read all of it. Of a long range blocks hold hashes instead of keys: `hashed`.
    """

    namespace: str
    start_key: str
    end_key: str
    to_the_end: bool
    hashed: bool


@dataclass(frozen=True, slots=True)
class PrivateRead:
    """A key of a private data collection that a transaction read, as its hash; numbers as in `Read`."""

    namespace: str
    collection: str
    key_hash: bytes
    block_number: int | None
    transaction_number: int | None


@dataclass(frozen=True, slots=True)
class PrivateSet:
    """The hash of what a transaction did in a private data collection, as its members have it."""

    namespace: str
    collection: str
    hash: bytes


@dataclass(frozen=True, slots=True)
class KeyPolicy:
    """An endorsement policy that a transaction set for a key, or removed (`policy` is empty).

    For a key of a private data collection `key` is its hash, in hexadecimal digits.
    """

    namespace: str
    collection: str
    key: str
    policy: str


@dataclass(frozen=True, slots=True)
class Invocation:
    """The call of an endorser transaction and its result: endorsers by MSP id, `event` by name.

    `status` and `message` are the chaincode's response. `problem` names what cannot be read: a block may hold malformed
    transactions, marked invalid.
    """

    chaincode: str = ""
    arguments: tuple[bytes, ...] = ()
    endorsers: tuple[str, ...] = ()
    reads: tuple[Read, ...] = ()
    writes: tuple[Write, ...] = ()
    private_writes: tuple[PrivateWrite, ...] = ()
    event: str = ""
    problem: str = ""
    ranges: tuple[RangeRead, ...] = ()
    private_reads: tuple[PrivateRead, ...] = ()
    private_sets: tuple[PrivateSet, ...] = ()
    key_policies: tuple[KeyPolicy, ...] = ()
    version: str = ""
    status: int = 0
    message: str = ""


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
        creator=msp_id_of(signer.creator),
        user=common_name(signer.creator),
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
        endorsers=tuple(msp_id_of(one.endorser) for one in action.action.endorsements),
        reads=tuple(read for one in sets for read in _reads(one)),
        writes=tuple(
            Write(one.namespace, write.key, write.is_delete, write.value)
            for one in sets
            for write in one.public.writes
        ),
        private_writes=tuple(write for one in sets for write in _private_writes(one)),
        event=decode(chaincode_event_pb2.ChaincodeEvent, outcome.events).event_name,
        ranges=tuple(one for found in sets for one in _ranges(found)),
        private_reads=tuple(one for found in sets for one in _private_reads(found)),
        private_sets=tuple(
            PrivateSet(found.namespace, one.name, one.private_hash)
            for found in sets
            for one in found.collections
        ),
        key_policies=tuple(one for found in sets for one in _key_policies(found)),
        version=outcome.chaincode_id.version,
        status=outcome.response.status,
        message=outcome.response.message,
    )


def _reads(found: NamespaceSet) -> Iterator[Read]:
    single = list(found.public.reads)
    ranges = [read for one in found.public.range_queries_info for read in one.raw_reads.kv_reads]
    for read in (*single, *ranges):
        yield Read(found.namespace, read.key, *_writer(read))


def _writer(read: kv_rwset_pb2.KVRead | kv_rwset_pb2.KVReadHash) -> tuple[int | None, int | None]:
    version = read_version(read)
    return (version.block, version.transaction) if version else (None, None)


def _ranges(found: NamespaceSet) -> Iterator[RangeRead]:
    for query in found.public.range_queries_info:
        yield RangeRead(
            namespace=found.namespace,
            start_key=query.start_key,
            end_key=query.end_key,
            to_the_end=query.itr_exhausted,
            hashed=query.HasField("reads_merkle_hashes"),
        )


def _private_reads(found: NamespaceSet) -> Iterator[PrivateRead]:
    for collection in found.collections:
        for read in collection.hashed.hashed_reads:
            yield PrivateRead(found.namespace, collection.name, read.key_hash, *_writer(read))


def _key_policies(found: NamespaceSet) -> Iterator[KeyPolicy]:
    for change in found.public.metadata_writes:
        yield KeyPolicy(found.namespace, "", change.key, _policy(change.entries))
    for collection in found.collections:
        for hashed in collection.hashed.metadata_writes:
            key = hashed.key_hash.hex()
            yield KeyPolicy(found.namespace, collection.name, key, _policy(hashed.entries))


def _policy(entries: Iterable[kv_rwset_pb2.KVMetadataEntry]) -> str:
    """Return the policy in a key's metadata, as an expression, or as hexadecimal digits if it is not one."""
    raw = {entry.name: entry.value for entry in entries}.get(PARAMETER, b"")
    try:
        return (
            format_signature_policy(decode(policies_pb2.SignaturePolicyEnvelope, raw))
            if raw
            else ""
        )
    except (ConfigError, DecodeError):
        return f"0x{raw.hex()}"


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


def msp_id_of(serialized: bytes) -> str:
    """Return the MSP id in msp.SerializedIdentity; raises DecodeError."""
    return decode(identities_pb2.SerializedIdentity, serialized).mspid


def common_name(serialized: bytes) -> str:
    """Return the common name in a serialized identity's certificate; "" without one, as in Idemix."""
    try:
        certificate = read_pem(decode(identities_pb2.SerializedIdentity, serialized).id_bytes)
    except DecodeError:
        return ""
    return certificate.subject.common_name if certificate else ""


def _kind(number: int) -> str:
    known = common_pb2.HeaderType.values()
    return common_pb2.HeaderType.Name(number) if number in known else f"UNKNOWN_{number}"
