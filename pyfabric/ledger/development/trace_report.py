"""A transaction in words: what each node read, wrote, endorsed or refused, and what became of it."""

from collections.abc import Iterator, Sequence
from typing import TypedDict

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2

from pyfabric.admin.inspection import describe_transaction
from pyfabric.errors import DecodeError
from pyfabric.ledger.channel.ledger import TransactionRecord
from pyfabric.ledger.traces import LARGEST_PAYLOAD, Step, asking, shown
from pyfabric.messages.decoding import decode
from pyfabric.rules.blocks.contents import endorsed_payload
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set, read_version


class TraceStep(TypedDict):
    """What a node, or the channel's ledger, did; texts for people."""

    node: str
    department: str
    did: str
    reads: list[str]
    writes: list[str]
    because: str


def trace_report(
    steps: Sequence[Step], channel_id: str, record: TransactionRecord | None
) -> list[TraceStep]:
    """Return the remembered steps, then the transaction's place in a channel if it is in a block.

    For a transaction whose steps are forgotten, the endorsers are read from the block.
    """
    reported = [_step(step) for step in steps]
    if record is None:
        return reported
    if not reported:
        reported = list(_from_block(record))
    because = f"{record.code.name}: {record.reason}" if record.code else ""
    verdict = "not valid" if record.code else "valid"
    did = f"wrote it into block {record.block_number} as transaction {record.position}: it is {verdict}"
    ledger = Step(f"channel {channel_id}", "", did, because)
    return [*reported, _step(ledger)]


def _step(step: Step) -> TraceStep:
    reads, writes = _contents(step.payload)
    return TraceStep(
        node=step.node,
        department=step.msp_id,
        did=step.did,
        reads=reads,
        writes=writes,
        because=step.because,
    )


def _from_block(record: TransactionRecord) -> Iterator[TraceStep]:
    try:
        view = describe_transaction(record.envelope)
    except DecodeError:
        return
    invocation = view.invocation
    if invocation is None or not invocation.endorsers:
        return
    yield _step(asking(view.creator, invocation.chaincode, invocation.arguments))
    data = decode(common_pb2.Payload, decode(common_pb2.Envelope, record.envelope).payload).data
    payload = endorsed_payload(data)
    for msp_id in invocation.endorsers:
        yield _step(Step("a peer", msp_id, "endorsed it", payload=payload))


def _contents(payload: bytes) -> tuple[list[str], list[str]]:
    """Return what was read and written according to a proposal response payload."""
    if len(payload) > LARGEST_PAYLOAD:
        too_large = [f"more than {LARGEST_PAYLOAD} bytes of reads and writes"]
        return too_large, too_large
    try:
        response = decode(proposal_response_pb2.ProposalResponsePayload, payload)
        action = decode(proposal_pb2.ChaincodeAction, response.extension)
        namespaces = decode_read_write_set(action.results)
    except DecodeError as error:
        return [], [str(error)]
    reads = [words for entry in namespaces for words in _reads(entry)]
    return reads, [words for entry in namespaces for words in _writes(entry)]


def _reads(entry: NamespaceSet) -> Iterator[str]:
    for read in entry.public.reads:
        version = read_version(read)
        state = "which is not there" if version is None else f"as {version} left it"
        yield f"{read.key!r} of {entry.namespace}, {state}"
    for query in entry.public.range_queries_info:
        yield f"the keys of {entry.namespace} from {query.start_key!r} to {query.end_key!r}"
    for collection in entry.collections:
        if count := len(collection.hashed.hashed_reads):
            yield _keys(count, collection.name, entry.namespace)


def _writes(entry: NamespaceSet) -> Iterator[str]:
    for write in entry.public.writes:
        deleted = write.is_delete or not write.value
        value = "deleted" if deleted else f"= {shown(write.value)}"
        yield f"{write.key!r} of {entry.namespace} {value}"
    for change in entry.public.metadata_writes:
        yield f"{_names(change.entries)} of {change.key!r} of {entry.namespace}"
    for collection in entry.collections:
        hashed = collection.hashed
        if count := len(hashed.hashed_writes) + len(hashed.metadata_writes):
            yield _keys(count, collection.name, entry.namespace)


def _keys(count: int, collection: str, namespace: str) -> str:
    """Describe a number of keys; of private data only hashes are known."""
    return f"{count} key{'s' * (count > 1)} of collection {collection} of {namespace}"


def _names(entries: Sequence[kv_rwset_pb2.KVMetadataEntry]) -> str:
    return ", ".join(entry.name for entry in entries) or "no metadata"
