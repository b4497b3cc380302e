"""Channels with several orderers: who orders, signs and serves, and the status of each."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from fabric_protos.common import common_pb2
from fabric_protos.orderer import ab_pb2

from pyfabric.errors import OrdererError, PolicyError
from pyfabric.ledger.ordering.orderer import Joined
from pyfabric.messages.blocks import last_config_index, orderer_metadata
from tests.support.ledger.ordering import CHANNEL, Council, OrderingService, deliveries

VECTORS = Path(__file__).parent.parent.parent / "vectors"
Start = Callable[[Council], OrderingService]


@pytest_asyncio.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    started: list[OrderingService] = []

    def make(council: Council) -> OrderingService:
        started.append(OrderingService(tmp_path / "channels", council))
        return started[-1]

    yield make
    for service in started:
        await service.close()


def signers(block: common_pb2.Block) -> list[int]:
    """Return the numbers in the signatures of a BFT block, which have no creators."""
    slot = common_pb2.Metadata.FromString(block.metadata.metadata[common_pb2.SIGNATURES])
    assert not any(one.signature_header for one in slot.signatures)
    headers = [common_pb2.IdentifierHeader.FromString(o.identifier_header) for o in slot.signatures]
    assert all(len(header.nonce) == 24 for header in headers)
    return [header.identifier for header in headers]


@pytest.mark.asyncio
async def test_a_bft_channel_runs_and_a_quorum_signs_its_blocks(start: Start) -> None:
    council = Council(4, bft=True)
    service = start(council)
    genesis = council.genesis()
    for orderer in service.orderers:
        assert orderer.join(genesis) == Joined(CHANNEL, "consenter", "active", 1)
        assert orderer.is_consenter(CHANNEL)
    for number, orderer in enumerate(service.orderers, 1):
        assert await orderer.broadcast(council.message(bytes([number]))) == (200, "")
        block = await service.ledger.wait_for_block(number)
        service.ledger.config.verify_block(block)
        assert len(set(signers(block))) == 3
        assert last_config_index(block) == 0


@pytest.mark.asyncio
async def test_bft_blocks_say_of_their_view_what_fabrics_say(start: Start) -> None:
    council = Council(4, bft=True)
    service = start(council)
    for orderer in service.orderers:
        orderer.join(council.genesis())
    for number in (1, 2):
        await service.orderers[0].broadcast(council.message(bytes([number])))
        block = await service.ledger.wait_for_block(number)
        path = VECTORS / "5-bft-blocks" / "blocks" / f"00{number}.block"
        real = common_pb2.Block.FromString(path.read_bytes())
        assert orderer_metadata(block) == orderer_metadata(real)
        assert [bool(slot) for slot in block.metadata.metadata[:2]] == [True, False]


@pytest.mark.asyncio
async def test_bft_waits_for_a_quorum_and_goes_on_with_one_orderer_away(start: Start) -> None:
    council = Council(4, bft=True)
    service = start(council)
    for orderer in service.orderers[:2]:
        orderer.join(council.genesis())
    assert await service.orderers[0].broadcast(council.message(b"1")) == (200, "")
    waiting = asyncio.ensure_future(service.ledger.wait_for_block(1))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    service.orderers[3].join(council.genesis())
    assert signers(await waiting) == [1, 2, 4]
    await service.orderers[0].remove(CHANNEL)
    assert await service.orderers[1].broadcast(council.message(b"2")) == (200, "")
    await asyncio.sleep(0.05)
    assert service.ledger.height == 2


@pytest.mark.asyncio
async def test_a_bft_block_with_two_signatures_or_a_forged_one_does_not_verify(
    start: Start,
) -> None:
    council = Council(4, bft=True)
    service = start(council)
    for orderer in service.orderers:
        orderer.join(council.genesis())
    await service.orderers[0].broadcast(council.message(b"1"))
    block = common_pb2.Block()
    block.CopyFrom(await service.ledger.wait_for_block(1))
    slot = common_pb2.Metadata.FromString(block.metadata.metadata[0])
    for signatures in (slot.signatures[:2], [*slot.signatures[:2], slot.signatures[0]]):
        forged = common_pb2.Metadata(value=slot.value, signatures=signatures)
        block.metadata.metadata[0] = forged.SerializeToString()
        with pytest.raises(PolicyError, match="signature set did not satisfy policy"):
            service.ledger.config.verify_block(block)


@pytest.mark.asyncio
async def test_raft_without_a_majority_has_no_leader(start: Start) -> None:
    council = Council(3, bft=False)
    service = start(council)
    first, second, third = service.orderers
    first.join(council.genesis())
    assert await first.broadcast(council.message(b"0")) == (503, "no Raft leader")
    assert await second.broadcast(council.message(b"0")) == (400, "channel does not exist")
    second.join(council.genesis())
    third.join(council.genesis())
    for number, orderer in enumerate(service.orderers, 1):
        assert await orderer.broadcast(council.message(bytes([number]))) == (200, "")
        block = await service.ledger.wait_for_block(number)
        service.ledger.config.verify_block(block)
        delivered = await deliveries(orderer, council.seek(number))
        assert delivered[0].block.header == block.header
    await first.remove(CHANNEL)
    await second.remove(CHANNEL)
    assert await third.broadcast(council.message(b"9")) == (503, "no Raft leader")


@pytest.mark.asyncio
async def test_an_orderer_that_is_no_consenter_follows_and_serves_nothing(start: Start) -> None:
    council = Council(1, bft=False)
    service = start(council)
    stranger = service.start(council.orderer(9))
    service.orderers[0].join(council.genesis())
    assert stranger.join(council.genesis()) == Joined(CHANNEL, "follower", "onboarding", 0)
    assert not stranger.is_consenter(CHANNEL)
    assert await stranger.broadcast(council.message(b"1")) == (400, "channel does not exist")
    found = await deliveries(stranger, council.seek(0))
    assert found == [ab_pb2.DeliverResponse(status=common_pb2.NOT_FOUND)]
    assert await service.orderers[0].broadcast(council.message(b"2")) == (200, "")
    await stranger.remove(CHANNEL)


@pytest.mark.asyncio
async def test_options_that_smartbft_refuses_make_no_channel(start: Start) -> None:
    council = Council(4, bft=True)
    service = start(council)
    with pytest.raises(OrdererError) as caught:
        service.orderers[0].join(council.genesis(absolute_max_bytes=5000, preferred_max_bytes=99))
    assert caught.value.status == 400
    assert caught.value.message.endswith(
        "config validation failed: RequestMaxBytes is bigger than RequestBatchMaxBytes"
    )
    assert not service.ledgers


@pytest.mark.asyncio
async def test_metrics_tell_consenters_from_followers(start: Start) -> None:
    council = Council(4, bft=True)
    service = start(council)
    stranger = service.start(council.orderer(9))
    for orderer in (*service.orderers, stranger):
        orderer.join(council.genesis())
    texts = [one.metrics.registry.text() for one in (service.orderers[0], stranger)]
    for text, relation in zip(texts, (1, 2), strict=True):
        assert f'participation_consensus_relation{{channel="{CHANNEL}"}} {relation}\n' in text
        assert f'consensus_BFT_cluster_size{{channel="{CHANNEL}"}} 4\n' in text
        assert "consensus_etcdraft_cluster_size{" not in text


@pytest.mark.asyncio
async def test_a_request_to_every_bft_orderer_is_ordered_once(start: Start) -> None:
    council = Council(4, bft=True)
    service = start(council)
    for orderer in service.orderers:
        orderer.join(council.genesis())
    message = council.message(b"1")
    first = service.orderers[0]
    answers = await asyncio.gather(*(one.broadcast(message) for one in [*service.orderers, first]))
    exists = (503, "failed to submit request: request already exists")
    assert answers == [(200, "")] * 4 + [exists]
    block = await service.ledger.wait_for_block(1)
    assert list(block.data.data) == [message]
    processed = (503, "failed to submit request: request already processed")
    while (answer := await service.orderers[2].broadcast(message)) == exists:
        await asyncio.sleep(0)
    assert answer == processed
