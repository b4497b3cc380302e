"""What a committed block's transactions write, read from the block itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fabric_protos.common import common_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.core.blocks import transaction_filter
from pyfabric.core.state.rwset import NamespaceSet, decode_read_write_set
from pyfabric.core.validation.form import ENDORSER_TRANSACTION
from pyfabric.errors import DecodeError


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
    """The transactions of a block, in order; what cannot be read writes nothing."""
    codes = transaction_filter(block)
    return [_read(raw, codes[position]) for position, raw in enumerate(block.data.data)]


def _read(raw: bytes, code: int) -> ReadTransaction:
    transaction_id = ""
    try:
        payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(raw).payload)
        header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
        transaction_id = header.tx_id
        if header.type == ENDORSER_TRANSACTION:
            return ReadTransaction(transaction_id, code, _namespaces(payload.data))
    except (ProtobufDecodeError, DecodeError):
        pass
    return ReadTransaction(transaction_id, code, ())


def _namespaces(data: bytes) -> tuple[NamespaceSet, ...]:
    actions = transaction_pb2.Transaction.FromString(data).actions
    if len(actions) != 1:
        return ()
    body = transaction_pb2.ChaincodeActionPayload.FromString(actions[0].payload)
    response = proposal_response_pb2.ProposalResponsePayload.FromString(
        body.action.proposal_response_payload
    )
    results = proposal_pb2.ChaincodeAction.FromString(response.extension).results
    return decode_read_write_set(results)
