"""Blocks as event streams show them, compared with a real peer's (5-channel-history)."""

import json
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2
from google.protobuf.json_format import MessageToDict

from pyfabric.errors import DecodeError
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
