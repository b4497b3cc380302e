"""What of a block is shown to those who may not see its contents, and what cannot be read in it."""

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.peer import transaction_pb2

from pyfabric.errors import DecodeError
from pyfabric.rules.blocks.contents import transactions
from pyfabric.rules.blocks.events import chaincode_events, filtered_block

CODES = common_pb2.BlockMetadataIndex.TRANSACTIONS_FILTER


def block(*envelopes: bytes, code: int = 0) -> common_pb2.Block:
    slots = [b""] * 5
    slots[CODES] = bytes([code]) * len(envelopes)
    return common_pb2.Block(
        header=common_pb2.BlockHeader(number=7),
        data=common_pb2.BlockData(data=envelopes),
        metadata=common_pb2.BlockMetadata(metadata=slots),
    )


def envelope(data: bytes, kind: int = common_pb2.HeaderType.ENDORSER_TRANSACTION) -> bytes:
    header = common_pb2.ChannelHeader(type=kind, channel_id="ch", tx_id="t")
    payload = common_pb2.Payload(
        header=common_pb2.Header(channel_header=header.SerializeToString()), data=data
    )
    return common_pb2.Envelope(payload=payload.SerializeToString()).SerializeToString()


def actions(*payloads: transaction_pb2.ChaincodeActionPayload) -> bytes:
    return transaction_pb2.Transaction(
        actions=[
            transaction_pb2.TransactionAction(payload=one.SerializeToString()) for one in payloads
        ]
    ).SerializeToString()


# core/peer/deliverevents.go: toFilteredBlock skips what is no envelope or has no header.
def test_what_has_no_header_is_left_out_of_a_filtered_block() -> None:
    headless = common_pb2.Envelope(payload=b"").SerializeToString()
    shown = filtered_block(block(b"\xff", b"", headless, envelope(b"", 1)))
    assert [one.txid for one in shown.filtered_transactions] == ["t"]
    assert (shown.number, shown.channel_id) == (7, "ch")


def test_an_action_without_endorsements_has_no_events() -> None:
    empty = transaction_pb2.ChaincodeActionPayload()
    data = envelope(actions(empty))
    assert chaincode_events(block(data)) == []
    (shown,) = filtered_block(block(data)).filtered_transactions
    assert len(shown.transaction_actions.chaincode_actions) == 0


def test_numbers_that_enums_do_not_name_are_passed_on() -> None:
    (shown,) = filtered_block(block(envelope(b"", 300), code=200)).filtered_transactions
    assert (shown.type, shown.tx_validation_code) == (300, 200)


def test_invalid_transactions_have_no_events_and_unreadable_ones_stop_the_stream() -> None:
    assert chaincode_events(block(b"\xff", code=11)) == []
    with pytest.raises(DecodeError, match=r"^proto: cannot parse invalid wire-format data"):
        chaincode_events(block(b"\xff"))


def test_what_cannot_be_read_writes_nothing() -> None:
    two = transaction_pb2.ChaincodeActionPayload()
    found = transactions(block(b"\xff", envelope(b"\xff"), envelope(actions(two, two))))
    assert [(one.transaction_id, one.namespaces) for one in found] == [
        ("", ()),
        ("t", ()),
        ("t", ()),
    ]
