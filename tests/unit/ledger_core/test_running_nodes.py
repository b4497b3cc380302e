"""Nodes of a ledger process that a reload starts and stops while the others serve."""

import asyncio
from pathlib import Path
from typing import Any

from pyfabric.ledger.config import LedgerConfig
from pyfabric.local.sockets import listens
from pyfabric.messages.addresses import Address
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork


def _listens(address: str) -> bool:
    return listens(Address.parse(address))


def test_a_peer_and_an_orderer_come_and_go(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path)
    whole = network.config
    gone_peer, gone_orderer = whole.peers[-1], whole.orderers[-1]

    def without(*names: str) -> LedgerConfig:
        changes: dict[str, Any] = {
            kind: [one for one in getattr(whole, kind) if one.name not in names]
            for kind in ("peers", "orderers")
        }
        return whole.model_copy(update=changes)

    async def work() -> None:
        async with network.running() as process:
            await network.create_channel()
            channel = process.peers[whole.peers[0].name].peer.channel(CHANNEL)
            assert channel is not None
            await process.reload(without(gone_peer.name))
            assert gone_peer.name not in process.peers
            assert not _listens(gone_peer.address)
            assert process.peers.keys() == {one.name for one in whole.peers[:-1]}
            await process.reload(whole)
            assert process.peers[gone_peer.name].peer.joined.keys() == {CHANNEL}
            assert process.peers[whole.peers[0].name].peer.channel(CHANNEL) is channel
            await process.reload(without(gone_orderer.name))
            assert gone_orderer.name not in process.orderers
            await process.reload(whole)
            assert process.orderers[gone_orderer.name].orderer.joined.keys() == {CHANNEL}

    asyncio.run(work())
