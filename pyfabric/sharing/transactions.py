"""The transaction of a proof, read strictly: headers, call, action, read-write set and endorsements.

What each part must be is checked by `attested`; here it is only taken apart, with no byte left over.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from fabric_protos.peer import (
    chaincode_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)

from pyfabric.errors import DecodeError
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set
from pyfabric.sharing import strict


@dataclass(frozen=True, slots=True)
class EndorsedTransaction:
    """The parts of an endorsed transaction, and the bytes that hashes and signatures are over."""

    channel_header: bytes
    signature_header: bytes
    call: bytes
    response: bytes
    channel: common_pb2.ChannelHeader
    creator: common_pb2.SignatureHeader
    payload: proposal_pb2.ChaincodeProposalPayload
    spec: chaincode_pb2.ChaincodeSpec
    proposal_hash: bytes
    action: proposal_pb2.ChaincodeAction
    namespaces: tuple[NamespaceSet, ...]
    endorsements: tuple[proposal_response_pb2.Endorsement, ...]


def read_transaction(raw: bytes) -> EndorsedTransaction:
    """Take apart the bytes of common.Payload; raises DecodeError for any that a strict reader refuses."""
    payload = strict.read(common_pb2.Payload, raw)
    header = payload.header
    action = _only_action(payload.data, header.signature_header)
    body = strict.read(transaction_pb2.ChaincodeActionPayload, action)
    call = strict.read(proposal_pb2.ChaincodeProposalPayload, body.chaincode_proposal_payload)
    invocation = strict.read(chaincode_pb2.ChaincodeInvocationSpec, call.input)
    response = strict.read(
        proposal_response_pb2.ProposalResponsePayload, body.action.proposal_response_payload
    )
    outcome = strict.read(proposal_pb2.ChaincodeAction, response.extension)
    return EndorsedTransaction(
        channel_header=header.channel_header,
        signature_header=header.signature_header,
        call=body.chaincode_proposal_payload,
        response=body.action.proposal_response_payload,
        channel=strict.read(common_pb2.ChannelHeader, header.channel_header),
        creator=strict.read(common_pb2.SignatureHeader, header.signature_header),
        payload=call,
        spec=invocation.chaincode_spec,
        proposal_hash=response.proposal_hash,
        action=outcome,
        namespaces=_read_set(outcome.results),
        endorsements=tuple(body.action.endorsements),
    )


def changes(namespaces: tuple[NamespaceSet, ...]) -> Iterator[str]:
    """Yield a text for each namespace and collection that a read-write set would change."""
    for one in namespaces:
        if one.public.writes or one.public.metadata_writes:
            yield one.namespace
        for collection in one.collections:
            hashed = collection.hashed
            if hashed.hashed_writes or hashed.metadata_writes or collection.private_hash:
                yield f"{one.namespace}, collection {collection.name}"


def _only_action(data: bytes, signature_header: bytes) -> bytes:
    actions = strict.read(transaction_pb2.Transaction, data).actions
    if len(actions) != 1:
        raise DecodeError(f"the transaction has {len(actions)} actions instead of one")
    if actions[0].header != signature_header:
        raise DecodeError("the header of the action is another than the transaction's")
    return actions[0].payload


def _read_set(results: bytes) -> tuple[NamespaceSet, ...]:
    found = strict.read(rwset_pb2.TxReadWriteSet, results).ns_rwset
    _require_ascending([one.namespace for one in found])
    for one in found:
        strict.read(kv_rwset_pb2.KVRWSet, one.rwset)
        _require_ascending(
            [collection.collection_name for collection in one.collection_hashed_rwset]
        )
        for collection in one.collection_hashed_rwset:
            strict.read(kv_rwset_pb2.HashedRWSet, collection.hashed_rwset)
    return decode_read_write_set(results)


def _require_ascending(names: Sequence[str]) -> None:
    """Raise DecodeError unless the names are in the order in which Fabric writes them, each once."""
    if list(names) != sorted(set(names)):
        raise DecodeError(f"the namespaces or collections {', '.join(names)} are not in order")
