"""Bytes of others: real Fabric's golden proposal, the official Node client's requests.

official_node_client.json was written by @hyperledger/fabric-gateway 1.11.0; gateway.json holds what
went to and came from a real peer.
"""

import json
import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import events_pb2, proposal_pb2
from google.protobuf.json_format import ParseDict

from pyfabric.client.checkpoints import Checkpoint
from pyfabric.client.effects import Endpoint, Nonce, Now
from pyfabric.client.envelopes import tls_certificate_hash
from pyfabric.client.event_requests import CHAINCODE_EVENTS, EventsRequest, chaincode_events_request
from pyfabric.client.offline import with_signer
from pyfabric.client.proposals import new_proposal
from pyfabric.errors import ValidationCode
from pyfabric.identity.certificates import load_certificate
from pyfabric.identity.signing import Identity
from pyfabric.messages.digests import signing_digest
from pyfabric.messages.envelopes import seek_payload, transaction_id
from pyfabric.messages.events import Block, filtered_block_of, read_chaincode_events
from pyfabric.messages.prepared import CommitStatusRequest, PreparedTransaction
from pyfabric.messages.proposals import Invocation, ProposedTransaction
from tests.support.client.flows import play

NODE = json.loads((Path(__file__).parent / "official_node_client.json").read_text())
IDENTITY = Identity(NODE["msp_id"], NODE["certificate"].encode())
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def headers(proposal: bytes) -> tuple[common_pb2.ChannelHeader, common_pb2.SignatureHeader]:
    header = common_pb2.Header.FromString(proposal_pb2.Proposal.FromString(proposal).header)
    return (
        common_pb2.ChannelHeader.FromString(header.channel_header),
        common_pb2.SignatureHeader.FromString(header.signature_header),
    )


def moment(header: common_pb2.ChannelHeader) -> datetime:
    stamp = header.timestamp
    return EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)


def golden(vectors: Path, name: str) -> bytes:
    text = (vectors / "fabric-behaviour.md").read_text().split("## 12. Golden proposal")[1]
    found = re.search(rf"- {name} ([0-9a-f]+)$", text, re.MULTILINE)
    assert found is not None
    return bytes.fromhex(found[1])


def test_the_golden_proposals_headers(vectors: Path) -> None:
    creator, unique = golden(vectors, "creator"), golden(vectors, "nonce")
    expected = golden(vectors, "ChannelHeader")
    identifier = transaction_id(creator, unique)
    assert identifier == "94e31ae463828fe9221e075981cb6db7adb558599c76eaeb0b73469ccddc2da0"
    assert IDENTITY.serialized() == creator
    stamp = moment(common_pb2.ChannelHeader.FromString(expected))
    proposed = play(
        new_proposal(with_signer(IDENTITY), Invocation("fast", "assetjs", [b"Read", b"a1"])),
        {Nonce: lambda _: unique, Now: lambda _: stamp},
    )
    proposal = proposal_pb2.Proposal.FromString(proposed.message)
    header = common_pb2.Header.FromString(proposal.header)
    assert proposed.transaction_id == identifier
    ours = common_pb2.ChannelHeader.FromString(header.channel_header)
    assert (ours.timestamp.seconds, ours.timestamp.nanos) == (1700000000, 0)
    ours.timestamp.nanos = 5  # the golden one's; our clock counts in microseconds
    assert ours.SerializeToString() == expected
    assert header.signature_header.startswith(bytes.fromhex("0ab6060a074f7267"))


@pytest.mark.parametrize(
    ("name", "invocation"),
    [
        (
            "proposal",
            Invocation(
                "directory",
                "city",
                [b"Directory:find", "地籍".encode(), b"\xff\xfe"],
                {"price": "秘密".encode()},
                ["HaidianMSP", "MktSupMSP"],
            ),
        ),
        ("plain_proposal", Invocation("directory", "city", [b"list"])),
    ],
)
def test_a_proposal_is_the_official_clients(name: str, invocation: Invocation) -> None:
    expected = bytes.fromhex(NODE[name])
    theirs = ProposedTransaction.from_bytes(expected)
    channel, signature = headers(theirs.message)
    ours = play(
        new_proposal(with_signer(IDENTITY), invocation),
        {Nonce: lambda _: signature.nonce, Now: lambda _: moment(channel)},
    )
    assert ours.to_bytes() == expected
    assert ours == theirs
    assert signing_digest(IDENTITY.certificate, ours.message).hex() == NODE[f"{name}_digest"]


def test_requests_for_chaincode_events_are_the_official_clients() -> None:
    creator = IDENTITY.serialized()
    ours = chaincode_events_request(creator, "directory", "city", 6, None)
    assert ours.to_bytes().hex() == NODE["chaincode_events"]
    digest = signing_digest(IDENTITY.certificate, ours.message)
    assert digest.hex() == NODE["chaincode_events_digest"]
    following = chaincode_events_request(creator, "directory", "city", "next", None)
    assert following.to_bytes().hex() == NODE["chaincode_events_next"]
    behind = chaincode_events_request(creator, "directory", "city", 9, "t8")
    assert behind.to_bytes().hex() == NODE["chaincode_events_checkpoint"]
    assert EventsRequest.from_bytes(CHAINCODE_EVENTS, behind.to_bytes()) == behind


@pytest.mark.parametrize(
    ("name", "start", "tls_hash"),
    [("blocks", 3, b""), ("blocks_next_tls", "next", b"\x07" * 32)],
)
def test_requests_for_blocks_are_the_official_clients(
    name: str, start: Any, tls_hash: bytes
) -> None:
    envelope = common_pb2.Envelope.FromString(bytes.fromhex(NODE[name]))
    payload = common_pb2.Payload.FromString(envelope.payload)
    # JavaScript has no whole numbers above 2^53; the last block is 2^64 - 1 for Go's client and us.
    info = ab_pb2.SeekInfo.FromString(payload.data)
    assert info.stop.specified.number == 2**53 - 1
    info.stop.specified.number = 2**64 - 1
    payload.data = info.SerializeToString()
    channel = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
    ours = seek_payload(
        IDENTITY.serialized(), "directory", moment(channel), start, tls_hash=tls_hash
    )
    assert ours == payload.SerializeToString()


def test_checkpoints_are_the_official_clients() -> None:
    after = Checkpoint.after_transaction(9, "t8")
    assert after.to_json().decode() == NODE["checkpoint_transaction"]
    assert Checkpoint.after_block(9).to_json().decode() == NODE["checkpoint_block"]
    assert Checkpoint().to_json().decode() == NODE["checkpoint_empty"]
    assert Checkpoint.from_json(NODE["checkpoint_transaction"].encode()) == after
    go_form = b'{"blockNumber":9,"transactionId":"t8"}'
    assert Checkpoint.from_json(go_form) == after
    assert Checkpoint.from_json(b"") == Checkpoint()


def recorded(vectors: Path, method: str) -> list[bytes]:
    cases = json.loads((vectors / "6-discovery-gateway" / "gateway.json").read_text())
    found = [bytes.fromhex(case["request_hex"]) for case in cases if case["method"] == method]
    return [raw for raw in found if raw]


@pytest.mark.parametrize("method", ["Evaluate", "Endorse"])
def test_recorded_proposals_are_wrapped_as_they_were(vectors: Path, method: str) -> None:
    kind = gateway_pb2.EvaluateRequest if method == "Evaluate" else gateway_pb2.EndorseRequest
    requests = recorded(vectors, method)
    assert len(requests) >= 7
    for raw in requests:
        message = kind.FromString(raw)
        organizations = (
            message.target_organizations
            if method == "Evaluate"
            else message.endorsing_organizations
        )
        proposed = ProposedTransaction(
            message.transaction_id,
            message.channel_id,
            message.proposed_transaction.proposal_bytes,
            tuple(organizations),
            message.proposed_transaction.signature,
        )
        request = proposed.evaluate_request if method == "Evaluate" else proposed.endorse_request
        assert request() == raw
        _, signature = headers(proposed.message)
        assert transaction_id(signature.creator, signature.nonce) == (
            ProposedTransaction.from_bytes(proposed.to_bytes()).transaction_id
        )


def test_recorded_transactions_are_read_and_wrapped_as_they_were(vectors: Path) -> None:
    for raw in recorded(vectors, "Submit"):
        message = gateway_pb2.SubmitRequest.FromString(raw)
        prepared = PreparedTransaction.from_envelope(message.prepared_transaction)
        assert prepared.submit_request() == raw
        assert PreparedTransaction.from_bytes(prepared.to_bytes()) == prepared


def test_recorded_questions_for_outcomes_are_wrapped_as_they_were(vectors: Path) -> None:
    for raw in recorded(vectors, "CommitStatus"):
        request = CommitStatusRequest.from_bytes(raw)
        assert request.to_bytes() == raw
        message = gateway_pb2.CommitStatusRequest.FromString(request.message)
        made = CommitStatusRequest.new(message.identity, message.channel_id, message.transaction_id)
        assert made.message == request.message


def test_blocks_of_a_real_channel_are_read(vectors: Path) -> None:
    history = vectors / "5-channel-history"
    for entry in json.loads((history / "blocks.json").read_text()):
        raw = (history / "blocks" / f"{entry['number']:03}.block").read_bytes()
        block = Block.from_bytes(raw)
        assert block.raw == raw
        assert (block.number, block.previous_hash.hex(), block.data_hash.hex()) == (
            entry["number"],
            entry["previous_hash"],
            entry["data_hash"],
        )
        assert [each.code.name for each in block.transactions] == [
            each["validation"] for each in entry["transactions"]
        ]
        names = dict(zip(common_pb2.HeaderType.values(), common_pb2.HeaderType.keys(), strict=True))
        assert [names.get(each.kind, each.kind) for each in block.transactions] == [
            each["type"] for each in entry["transactions"]
        ]
        assert [each.transaction_id for each in block.transactions] == [
            each["tx_id"] for each in entry["transactions"]
        ]


def test_a_block_from_an_orderer_is_not_validated(vectors: Path) -> None:
    raw = (vectors / "5-channel-history" / "orderer-blocks-164.block").read_bytes()
    block = Block.from_bytes(raw)
    assert {each.code for each in block.transactions} == {ValidationCode.NOT_VALIDATED}


def test_events_of_a_real_peer_are_read(vectors: Path) -> None:
    path = vectors / "6-discovery-gateway" / "gateway-chaincode-events.json"
    for entry in json.loads(path.read_text()):
        message = ParseDict(entry, gateway_pb2.ChaincodeEventsResponse())
        (event,) = read_chaincode_events(message.SerializeToString())
        (given,) = entry["events"]
        assert event.block_number == int(entry["block_number"])
        assert (event.transaction_id, event.name) == (given["tx_id"], given["event_name"])
        assert event.payload == b64decode(given["payload"])


def test_filtered_blocks_of_a_real_peer_are_read(vectors: Path) -> None:
    lines = (vectors / "5-channel-history" / "filtered.jsonl").read_text().splitlines()
    events = 0
    for line in lines:
        given = json.loads(line)
        block = filtered_block_of(ParseDict(given, events_pb2.FilteredBlock()))
        assert (block.number, block.channel) == (int(given.get("number", 0)), "records")
        assert [each.code.name for each in block.transactions] == [
            each.get("tx_validation_code", "VALID") for each in given["filtered_transactions"]
        ]
        events += sum(len(each.chaincode_events) for each in block.transactions)
    assert len(lines) > 90
    assert events == sum(line.count('"chaincode_event"') for line in lines)


def test_the_hash_of_a_tls_certificate(vectors: Path) -> None:
    certificate = IDENTITY.certificate
    endpoint = Endpoint("peer:7051", b"roots", client_certificate=certificate, client_key=b"k")
    assert tls_certificate_hash(endpoint) == load_certificate(certificate).fingerprint(SHA256())
    assert tls_certificate_hash(Endpoint("peer:7051", b"roots")) == b""
