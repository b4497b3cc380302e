"""Configuration updates at an orderer: a real one's responses, and the effects."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.traces import Traces
from pyfabric.messages.blocks import last_config_index, new_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.envelopes import channel_header
from tests.support.municipal import records

VECTORS = Path(__file__).parent.parent.parent / "vectors" / "2-config-updates" / "live"
MOMENT = datetime(2026, 11, 25, 2, 37, 58, tzinfo=UTC)


def cases() -> list[dict[str, Any]]:
    """Return every envelope that was sent, with its answer."""
    return [
        case
        for name in ("answers.json", "answers-2.json")
        for case in json.loads((VECTORS / name).read_text())
    ]


def block_of(config: configtx_pb2.Config) -> common_pb2.Block:
    """Return a genesis block with this configuration."""
    payload = common_pb2.Payload(
        header=common_pb2.Header(
            channel_header=channel_header(common_pb2.HeaderType.CONFIG, records.CHANNEL, MOMENT)
        ),
        data=configtx_pb2.ConfigEnvelope(config=config).SerializeToString(deterministic=True),
    )
    envelope = common_pb2.Envelope(payload=payload.SerializeToString())
    return new_block(0, b"", [envelope.SerializeToString()])


class Node:
    """The orderer of the vectors, on a channel with some configuration."""

    def __init__(self, folder: Path, config: configtx_pb2.Config) -> None:
        self._ledgers = Channels(folder)
        self._chains = Chains(self._ledgers, lambda: b"n" * 24, Traces())
        self.orderer = Orderer(
            "orderer0",
            records.identity("Admin@ord"),
            self._chains,
            lambda: MOMENT,
            tls_certificate=records.tls_certificate(),
        )
        self.orderer.join(block_of(config))

    @property
    def ledger(self) -> Channel:
        return self._ledgers[records.CHANNEL]

    async def close(self) -> None:
        await self._chains.close()
        self._ledgers.close()


def test_all_answers_are_tried() -> None:
    assert len(cases()) == 38


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["slug"])
@pytest.mark.asyncio
async def test_an_update_is_answered_as_by_a_real_orderer(
    tmp_path: Path, case: Mapping[str, Any]
) -> None:
    before = configtx_pb2.Config.FromString((VECTORS / case["evaluated_against"]).read_bytes())
    node = Node(tmp_path, before)
    raw = (VECTORS / case["envelope"]).read_bytes()
    answer = await node.orderer.broadcast(raw)
    assert answer == (case["status"], case["info"])
    await node.close()


@pytest.mark.parametrize("folder", ["accepted-acl", "accepted-mixed"])
@pytest.mark.asyncio
async def test_an_update_signed_by_several_administrators_comes_into_force(
    tmp_path: Path, folder: str
) -> None:
    case = VECTORS / folder
    before = configtx_pb2.Config.FromString((case / "config-before.pb").read_bytes())
    node = Node(tmp_path, before)
    # What `peer channel update` sent was signed once more by its submitter, and is in the block.
    real = common_pb2.Block.FromString((case / "result-block.pb").read_bytes())
    payload = common_pb2.Payload.FromString(
        common_pb2.Envelope.FromString(real.data.data[0]).payload
    )
    sent = configtx_pb2.ConfigEnvelope.FromString(payload.data).last_update
    assert await node.orderer.broadcast(sent.SerializeToString()) == (200, "")
    block = await node.ledger.wait_for_block(1)
    after = configtx_pb2.Config.FromString((case / "config-after.pb").read_bytes())
    channel_id, config = config_from_block(block)
    assert (channel_id, config) == (records.CHANNEL, after)
    assert node.ledger.config.raw == after
    assert node.ledger.config.sequence == before.sequence + 1
    assert last_config_index(block) == 1
    assert node.ledger.last_config_block() == 1
    await node.close()


@pytest.mark.asyncio
async def test_the_only_raft_orderer_never_orders_its_own_end(tmp_path: Path) -> None:
    """Check that it does as a real one: it responds with 200, cannot hand over its leadership, and drops the update."""
    before = configtx_pb2.Config.FromString((VECTORS / "config-before-2.pb").read_bytes())
    node = Node(tmp_path, before)
    raw = (VECTORS / "consensus-metadata-empty.envelope.pb").read_bytes()
    assert await node.orderer.broadcast(raw) == (200, "")
    fresh = (VECTORS / "isolated-data-fresh.envelope.pb").read_bytes()
    assert await node.orderer.broadcast(fresh) == (200, "")
    block = await node.ledger.wait_for_block(1)
    _, config = config_from_block(block)
    assert config.channel_group.groups["Orderer"] == before.channel_group.groups["Orderer"]
    assert config.sequence == before.sequence + 1
    await node.close()
