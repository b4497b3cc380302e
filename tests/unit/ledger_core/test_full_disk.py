"""A ledger whose file cannot grow: refused at once with the reason, reported, and it goes on when there is room."""

import asyncio
import logging
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2

from pyfabric.errors import LedgerError
from pyfabric.ledger.channel.database import DiskError
from pyfabric.ledger.private.store import Place, PrivateStore
from pyfabric.rules.consensus.broadcast import channel_header
from pyfabric.rules.requests.dissemination import CollectionWrites
from tests.support.municipal import records
from tests.unit.ledger_core.test_orderer import Node, genesis

pytestmark = pytest.mark.asyncio


@contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """Keep the files of this process from growing beyond a size, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def largest(folder: Path) -> int:
    """Return the size of the largest database in a folder."""
    return max(file.stat().st_size for file in folder.rglob("*.sqlite*"))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyfabric.ledger.ordering.chain.DISK_SECONDS", 0.01)
    monkeypatch.setattr("pyfabric.ledger.channel.channel.DISK_SECONDS", 0.01)


async def test_a_full_disk_is_reported_and_nothing_is_lost(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    node = Node(tmp_path)
    ledger = node.join(genesis(timeout="1ms", preferred=20_000))
    chain = node.orderer.joined[records.CHANNEL]
    sent = records.signed(os.urandom(9_000), nonce=b"first")
    header = channel_header(common_pb2.Envelope.FromString(sent))
    with files_at_most(4096):
        waiting = asyncio.create_task(ledger.commit_status(header.tx_id))
        await asyncio.sleep(0)
        assert (await node.orderer.broadcast(sent))[0] == 200
        reason = rf"channel {records.CHANNEL} cannot be written: .*{records.CHANNEL}.*; make room"
        with pytest.raises(LedgerError, match=reason):
            await waiting
        with pytest.raises(LedgerError, match=reason):
            await ledger.commit_status(header.tx_id)
        with pytest.raises(LedgerError, match=reason):
            ledger.check()
        assert chain.trouble() == ledger.trouble
        status, info = await node.orderer.broadcast(records.signed(b"y", nonce=b"2"))
        assert (status, info) == (503, ledger.trouble)
        assert ledger.height == 1
    block = await ledger.wait_for_block(1)
    assert list(block.data.data) == [sent]
    assert (await ledger.commit_status(header.tx_id))[1] == 1
    while ledger.trouble is not None:
        await asyncio.sleep(0.01)
    assert chain.trouble() is None
    assert (await node.orderer.broadcast(records.signed(b"y", nonce=b"3")))[0] == 200
    await ledger.wait_for_block(2)
    await node.close()
    assert [record.levelname for record in caplog.records] == ["CRITICAL", "WARNING"]


async def test_a_ledger_with_a_full_disk_can_be_stopped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    node = Node(tmp_path)
    ledger = node.join(genesis(timeout="1ms", preferred=20_000))
    with files_at_most(4096):
        await node.orderer.broadcast(records.signed(os.urandom(9_000), nonce=b"1"))
        while ledger.trouble is None:
            await asyncio.sleep(0.01)
        await node.close()
    assert "what was taken and not written is lost" in caplog.text


async def test_a_subscriber_that_cannot_write_is_called_again(tmp_path: Path) -> None:
    """Settle the private data of a peer before anybody learns of the commit."""
    node = Node(tmp_path)
    ledger = node.join(genesis(timeout="1ms"))
    store = PrivateStore(tmp_path / "private" / "data.sqlite")
    place = Place(records.CHANNEL, "chaincode", "collection")
    failed = asyncio.Event()
    settled = []

    def settle(_block: object) -> None:
        try:
            with store.changes():
                store.put(place, "key", bytes(100_000), (1, 0), None)
        except DiskError:
            failed.set()
            raise
        settled.append(store.get(place, "key"))

    ledger.subscribe(settle)
    limit = largest(tmp_path) + 40_000
    sent = records.signed(b"x", nonce=b"1")
    header = channel_header(common_pb2.Envelope.FromString(sent))
    with files_at_most(limit):
        assert (await node.orderer.broadcast(sent))[0] == 200
        await failed.wait()
        assert ledger.trouble is not None
        assert str(store.path) in ledger.trouble
        assert not settled
    await ledger.wait_for_block(1)
    while not settled:
        await asyncio.sleep(0.01)
    assert (await ledger.commit_status(header.tx_id))[1] == 1
    assert settled == [(bytes(100_000), (1, 0))]
    await node.close()
    store.close()


async def test_private_data_that_cannot_be_kept_is_still_known(tmp_path: Path) -> None:
    store = PrivateStore(tmp_path / "data.sqlite")
    one = CollectionWrites("chaincode", "collection", os.urandom(100_000))
    limit = largest(tmp_path) + 20_000
    with files_at_most(limit), pytest.raises(DiskError, match=r"data\.sqlite"):
        store.keep(records.CHANNEL, "tx", [one], 3)
    assert store.pending() == []
    store.keep(records.CHANNEL, "tx", [one], 3)
    assert store.pending() == [(records.CHANNEL, "tx")]
    store.close()
