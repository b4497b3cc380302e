"""Blocks as event streams show them, compared with a real peer's (5-channel-history)."""

import json
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2
from fabric_protos.peer import transaction_pb2
from google.protobuf.json_format import MessageToDict

from pyfabric.errors import DecodeError
from pyfabric.messages.blocks import new_block
from pyfabric.rules.blocks.events import chaincode_events, filtered_block


def blocks(vectors: Path) -> list[common_pb2.Block]:
    paths = sorted((vectors / "5-channel-history" / "blocks").glob("*.block"))
    return [common_pb2.Block.FromString(path.read_bytes()) for path in paths]


def test_filtered_blocks(vectors: Path) -> None:
    lines = (vectors / "5-channel-history" / "filtered.jsonl").read_text().splitlines()
    expected = [json.loads(line) for line in lines]
    readable = blocks(vectors)[: len(expected)]
    found = [
        MessageToDict(filtered_block(block), preserving_proto_field_name=True) for block in readable
    ]
    assert len(found) == 95
    assert found == expected


def test_a_block_that_the_real_peer_could_not_filter_either(vectors: Path) -> None:
    with pytest.raises(DecodeError, match=r"^proto: cannot parse invalid wire-format data$"):
        filtered_block(blocks(vectors)[95])


def test_chaincode_events(vectors: Path) -> None:
    path = vectors / "6-discovery-gateway" / "gateway-chaincode-events.json"
    expected = json.loads(path.read_text())
    found = []
    for block in blocks(vectors):
        events = [event for event in chaincode_events(block) if event.chaincode_id == "ledger"]
        if events:
            found.append(
                {
                    "events": [
                        MessageToDict(event, preserving_proto_field_name=True) for event in events
                    ],
                    "block_number": str(block.header.number),
                }
            )
    assert expected
    assert [one for one in found if one in expected] == expected


def block_of(code: int, *envelopes: bytes) -> common_pb2.Block:
    """Return a block whose transactions all have one validation code."""
    block = new_block(3, b"", list(envelopes))
    block.metadata.metadata[common_pb2.TRANSACTIONS_FILTER] = bytes([code] * len(envelopes))
    return block


def envelope(kind: int, data: bytes = b"") -> bytes:
    header = common_pb2.ChannelHeader(type=kind, channel_id="ch", tx_id="id").SerializeToString()
    payload = common_pb2.Payload(header=common_pb2.Header(channel_header=header), data=data)
    return common_pb2.Envelope(payload=payload.SerializeToString()).SerializeToString()


def test_transactions_that_cannot_be_read_or_have_no_header_are_left_out() -> None:
    assert not filtered_block(block_of(0, b"\xff", b"")).filtered_transactions


@pytest.mark.parametrize("number", [3, 200, 254])
def test_types_and_codes_without_a_name_are_passed_on(number: int) -> None:
    (transaction,) = filtered_block(block_of(number, envelope(number))).filtered_transactions
    assert (transaction.txid, transaction.type, transaction.tx_validation_code) == (
        "id",
        number,
        number,
    )


def test_an_action_without_an_endorsed_action_has_no_event() -> None:
    body = transaction_pb2.ChaincodeActionPayload(chaincode_proposal_payload=b"x")
    transaction = transaction_pb2.Transaction()
    transaction.actions.add(payload=body.SerializeToString())
    block = block_of(0, envelope(3, transaction.SerializeToString()))
    assert chaincode_events(block) == []
    (shown,) = filtered_block(block).filtered_transactions
    assert shown.WhichOneof("Data") == "transaction_actions"
    assert not shown.transaction_actions.chaincode_actions
