"""The development service on a running ledger: traces, the clock, how blocks are cut, bad requests."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from pyfabric.errors import LedgerError
from pyfabric.ledger.traces import Step, asking, shown
from tests.support.contracts.private_contract import NAME, PrivateNetwork, serving
from tests.support.ledger.ledger import CHANNEL, LedgerNetwork
from tests.support.ledger.raw_gateway import sign_envelope

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def net(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PrivateNetwork]:
    """Provide one department; a block has two messages, or the first waits for half a minute."""
    folder = tmp_path_factory.mktemp("development")
    network = LedgerNetwork.make(folder, ("EconInfo",), batch_timeout=30, max_message_count=2)
    async with network.running():
        await network.ask("cut_blocks", at_once=True)
        await network.create_channel()
        package_id = await network.deploy(NAME)
        async with serving(network, package_id) as made:
            yield made


async def submit(net: PrivateNetwork, key: str) -> str:
    """Submit a write without waiting for its block; the transaction's id."""
    draft, gateway = net.draft("EconInfo", "put", "", key, value="v"), net.gateways["EconInfo"]
    endorsed = await gateway.endorse(draft)
    envelope = sign_envelope(draft.identity, endorsed.response.prepared_transaction)
    assert (await gateway.submit(CHANNEL, envelope)).code == "OK"
    return draft.id


async def block_of(net: PrivateNetwork, transaction_id: str) -> int:
    status = await net.gateways["EconInfo"].status(
        net.network.first.user(), CHANNEL, transaction_id
    )
    number: int = status.response.block_number
    return number


async def test_blocks_are_cut_at_once_or_by_the_channels_rules(net: PrivateNetwork) -> None:
    height = net.height
    for number in range(3):
        assert await block_of(net, await submit(net, f"once{number}")) == height + number
    await net.network.ask("cut_blocks", at_once=False)
    try:
        first, second = await submit(net, "a"), await submit(net, "b")
        assert await block_of(net, first) == await block_of(net, second) == height + 3
    finally:
        await net.network.ask("cut_blocks", at_once=True)


async def test_the_clock_of_the_nodes(net: PrivateNetwork) -> None:
    ask = net.network.ask
    moment = datetime.now(UTC) + timedelta(days=2)
    draft = net.draft("EconInfo", "get", "", "a")
    early = draft.but(age=timedelta(days=-2), nonce=None).fixed()
    gateway = net.gateways["EconInfo"]
    await ask("set_clock", moment=moment.isoformat())
    try:
        assert await ask("now") == moment.isoformat()
        assert (await gateway.evaluate(early)).code == "OK"
        [(_, refusal)] = (await gateway.evaluate(draft)).details
        assert refusal.startswith("request unauthorized due to incorrect timestamp")
        await ask("move_clock", seconds=-60)
        assert await ask("now") == (moment - timedelta(minutes=1)).isoformat()
    finally:
        await ask("run_clock")
    assert (await gateway.evaluate(draft.but(nonce=None).fixed())).code == "OK"
    for wrong in ("yesterday", "2026-12-24T18:30:00"):
        with pytest.raises(LedgerError, match=wrong):
            await ask("set_clock", moment=wrong)


async def test_traces_of_what_is_in_a_block_and_what_is_not(net: PrivateNetwork) -> None:
    transaction_id = await submit(net, "traced")
    block = await block_of(net, transaction_id)
    asked, endorsed, ordered, written = await net.network.ask(
        "trace", transaction_id=transaction_id
    )
    assert (asked["did"], asked["department"]) == (
        f"asked {NAME} for put('', 'traced')",
        "EconInfoMSP",
    )
    assert (endorsed["department"], endorsed["did"]) == ("EconInfoMSP", "endorsed it")
    assert endorsed["writes"] == [f"'traced' of {NAME} = 'v'"]
    assert ordered["did"] == "took it into the order"
    assert written["did"] == f"wrote it into block {block} as transaction 0: it is valid"
    draft = net.draft("EconInfo", "put", "nowhere", "k", value="v")
    refused = await net.gateways["EconInfo"].endorse(draft)
    steps = await net.network.ask("trace", transaction_id=draft.id)
    assert [step["did"] for step in steps] == [
        f"asked {NAME} for put('nowhere', 'k')",
        "refused: status 500",
        "answered the client with an error",
    ]
    assert refused.details[0][1] in steps[2]["because"]
    with pytest.raises(LedgerError, match="no node has seen a transaction abc"):
        await net.network.ask("trace", transaction_id="abc")


async def test_the_newest_thousand_are_remembered(net: PrivateNetwork) -> None:
    assert net.network.node is not None
    first = await submit(net, "first")
    await block_of(net, first)
    before = await net.network.ask("trace", transaction_id=first)
    for number in range(1000):
        step = Step("somebody", "", f"did {number}")
        net.network.node.orderers["orderer0"].orderer._chains.traces.add(f"id{number}", step)
    after = await net.network.ask("trace", transaction_id=first)
    nodes = ["peer0.econinfo", "orderer0", f"channel {CHANNEL}"]
    assert [step["node"] for step in before] == ["a client", *nodes]
    assert [step["node"] for step in after] == ["a client", "a peer", f"channel {CHANNEL}"]
    assert before[0] == after[0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "''"),
        ("蓝 'x'".encode(), "\"蓝 'x'\""),
        (b"\xff\x00", "2 bytes"),
        (b"y" * 81, f"'{'y' * 80}'…"),
        (b"y" * 10_001, "10001 bytes"),
    ],
)
async def test_values_for_people(value: bytes, words: str) -> None:
    assert shown(value) == words
    assert asking("TaxMSP", "cc", [b"f", value]).did == f"asked cc for f({words})"
    assert asking("TaxMSP", "cc", []).did == "asked cc for nothing()"


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b'{"call": "no such", "arguments": {}}',
        b'{"call": "trace", "arguments": {"id": "x"}}',
        b'{"call": "trace", "arguments": 5}',
    ],
)
async def test_what_is_no_request(net: PrivateNetwork, line: bytes) -> None:
    path = net.network.config.development
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o600
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line + b"\n")
    assert (
        "not a request of the development service" in json.loads(await reader.readline())["error"]
    )
    writer.write(b"x" * 100_000)
    assert await reader.read() == b""
    writer.close()


async def test_the_socket_goes_with_the_ledger(tmp_path: Path) -> None:
    network = LedgerNetwork.make(tmp_path, ("EconInfo",))
    path = tmp_path / "development.sock"
    async with network.running():
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b'{"call": "snapshots", "arguments": {}}\n')
        assert json.loads(await reader.readline()) == {"answer": []}
    assert await reader.read() == b""
    writer.close()
    assert not path.exists()
