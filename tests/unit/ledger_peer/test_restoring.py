"""Setting a whole network back: state, private data, packages, channels, and open streams."""

import asyncio
import re
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from fabric_protos.gateway import gateway_pb2

from pyfabric.errors import LedgerError, ValidationCode
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.store import ChannelStore
from pyfabric.ledger.development.images import Image
from pyfabric.ledger.peer.packages import PackageStore
from pyfabric.ledger.private.store import PrivateStore
from tests.support.contracts import private_contract
from tests.support.contracts.private_contract import (
    NAME,
    PrivateNetwork,
    private_network,
    serving,
)
from tests.support.contracts.scripted_contract import Call
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork
from tests.support.ledger.raw_gateway import Outcome, sign_envelope
from tests.unit.ledger_peer.test_streams import WAIT, deliver, kinds, seek

pytestmark = pytest.mark.asyncio(loop_scope="module")

VALID = int(ValidationCode.VALID)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateNetwork]:
    async with private_network(tmp_path_factory.mktemp("restoring")) as made:
        yield made


async def test_state_and_private_data_go_back_and_on(net: PrivateNetwork) -> None:
    ask = net.network.ask
    await net.submit("EconInfo", "put", "", "k", value="one")
    await net.submit("EconInfo", "put", "pair", "k", value="secret one")
    await ask("snapshot", name="one")
    height = net.height
    await net.submit("EconInfo", "put", "", "k", value="two")
    await net.submit("EconInfo", "put", "pair", "k", value="secret two")
    await net.submit("EconInfo", "put", "open", "later", value="x")
    for _ in range(2):
        await ask("revert", name="one")
        assert net.height == height
        assert await net.read("EconInfo", "get", "", "k") == b"one"
        for department in ("EconInfo", "MktSup"):
            assert await net.read(department, "get", "pair", "k") == b"secret one"
        assert await net.read("EconInfo", "hash", "open", "later") == b""
        assert await net.submit("MktSup", "put", "pair", "k", value="secret three") == VALID
        assert await net.read("EconInfo", "get", "pair", "k") == b"secret three"
    assert await ask("snapshots") == ["one"]
    await ask("discard", name="one")
    for call in ("revert", "discard"):
        with pytest.raises(LedgerError, match="no snapshot is named one; there are: none"):
            await ask(call, name="one")


async def test_a_random_walk_is_where_a_model_is(net: PrivateNetwork) -> None:
    random = Random(5)
    state: dict[tuple[str, str], bytes] = {}
    remembered: dict[str, dict[tuple[str, str], bytes]] = {}
    reverts = 0
    for step in range(70):
        choice = random.choice(["put", "put", "snapshot", "revert"])
        if choice == "put":
            place = (random.choice(["", "open"]), random.choice("abc"))
            await net.submit("EconInfo", "put", *place, value=f"{step}")
            state[place] = f"{step}".encode()
        elif choice == "snapshot":
            name = random.choice("xyz")
            await net.network.ask("snapshot", name=name)
            remembered[name] = dict(state)
        elif remembered:
            name = random.choice(sorted(remembered))
            await net.network.ask("revert", name=name)
            state = dict(remembered[name])
            for place in ((name, key) for name in ("", "open") for key in "abc"):
                assert await net.read("EconInfo", "get", *place) == state.get(place, b"")
            reverts += 1
    assert reverts > 8
    for name in remembered:
        await net.network.ask("discard", name=name)


async def test_what_is_acknowledged_is_in_a_snapshot(net: PrivateNetwork) -> None:
    drafts = [net.draft("EconInfo", "put", "", f"k{n}", value="v") for n in range(5)]
    gateway = net.gateways["EconInfo"]
    for draft in drafts:
        endorsed = await gateway.endorse(draft)
        envelope = sign_envelope(draft.identity, endorsed.response.prepared_transaction)
        assert (await gateway.submit(CHANNEL, envelope)).code == "OK"
    await net.network.ask("snapshot", name="all")
    await net.network.ask("revert", name="all")
    for number in range(5):
        assert await net.read("EconInfo", "get", "", f"k{number}") == b"v"


async def test_a_transaction_may_come_again(net: PrivateNetwork) -> None:
    await net.network.ask("snapshot", name="before")
    draft = net.draft("EconInfo", "put", "", "again", value="v")
    assert await net.submit_proposal("EconInfo", draft) == VALID
    await net.network.ask("revert", name="before")
    assert await net.submit_proposal("EconInfo", draft) == VALID


async def test_who_waits_is_told(net: PrivateNetwork) -> None:
    user, gateway = net.network.first.user(), net.gateways["EconInfo"]
    await net.network.ask("snapshot", name="now")
    waiting = [
        asyncio.create_task(one)
        for one in (
            deliver(gateway, seek(user, "next_commit", 9999, behavior=WAIT)),
            gateway.status(user, CHANNEL, "0" * 64),
            first_event(net),
        )
    ]
    await until(lambda: waiters(net) == 3)
    await net.network.ask("revert", name="now")
    blocks, status, events = await asyncio.gather(*waiting)
    assert kinds(blocks) == [503]
    told = f"channel {CHANNEL} has been set back"
    assert (status.code, status.message) == ("UNAVAILABLE", told)
    assert (events.code, events.message) == ("UNAVAILABLE", f"{told}: connect again")


async def first_event(net: PrivateNetwork) -> Outcome:
    """Return the first event of the chaincode, which never comes."""
    user = net.network.first.user()
    request = gateway_pb2.ChaincodeEventsRequest(
        channel_id=CHANNEL, chaincode_id=NAME, identity=user.serialized()
    ).SerializeToString()
    return await net.gateways["EconInfo"].call(
        "/gateway.Gateway/ChaincodeEvents",
        gateway_pb2.SignedChaincodeEventsRequest(request=request, signature=user.sign(request)),
        gateway_pb2.ChaincodeEventsResponse,
    )


def channel_of(net: PrivateNetwork) -> Channel:
    assert net.network.node is not None
    joined = net.network.node.peers[net.network.first.peer_name].peer.channel(CHANNEL)
    assert joined is not None
    return joined.channel


def waiters(net: PrivateNetwork) -> int:
    """Return how many calls wait for something on the channel."""
    channel = channel_of(net)
    return len(channel._grown._waiters) + len(channel._waiters._waiting)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():
        await asyncio.sleep(0.01)


async def test_a_contract_that_runs_is_not_disturbed(
    net: PrivateNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, held = asyncio.Event(), asyncio.Event()

    async def read_twice(call: Call, key: str) -> bytes:
        first = await call.get(key)
        entered.set()
        await held.wait()
        return first + b" " + await call.get(f"{key}2")

    monkeypatch.setitem(private_contract._FUNCTIONS, "read_twice", read_twice)
    await net.network.ask("snapshot", name="empty")
    for key in ("r", "r2"):
        await net.submit("EconInfo", "put", "", key, value="v")
    running = asyncio.create_task(net.read("EconInfo", "read_twice", "r"))
    await entered.wait()
    await net.network.ask("revert", name="empty")
    held.set()
    assert await running == b"v v"
    assert await net.read("EconInfo", "get", "", "r") == b""


async def test_messages_that_come_meanwhile_wait(net: PrivateNetwork) -> None:
    assert net.network.node is not None
    chains = net.network.node.orderers["orderer0"].orderer._chains
    draft = net.draft("EconInfo", "put", "", "meanwhile", value="v")
    endorsed = await net.gateways["EconInfo"].endorse(draft)
    envelope = sign_envelope(draft.identity, endorsed.response.prepared_transaction)
    async with chains.held():
        submitting = asyncio.create_task(net.gateways["EconInfo"].submit(CHANNEL, envelope))
        done, _ = await asyncio.wait([submitting], timeout=0.2)
        assert not done
    assert (await submitting).code == "OK"
    status = await net.gateways["EconInfo"].status(draft.identity, CHANNEL, draft.id)
    assert status.response.result == VALID


async def test_packages_and_definitions_go_back(net: PrivateNetwork) -> None:
    peers = [one.peer for one in net.network.node.peers.values()]  # type: ignore[union-attr]
    before = [peer.packages.listed() for peer in peers]
    await net.network.ask("snapshot", name="before")
    package_id = await net.network.deploy("newer")
    await net.network.ask("snapshot", name="after")
    assert channel_of(net).definition("newer") is not None
    await net.network.ask("revert", name="before")
    assert [peer.packages.listed() for peer in peers] == before
    assert channel_of(net).definition("newer") is None
    assert "newer" not in peers[0].joined[CHANNEL].chaincodes
    await net.network.ask("revert", name="after")
    assert all(package_id in peer.packages for peer in peers)
    assert peers[0].joined[CHANNEL].chaincodes["newer"].endorses


async def test_dumps(net: PrivateNetwork, tmp_path: Path) -> None:
    ask, file = net.network.ask, tmp_path / "dump"
    await net.submit("EconInfo", "put", "pair", "dumped", value="secret")
    await ask("dump", path=str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    await net.submit("EconInfo", "put", "pair", "dumped", value="later")
    await ask("load", path=str(file))
    assert await net.read("MktSup", "get", "pair", "dumped") == b"secret"
    assert net.network.config.folder.joinpath("restoring").exists() is False
    with pytest.raises(LedgerError, match="No such file or directory"):
        await ask("dump", path=str(tmp_path / "no" / "folder"))
    with pytest.raises(LedgerError, match="No such file or directory"):
        await ask("load", path=str(tmp_path / "nothing"))


def damaged(database: bytes) -> bytes:
    """Return a database whose inner pages are all alike."""
    return database[:8192] + database[4096:8192] * (len(database) // 4096 - 2)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda parts: parts.pop("manifest.json"), "not a dump of a development ledger"),
        (
            lambda parts: parts.update({"manifest.json": b"[]"}),
            "not a dump of a development ledger",
        ),
        (lambda parts: parts.update({"extra": b""}), "it has a 'extra'"),
        (lambda parts: parts.update({"channels/../x": b""}), "it has a 'channels/../x'"),
        (
            lambda parts: parts.update(
                {"manifest.json": parts["manifest.json"].replace(b": 1", b": 9")}
            ),
            "format 9 is not supported, only 1",
        ),
        (lambda parts: parts.update({"channels/x": b"garbage"}), "channels/x: not a database"),
        (
            lambda parts: parts.update({"channels/x": parts["peers/peer0.haidian/private"]}),
            "channels/x: format 2 is not supported, only",
        ),
        (
            lambda parts: parts.update(
                {f"channels/{CHANNEL}": damaged(parts[f"channels/{CHANNEL}"])}
            ),
            f"channels/{CHANNEL}: not a database, or a damaged one",
        ),
        (lambda parts: parts.pop("peers/peer0.haidian/private"), "of a network with other keys"),
        (
            lambda parts: parts.update(
                {"manifest.json": re.sub(rb"[0-9a-f]{64}", b"0" * 64, parts["manifest.json"])}
            ),
            "of a network with other keys",
        ),
    ],
)
async def test_files_that_are_no_dump_of_this_network(
    net: PrivateNetwork, tmp_path: Path, change: Callable[[dict[str, bytes]], object], says: str
) -> None:
    file = tmp_path / "dump"
    await net.network.ask("dump", path=str(file))
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    height = net.height
    with pytest.raises(LedgerError, match=says):
        await net.network.ask("load", path=str(file))
    assert net.height == height


async def test_a_damaged_dump_changes_nothing(net: PrivateNetwork, tmp_path: Path) -> None:
    file = tmp_path / "dump"
    await net.network.ask("dump", path=str(file))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LedgerError, match="not a dump of a development ledger"):
        await net.network.ask("load", path=str(file))


@pytest.mark.asyncio(loop_scope="function")
async def test_channels_come_and_go(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo",))
    async with network.running() as node:
        await network.ask("snapshot", name="nothing")
        await network.create_channel()
        package_id = await network.deploy(NAME)
        async with serving(network, package_id) as net:
            await net.submit("EconInfo", "put", "", "k", value="v")
            await network.ask("snapshot", name="channel")
            await network.ask("revert", name="nothing")
            assert node.peers[network.first.peer_name].peer.joined == {}
            assert node.orderers["orderer0"].orderer.channels == {}
            await network.ask("revert", name="channel")
            assert await net.read("EconInfo", "get", "", "k") == b"v"
            assert await net.submit("EconInfo", "put", "", "k", value="w") == VALID
            await network.ask("revert", name="nothing")
        await network.create_channel()
        await network.deploy(NAME)


class Crash(BaseException):
    """The process is killed at this point."""


@pytest.mark.asyncio(loop_scope="function")
async def test_a_ledger_that_crashes_while_it_is_set_back_finishes_when_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kill it at each file: public and private state are never from two different times."""
    network = LedgerNetwork.make(tmp_path)
    async with network.running():
        await network.create_channel()
        package_id = await network.deploy(NAME, collections=private_contract.COLLECTIONS)
        async with serving(network, package_id) as net:
            for name in ("old", "new"):
                await net.submit("EconInfo", "put", "", "k", value=name)
                await net.submit("EconInfo", "put", "pair", "k", value=name)
                await network.ask("dump", path=str(tmp_path / name))
    stores = (ChannelStore, PrivateStore, PackageStore)
    steps = len(network.departments) * 2 + 1
    for crash_at in range(steps):
        async with network.running() as node:
            left = iter(range(crash_at, -1, -1))
            with monkeypatch.context() as patched:
                for store in stores:
                    patched.setattr(store, "restore", _crashing(store.restore, left))
                with pytest.raises(Crash):
                    await node.restoring.put(Image.load(tmp_path / "old"))
        async with network.running(), serving(network, package_id) as net:
            for department, collection in (
                ("Haidian", ""),
                ("EconInfo", "pair"),
                ("MktSup", "pair"),
            ):
                assert await net.read(department, "get", collection, "k") == b"old"
            await network.ask("load", path=str(tmp_path / "new"))
            assert await net.read("MktSup", "get", "pair", "k") == b"new"
        assert not (network.config.folder / "restoring").exists()


def _crashing(
    restore: Callable[[Any, Any], None], left: Iterator[int]
) -> Callable[[Any, Any], None]:
    def crash_or_restore(store: Any, image: Any) -> None:
        if next(left) == 0:
            raise Crash
        restore(store, image)

    return crash_or_restore
