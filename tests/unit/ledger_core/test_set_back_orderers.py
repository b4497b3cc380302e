"""Orderers of a network that is set back: each takes part in the channels that it had joined then, and no others."""

from pathlib import Path

import pytest

from pyfabric.ledger.development.restoring import Restoring
from pyfabric.ledger.peer.peers import Peers
from tests.support.ledger.ordering import CHANNEL, Council, OrderingService

pytestmark = pytest.mark.asyncio

NO_LEADER = (503, "no Raft leader")
TAKEN = (200, "")


async def test_an_orderer_that_joined_later_takes_no_part(tmp_path: Path) -> None:
    council = Council(2, bft=False)
    service = OrderingService(tmp_path / "channels", council)
    first, second = service.orderers
    restoring = Restoring(service.chains, Peers(), lambda: service.orderers, tmp_path / "restoring")
    first.join(council.genesis())
    alone = await restoring.take()
    assert await first.broadcast(council.message(b"1")) == NO_LEADER
    second.join(council.genesis())
    assert await first.broadcast(council.message(b"2")) == TAKEN
    both = await restoring.take()
    await restoring.put(alone)
    assert second.channels == {}
    assert await first.broadcast(council.message(b"3")) == NO_LEADER
    await restoring.put(both)
    assert list(second.channels) == [CHANNEL]
    assert await second.broadcast(council.message(b"4")) == TAKEN
    await service.close()


async def test_an_orderer_that_left_or_was_not_there_comes_and_goes(tmp_path: Path) -> None:
    council = Council(1, bft=False)
    service = OrderingService(tmp_path / "channels", council)
    (orderer,) = service.orderers
    restoring = Restoring(service.chains, Peers(), lambda: service.orderers, tmp_path / "restoring")
    nothing = await restoring.take()
    orderer.join(council.genesis())
    assert await orderer.broadcast(council.message(b"1")) == TAKEN
    joined = await restoring.take()
    await orderer.remove(CHANNEL)
    await restoring.put(joined)
    assert orderer.channels[CHANNEL].height == 2
    assert await orderer.broadcast(council.message(b"2")) == TAKEN
    await restoring.put(nothing)
    assert orderer.channels == {}
    assert not service.ledgers
    await service.close()
