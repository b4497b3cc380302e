"""What a committed block shows to event streams: chaincode events, and its filtered form.

Sources: internal/pkg/gateway/event and core/peer/deliverevents.go of Fabric 3.1.
"""

from collections.abc import Iterator

from fabric_protos.common import common_pb2
from fabric_protos.peer import (
    chaincode_event_pb2,
    events_pb2,
    proposal_pb2,
    proposal_response_pb2,
    transaction_pb2,
)
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.errors import DecodeError, ValidationCode
from pyfabric.messages.blocks import transaction_filter

_ENDORSER_TRANSACTION = common_pb2.HeaderType.ENDORSER_TRANSACTION


def chaincode_events(block: common_pb2.Block) -> list[chaincode_event_pb2.ChaincodeEvent]:
    """The events of a block's valid transactions, in order; raises DecodeError."""
    codes = transaction_filter(block)
    found: list[chaincode_event_pb2.ChaincodeEvent] = []
    try:
        for index, raw in enumerate(block.data.data):
            if codes[index] != ValidationCode.VALID:
                continue
            payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(raw).payload)
            header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
            if header.type == _ENDORSER_TRANSACTION:
                found.extend(_events(payload.data))
    except ProtobufDecodeError as error:
        raise DecodeError(f"block {block.header.number}: {error}") from error
    return found


def filtered_block(block: common_pb2.Block) -> events_pb2.FilteredBlock:
    """A block without its contents; raises DecodeError where Fabric's peer answers BAD_REQUEST."""
    filtered = events_pb2.FilteredBlock(number=block.header.number)
    codes = transaction_filter(block)
    try:
        for index, raw in enumerate(block.data.data):
            _add_transaction(filtered, raw, codes[index])
    except ProtobufDecodeError as error:
        raise DecodeError(f"block {block.header.number}: {error}") from error
    return filtered


def _add_transaction(filtered: events_pb2.FilteredBlock, raw: bytes, code: int) -> None:
    try:
        envelope = common_pb2.Envelope.FromString(raw)
    except ProtobufDecodeError:
        return
    payload = common_pb2.Payload.FromString(envelope.payload)
    if not raw or not payload.HasField("header"):
        return
    header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    filtered.channel_id = header.channel_id
    transaction = filtered.filtered_transactions.add(txid=header.tx_id)
    # Both are open enums on the wire: a number without a name is passed on as it is.
    transaction.MergeFromString(_varint_field(2, header.type) + _varint_field(3, code))
    if header.type != _ENDORSER_TRANSACTION:
        return
    transaction.transaction_actions.SetInParent()
    for event in _events(payload.data):
        shown = transaction.transaction_actions.chaincode_actions.add().chaincode_event
        shown.tx_id, shown.chaincode_id = event.tx_id, event.chaincode_id
        shown.event_name = event.event_name


def _events(data: bytes) -> Iterator[chaincode_event_pb2.ChaincodeEvent]:
    for action in transaction_pb2.Transaction.FromString(data).actions:
        body = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
        if not body.HasField("action"):
            continue
        response = proposal_response_pb2.ProposalResponsePayload.FromString(
            body.action.proposal_response_payload
        )
        result = proposal_pb2.ChaincodeAction.FromString(response.extension)
        event = chaincode_event_pb2.ChaincodeEvent.FromString(result.events)
        if event.chaincode_id:
            yield event


def _varint_field(number: int, value: int) -> bytes:
    encoded = bytearray([number << 3])
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
