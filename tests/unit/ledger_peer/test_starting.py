"""A node that cannot start leaves nothing behind: files, ports and locks are free again."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from pyfabric.errors import IdentityError, LedgerError, NetworkError
from pyfabric.ledger.process import LedgerProcess
from tests.support.ledger.ledger import LedgerNetwork

pytestmark = pytest.mark.asyncio


async def start(network: LedgerNetwork) -> LedgerProcess:
    return await LedgerProcess.start(
        network.config, lambda: datetime.now(UTC), lambda: os.urandom(24), Random(1)
    )


async def test_a_port_in_use(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo", "MktSup"))
    place = network.departments["MktSup"].peer_address
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(place.rpartition(":")[2])))
        taken.listen()
        with pytest.raises(NetworkError, match=place):
            await start(network)
    node = await start(network)
    assert {name: one.port for name, one in node.peers.items()} == {
        one.peer_name: int(one.peer_address.rpartition(":")[2])
        for one in network.departments.values()
    }
    await node.stop()


async def test_a_folder_in_use(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo",))
    node = await start(network)
    with pytest.raises(LedgerError, match="another ledger process"):
        await start(network)
    await node.stop()


async def test_an_identity_that_is_not_there(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo",))
    (network.config.peers[0].msp / "keystore" / "priv_sk").unlink()
    with pytest.raises(IdentityError):
        await start(network)


async def test_a_damaged_ledger_file(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo",))
    async with network.running():
        await network.create_channel()
    (path,) = (network.config.folder / "channels").glob("*.ledger")
    content = bytearray(path.read_bytes())
    content[100:4096] = bytes(3996)
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=path.name):
        await start(network)
