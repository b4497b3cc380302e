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

from pyfabric.errors import DecodeError, ValidationCode
from pyfabric.messages.blocks import transaction_filter
from pyfabric.messages.decoding import M, decode

_ENDORSER_TRANSACTION = common_pb2.HeaderType.ENDORSER_TRANSACTION


def chaincode_events(block: common_pb2.Block) -> list[chaincode_event_pb2.ChaincodeEvent]:
    """Return the events of a block's valid transactions, in order; raises DecodeError."""
    codes = transaction_filter(block)
    found: list[chaincode_event_pb2.ChaincodeEvent] = []
    for index, raw in enumerate(block.data.data):
        if codes[index] != ValidationCode.VALID:
            continue
        payload = _decode(common_pb2.Payload, _decode(common_pb2.Envelope, raw).payload)
        header = _decode(common_pb2.ChannelHeader, payload.header.channel_header)
        if header.type == _ENDORSER_TRANSACTION:
            found.extend(_events(payload.data))
    return found


def filtered_block(block: common_pb2.Block) -> events_pb2.FilteredBlock:
    """Return a block without its contents; raises DecodeError where Fabric's peer answers BAD_REQUEST."""
    filtered = events_pb2.FilteredBlock(number=block.header.number)
    codes = transaction_filter(block)
    for index, raw in enumerate(block.data.data):
        _add_transaction(filtered, raw, codes[index])
    return filtered


def _add_transaction(filtered: events_pb2.FilteredBlock, raw: bytes, code: int) -> None:
    try:
        envelope = _decode(common_pb2.Envelope, raw)
    except DecodeError:
        return
    payload = _decode(common_pb2.Payload, envelope.payload)
    if not payload.HasField("header"):
        return
    header = _decode(common_pb2.ChannelHeader, payload.header.channel_header)
    filtered.channel_id = header.channel_id
    transaction = filtered.filtered_transactions.add(txid=header.tx_id)
    # Both are open enums on the wire: a number without a name is passed on as it is.
    numbers = _varint_field(2, header.type) + _varint_field(3, code)
    transaction.MergeFrom(_decode(events_pb2.FilteredTransaction, numbers))
    if header.type != _ENDORSER_TRANSACTION:
        return
    transaction.transaction_actions.SetInParent()
    for event in _events(payload.data):
        shown = transaction.transaction_actions.chaincode_actions.add().chaincode_event
        shown.tx_id, shown.chaincode_id = event.tx_id, event.chaincode_id
        shown.event_name = event.event_name


def _events(data: bytes) -> Iterator[chaincode_event_pb2.ChaincodeEvent]:
    for action in _decode(transaction_pb2.Transaction, data).actions:
        body = _decode(transaction_pb2.ChaincodeActionPayload, action.payload)
        if not body.HasField("action"):
            continue
        response = _decode(
            proposal_response_pb2.ProposalResponsePayload, body.action.proposal_response_payload
        )
        result = _decode(proposal_pb2.ChaincodeAction, response.extension)
        event = _decode(chaincode_event_pb2.ChaincodeEvent, result.events)
        if event.chaincode_id:
            yield event


def _decode(kind: type[M], raw: bytes) -> M:
    # As Fabric's gateway (internal/pkg/gateway/event), whose error is Go's text alone.
    return decode(kind, raw, DecodeError, "")


def _varint_field(number: int, value: int) -> bytes:
    encoded = bytearray([number << 3])
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
