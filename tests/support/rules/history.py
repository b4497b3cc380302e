"""The blocks of vectors/5-channel-history: a real channel of three organisations, read once."""

import json
from functools import cache
from typing import Any

from fabric_protos.common import common_pb2
from fabric_protos.peer import proposal_pb2, proposal_response_pb2, transaction_pb2

from tests.support.paths import VECTORS

FOLDER = VECTORS / "5-channel-history"
HEIGHT = 165


@cache
def blocks() -> tuple[common_pb2.Block, ...]:
    """Return every block as a peer serves it, with validation flags and commit hashes."""
    return tuple(
        common_pb2.Block.FromString((FOLDER / "blocks" / f"{number:03}.block").read_bytes())
        for number in range(HEIGHT)
    )


@cache
def decoded() -> tuple[dict[str, Any], ...]:
    """Return the same blocks as the vectors' maker decoded them."""
    lines = (FOLDER / "decoded.jsonl").read_text().splitlines()
    return tuple(json.loads(line) for line in lines)


def load(name: str) -> Any:
    """Return a JSON file of the folder."""
    return json.loads((FOLDER / name).read_text())


def ordered(number: int) -> common_pb2.Block:
    """Return a block as the orderer delivers it: without what a peer adds to its metadata."""
    block = common_pb2.Block()
    block.CopyFrom(blocks()[number])
    block.metadata.metadata[2] = b""
    block.metadata.metadata[4] = b""
    return block


def results(envelope: bytes) -> bytes:
    """Return the read-write set of an endorser transaction."""
    payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(envelope).payload)
    action = transaction_pb2.Transaction.FromString(payload.data).actions[0]
    body = transaction_pb2.ChaincodeActionPayload.FromString(action.payload)
    answer = proposal_response_pb2.ProposalResponsePayload.FromString(
        body.action.proposal_response_payload
    )
    return proposal_pb2.ChaincodeAction.FromString(answer.extension).results


def header_type(envelope: bytes) -> int:
    """Return the type in the channel header."""
    payload = common_pb2.Payload.FromString(common_pb2.Envelope.FromString(envelope).payload)
    return common_pb2.ChannelHeader.FromString(payload.header.channel_header).type
