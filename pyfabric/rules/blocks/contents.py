"""What a committed block's transactions write, read from the block itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fabric_protos.common import common_pb2
from fabric_protos.ledger.queryresult import kv_query_result_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2

from pyfabric.errors import DecodeError
from pyfabric.messages.blocks import transaction_filter
from pyfabric.messages.decoding import decode
from pyfabric.rules.state.rwset import NamespaceSet, decode_read_write_set
from pyfabric.rules.validation.form import ENDORSER_TRANSACTION


class Transaction(Protocol):
    """A transaction of a committed block."""

    @property
    def transaction_id(self) -> str:
        """Its id."""
        ...

    @property
    def code(self) -> int:
        """Its validation code."""
        ...

    @property
    def namespaces(self) -> Sequence[NamespaceSet]:
        """Its read-write set; nothing if it has none that can be read."""
        ...


@dataclass(frozen=True, slots=True)
class ReadTransaction:
    """A `Transaction` read from a block."""

    transaction_id: str
    code: int
    namespaces: tuple[NamespaceSet, ...]


def transactions(block: common_pb2.Block) -> list[ReadTransaction]:
    """Return the transactions of a block, in order; what cannot be read writes nothing."""
    codes = transaction_filter(block)
    return [_read(raw, codes[position]) for position, raw in enumerate(block.data.data)]


def key_modification(
    envelope: bytes, namespace: str, key: str
) -> kv_query_result_pb2.KeyModification:
    """Return what an endorser transaction wrote to a public key that is in its write set.

    The time is that of the client's proposal. A key that is written twice has its first value, and an
    empty value is a deletion, as in Fabric (kvledger/history/query_executer.go).
    """
    payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, envelope).payload)
    header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
    written, *_ = (
        write
        for entry in _namespaces(payload.data)
        for write in entry.public.writes
        if (entry.namespace, write.key) == (namespace, key)
    )
    return kv_query_result_pb2.KeyModification(
        tx_id=header.tx_id,
        value=written.value,
        timestamp=header.timestamp,
        is_delete=written.is_delete or not written.value,
    )


def _read(raw: bytes, code: int) -> ReadTransaction:
    transaction_id = ""
    try:
        payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, raw).payload)
        header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
        transaction_id = header.tx_id
        if header.type == ENDORSER_TRANSACTION:
            return ReadTransaction(transaction_id, code, _namespaces(payload.data))
    except DecodeError:
        pass
    return ReadTransaction(transaction_id, code, ())


def endorsed_payload(data: bytes) -> bytes:
    """Return what a transaction's endorsers signed (ProposalResponsePayload); b"" if it is not one action.

    `data` is that of the envelope's payload. Raises DecodeError.
    """
    actions = decode(transaction_pb2.Transaction, data).actions
    if len(actions) != 1:
        return b""
    body = decode(transaction_pb2.ChaincodeActionPayload, actions[0].payload)
    return body.action.proposal_response_payload


def _namespaces(data: bytes) -> tuple[NamespaceSet, ...]:
    response = decode(proposal_response_pb2.ProposalResponsePayload, endorsed_payload(data))
    results = decode(proposal_pb2.ChaincodeAction, response.extension).results
    return decode_read_write_set(results)
