"""An orderer: accepted and refused messages, its blocks, and serving them."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from fabric_protos.common import common_pb2, configtx_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.orderer import configuration_pb2

from pyfabric.errors import ConfigError, OrdererError, ValidationCode
from pyfabric.identity.loading import load_identity
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.ordering.chain import Chain
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.traces import Traces
from pyfabric.messages.blocks import data_hash, header_hash, last_config_index, transaction_filter
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.simulation import Simulation
from tests.support.ledger.ordering import deliveries
from tests.support.municipal import records
from tests.support.rules import history

DENIED = (
    "implicit policy evaluation failed - 0 sub-policies were satisfied, but this policy requires 1 of "
    "the 'Writers' sub-policies to be satisfied: permission denied"
)
UNREADABLE = "proto: cannot parse invalid wire-format data"


def genesis(*, count: int = 30, preferred: int = 20_000, timeout: str = "10ms") -> common_pb2.Block:
    """Return the channel's genesis block, with other batch settings."""
    block = history.ordered(0)
    envelope = common_pb2.Envelope.FromString(block.data.data[0])
    payload = common_pb2.Payload.FromString(envelope.payload)
    config = configtx_pb2.ConfigEnvelope.FromString(payload.data)
    values = config.config.channel_group.groups["Orderer"].values
    values["BatchTimeout"].value = configuration_pb2.BatchTimeout(
        timeout=timeout
    ).SerializeToString()
    values["BatchSize"].value = configuration_pb2.BatchSize(
        max_message_count=count, absolute_max_bytes=20_000, preferred_max_bytes=preferred
    ).SerializeToString()
    payload.data = config.SerializeToString()
    envelope.payload = payload.SerializeToString()
    block.data.data[0] = envelope.SerializeToString()
    block.header.data_hash = data_hash(block.data)
    return block


class Node:
    """An orderer over a folder, until it is closed."""

    def __init__(self, folder: Path, now: datetime = records.NOW) -> None:
        self.ledgers = Channels(folder)
        self.chains = Chains(self.ledgers, lambda: os.urandom(24), Traces())
        self.orderer = Orderer(
            "orderer0",
            records.identity("Admin@ord"),
            self.chains,
            lambda: now,
            tls_certificate=records.tls_certificate(),
        )

    def join(self, block: common_pb2.Block) -> Channel:
        """Join a channel; its ledger."""
        return self.ledgers[self.orderer.join(block).channel_id]

    async def close(self) -> None:
        await self.chains.close()
        self.ledgers.close()


@pytest_asyncio.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    opened = Node(tmp_path)
    yield opened
    await opened.close()


@pytest.mark.asyncio
async def test_messages_come_out_in_blocks_cut_by_count(node: Node) -> None:
    ledger = node.join(genesis(count=3, timeout="1h"))
    sent = [records.signed(b"x", nonce=str(i).encode()) for i in range(7)]
    answers = [await node.orderer.broadcast(raw) for raw in sent]
    assert answers == [(200, "")] * 7
    await ledger.wait_for_block(2)
    blocks = [ledger.block(number) for number in (1, 2)]
    assert [raw for block in blocks if block for raw in block.data.data] == sent[:6]
    await node.chains.close()
    last = ledger.block(3)
    assert last is not None
    assert list(last.data.data) == sent[6:]


@pytest.mark.asyncio
async def test_messages_come_out_in_blocks_cut_by_bytes(node: Node) -> None:
    ledger = node.join(genesis(preferred=8_000, timeout="1h"))
    small, large = bytes(2_500), bytes(9_000)
    for index, data in enumerate([small, small, small, large]):
        await node.orderer.broadcast(records.signed(data, nonce=str(index).encode()))
    await ledger.wait_for_block(2)
    counts = []
    for number in (1, 2, 3):
        block = await ledger.wait_for_block(number)
        counts.append(len(block.data.data))
    assert counts == [2, 1, 1]


@pytest.mark.asyncio
async def test_a_message_that_is_alone_waits_for_the_batch_timeout_only(node: Node) -> None:
    ledger = node.join(genesis(timeout="1ms"))
    for number in (1, 2):
        await node.orderer.broadcast(records.signed(b"x", nonce=str(number).encode()))
        block = await ledger.wait_for_block(number)
        assert len(block.data.data) == 1


@pytest.mark.asyncio
async def test_blocks_are_signed_and_carry_what_a_raft_orderer_writes(node: Node) -> None:
    ledger = node.join(genesis(timeout="1ms"))
    await node.orderer.broadcast(records.signed(b"x"))
    block = await ledger.wait_for_block(1)
    ledger.config.verify_block(block)
    first = ledger.block(0)
    assert first is not None
    assert block.header.previous_hash == header_hash(first.header)
    assert last_config_index(block) == 0
    real = common_pb2.Metadata.FromString(history.ordered(4).metadata.metadata[0])
    expected = common_pb2.OrdererBlockMetadata.FromString(real.value)
    found = common_pb2.OrdererBlockMetadata.FromString(
        common_pb2.Metadata.FromString(block.metadata.metadata[0]).value
    )
    raft, real_raft = found.consenter_metadata, expected.consenter_metadata
    assert raft == real_raft.replace(b"\x18\x06", b"\x18\x03")
    assert block.metadata.metadata[1] == b""


@pytest.mark.asyncio
async def test_a_valid_transaction_changes_the_state(node: Node) -> None:
    ledger = node.join(genesis(count=2, timeout="1h"))
    simulation = Simulation(MemoryState())
    simulation.put_state("ledger", "k", b"v")
    results = simulation.read_write_set()
    await node.orderer.broadcast(records.transaction(results, nonce=b"1"))
    await node.orderer.broadcast(records.transaction(results, nonce=b"2", endorsers=[]))
    block = await ledger.wait_for_block(1)
    assert list(transaction_filter(block)) == [ValidationCode.INVALID_CHAINCODE] * 2


@pytest.mark.parametrize(
    ("raw", "status", "info"),
    [
        (b"", 400, "could not determine channel ID: header not set"),
        (
            b"\x0a\x01\xff",
            400,
            f"could not determine channel ID: error unmarshalling Payload: {UNREADABLE}",
        ),
        (
            common_pb2.Envelope(
                payload=common_pb2.Payload(header=common_pb2.Header()).SerializeToString()
            ).SerializeToString(),
            400,
            "could not determine channel ID: channel header not set",
        ),
        (records.signed(b"x", channel="nochan"), 400, "channel does not exist"),
        (
            records.signed(b"x", kind=common_pb2.HeaderType.CONFIG),
            400,
            "message is of type that cannot be processed directly",
        ),
        (
            records.signed(b"x", kind=common_pb2.HeaderType.ORDERER_TRANSACTION),
            400,
            "message is of type that is no longer supported",
        ),
        (
            records.signed(b"x", kind=common_pb2.HeaderType.CONFIG_UPDATE),
            400,
            (
                "error applying config update to existing channel 'records': error converting envelope "
                "to config update: error unmarshalling message for type CONFIG_UPDATE: "
                f"{UNREADABLE}"
            ),
        ),
        (records.signed(b"x") + b"\x12\x01\x00", 403, DENIED),
    ],
)
@pytest.mark.asyncio
async def test_what_is_refused_and_how(node: Node, raw: bytes, status: int, info: str) -> None:
    ledger = node.join(genesis())
    assert await node.orderer.broadcast(raw) == (status, info)
    assert ledger.height == 1


@pytest.mark.asyncio
async def test_a_message_that_is_too_large_is_refused_with_its_size(node: Node) -> None:
    node.join(genesis())
    raw = records.signed(bytes(20_000))
    envelope = common_pb2.Envelope.FromString(raw)
    size = len(envelope.payload) + len(envelope.signature)
    assert await node.orderer.broadcast(raw) == (
        400,
        f"message payload is {size} bytes and exceeds maximum allowed 20000 bytes",
    )


@pytest.mark.asyncio
async def test_a_foreigner_and_a_stolen_header_are_refused(node: Node, vectors: Path) -> None:
    node.join(genesis())
    folder = vectors / "7-identities"
    foreigner = load_identity(
        "LabMSP",
        (folder / "certs" / "client.pem").read_bytes(),
        (folder / "private-keys" / "base.key").read_bytes(),
    )
    assert await node.orderer.broadcast(records.signed(b"x", signer=foreigner)) == (403, DENIED)
    envelope = common_pb2.Envelope.FromString(records.signed(b"x"))
    envelope.signature = records.identity("user1@faculty").sign(envelope.payload)
    assert await node.orderer.broadcast(envelope.SerializeToString()) == (403, DENIED)


@pytest.mark.asyncio
async def test_an_expired_client_is_refused(tmp_path: Path) -> None:
    node = Node(tmp_path, now=records.NOW + timedelta(days=20 * 365))
    node.join(genesis())
    answer = await node.orderer.broadcast(records.signed(b"x"))
    await node.close()
    assert answer == (400, "broadcast client identity expired")


@pytest.mark.asyncio
async def test_an_expired_client_comes_before_a_wrong_signature(
    vectors: Path, tmp_path: Path
) -> None:
    """Compare with real responses of an orderer (7-identities) for expired certificates."""
    answers = json.loads((vectors / "7-identities" / "answers.json").read_text())
    node = Node(tmp_path, now=datetime(2026, 11, 25, 2, 35, 24, tzinfo=UTC))
    block = common_pb2.Block.FromString(
        (vectors / "7-identities" / "channel-V3_0.genesis.block").read_bytes()
    )
    checked = 0
    node.join(block)
    for one in answers:
        expected = one["channels"]["V3_0"].get("orderer_broadcast")
        if not expected or expected["status"] == 200:
            continue
        creator = identities_pb2.SerializedIdentity(
            mspid=one["mspid"],
            id_bytes=(vectors / "7-identities" / one["certificate"]).read_bytes(),
        ).SerializeToString()
        envelope = common_pb2.Envelope.FromString(records.signed(b"x", channel="id3x1"))
        payload = common_pb2.Payload.FromString(envelope.payload)
        header = common_pb2.SignatureHeader(creator=creator, nonce=b"n")
        payload.header.signature_header = header.SerializeToString()
        envelope.payload = payload.SerializeToString()
        found = await node.orderer.broadcast(envelope.SerializeToString())
        assert found == (expected["status"], expected["info"]), one["slug"]
        checked += 1
    await node.close()
    assert checked == 31


@pytest.mark.asyncio
async def test_the_sequence_goes_on_after_a_stop(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        node = Node(tmp_path)
        if number == 1:
            node.join(genesis(timeout="1ms"))
        ledger = node.orderer.channels[records.CHANNEL]
        await node.orderer.broadcast(records.signed(b"x", nonce=str(number).encode()))
        await ledger.wait_for_block(number)
        await node.close()


@pytest.mark.asyncio
async def test_what_was_taken_before_a_graceful_stop_is_written(tmp_path: Path) -> None:
    node = Node(tmp_path)
    node.join(genesis(timeout="1h"))
    await node.orderer.broadcast(records.signed(b"x"))
    await node.close()
    node = Node(tmp_path)
    assert node.orderer.channels[records.CHANNEL].height == 2
    await node.close()


@pytest.mark.asyncio
async def test_joining_and_leaving(node: Node) -> None:
    assert not node.orderer.channels
    ledger = node.join(genesis())
    assert list(node.orderer.channels) == [records.CHANNEL]
    with pytest.raises(OrdererError, match=r"^405: channel already exists"):
        node.join(genesis())
    await node.orderer.remove(records.CHANNEL)
    assert not node.ledgers
    with pytest.raises(OrdererError, match=r"^404: channel does not exist"):
        await node.orderer.remove(records.CHANNEL)
    ledger = node.join(genesis())
    ledger.join("peer0")
    await node.orderer.remove(records.CHANNEL)
    assert list(node.ledgers) == [records.CHANNEL]
    assert await node.orderer.broadcast(records.signed(b"x")) == (400, "channel does not exist")
    assert node.join(genesis()) is ledger


@pytest.mark.asyncio
async def test_blocks_that_this_ledger_cannot_join_with_are_refused(tmp_path: Path) -> None:
    node = Node(tmp_path)
    later = history.ordered(1)
    with pytest.raises(OrdererError, match="has no block 1 of channel records that is this one"):
        node.join(later)
    with pytest.raises(ConfigError):
        node.join(common_pb2.Block())
    assert not node.ledgers
    await node.close()


@pytest.mark.asyncio
async def test_two_orderers_share_one_sequence(node: Node) -> None:
    second = Orderer(
        "orderer1",
        records.identity("Admin@ord"),
        node.chains,
        lambda: records.NOW,
        tls_certificate=records.tls_certificate(),
    )
    ledger = node.join(genesis(count=2, timeout="1h"))
    assert second.join(genesis(count=2, timeout="1h")).relation == "consenter"
    await node.orderer.broadcast(records.signed(b"x", nonce=b"1"))
    await second.broadcast(records.signed(b"x", nonce=b"2"))
    block = await ledger.wait_for_block(1)
    assert len(block.data.data) == 2
    await node.orderer.remove(records.CHANNEL)
    assert (await second.broadcast(records.signed(b"x", nonce=b"3")))[0] == 200


@pytest.mark.asyncio
async def test_a_failed_disk_stops_the_chain_and_says_so(node: Node) -> None:
    ledger = node.join(genesis(timeout="1ms"))
    node.ledgers[records.CHANNEL].close()
    await node.orderer.broadcast(records.signed(b"x", nonce=b"1"))
    chain = node.orderer.joined[records.CHANNEL]
    with pytest.raises(OrdererError, match="chain is stopped") as caught:
        await until_it_fails(chain)
    assert caught.value.status == 503
    status, info = await node.orderer.broadcast(records.signed(b"x", nonce=b"2"))
    assert status == 503
    assert info.startswith("chain is stopped: ")
    assert ledger.height == 1


async def until_it_fails(chain: Chain) -> None:
    while True:
        await chain.ready()
        await asyncio.sleep(0)


async def delivered(node: Node, *requests: bytes) -> list[object]:
    """Return the numbers of blocks and the statuses that a stream of requests gets."""
    found: list[object] = []
    for answer in await deliveries(node.orderer, *requests):
        kind = answer.WhichOneof("Type")
        found.append(answer.block.header.number if kind == "block" else answer.status)
    return found


@pytest.mark.asyncio
async def test_runs_of_blocks_and_their_statuses(node: Node) -> None:
    ledger = node.join(genesis(timeout="1ms"))
    for number in (1, 2):
        await node.orderer.broadcast(records.signed(b"x", nonce=str(number).encode()))
        await ledger.wait_for_block(number)
    seek = records.seek
    cases = [
        (seek(0, 2), [0, 1, 2, 200]),
        (seek("oldest", "newest"), [0, 1, 2, 200]),
        (seek("newest", "newest"), [2, 200]),
        (seek(1, "newest"), [1, 2, 200]),
        (seek("oldest", "oldest"), [0, 200]),
        (seek(1, 1), [1, 200]),
        (seek(2, 9), [2, 404]),
        (seek(9, 9), [404]),
        (seek(9, 9, fail=False), [404]),
        (seek(2, 1), [400]),
        (seek("none", 1), [404]),
        (seek(0, "none"), [0, 200]),
        (seek("next", 9), [404]),
        (seek(0, 0, channel="nochan"), [404]),
        (seek(0, 0, moment=records.NOW - timedelta(minutes=16)), [400]),
        (seek(0, 0, moment=records.NOW + timedelta(minutes=14)), [0, 200]),
        (seek(0, 0) + b"\x12\x01\x00", [403]),
        (b"\xff", [400]),
        (records.signed(b"\xff", kind=5), [400]),
        (records.signed(b"", kind=5), [400]),
    ]
    for request, expected in cases:
        assert await delivered(node, request) == expected
    assert await delivered(node, seek(0, 0), seek(1, 1), seek(9, 9), seek(0, 0)) == [
        0,
        200,
        1,
        200,
        404,
    ]


@pytest.mark.asyncio
async def test_a_stream_waits_for_blocks_to_come(node: Node) -> None:
    ledger = node.join(genesis(timeout="1ms"))
    waiting = asyncio.ensure_future(delivered(node, records.seek("next", 2, fail=False)))
    for number in (1, 2):
        await asyncio.sleep(0)
        await node.orderer.broadcast(records.signed(b"x", nonce=str(number).encode()))
        await ledger.wait_for_block(number)
    assert await waiting == [1, 2, 200]


@pytest.mark.asyncio
async def test_an_orderer_serves_blocks_as_they_were_ordered(node: Node) -> None:
    ledger = node.join(genesis(timeout="1ms"))
    await node.orderer.broadcast(records.signed(b"x"))
    committed = await ledger.wait_for_block(1)

    async def answers(request: bytes) -> list[common_pb2.Block]:
        return [
            answer.block
            for answer in await deliveries(node.orderer, request)
            if answer.WhichOneof("Type") == "block"
        ]

    (block,) = await answers(records.seek(1, 1))
    assert block.data == committed.data
    assert list(block.metadata.metadata) == [*committed.metadata.metadata[:2], b"", b"", b""]
    (first,) = await answers(records.seek(0, 0, headers=True))
    assert len(first.data.data) == 1
    (header,) = await answers(records.seek(1, 1, headers=True))
    assert not header.HasField("data")
    assert header.header == committed.header
