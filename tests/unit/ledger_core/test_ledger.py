"""A channel's ledger on disk: a real history, stops, kills and damage."""

import asyncio
import multiprocessing
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2

from pyfabric.errors import ConfigError, LedgerError, ValidationCode
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.channel.commit import CommittedBlock
from pyfabric.ledger.development.trace_report import trace_report
from pyfabric.messages.blocks import header_hash
from pyfabric.rules.state.versions import Version
from tests.support.open_files import open_files
from tests.support.rules import history

CHANNEL = "records"
KEYS_WITH_HISTORY = 11
KEYS_WRITTEN = 48


def fill(folder: Path, start: int, stop: int) -> None:
    """Commit blocks of the history, as the orderer sent them."""
    ledgers = Channels(folder)
    try:
        ledger = ledgers.create(history.ordered(0))

        async def commit() -> None:
            for number in range(start, stop):
                await ledger.commit(history.ordered(number))

        asyncio.run(commit())
    finally:
        ledgers.close()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide a folder with the whole history in it."""
    folder = tmp_path_factory.mktemp("ledger") / "channels"
    fill(folder, 1, history.HEIGHT)
    return folder


@pytest.fixture
def ledgers(filled: Path) -> Iterator[Channels]:
    opened = Channels(filled)
    yield opened
    opened.close()


def test_blocks_come_out_byte_for_byte_as_the_real_peer_serves_them(ledgers: Channels) -> None:
    ledger = ledgers[CHANNEL]
    assert ledger.height == history.HEIGHT
    for number, expected in enumerate(history.blocks()):
        found = ledger.block(number)
        assert found is not None
        assert found.SerializeToString() == expected.SerializeToString()
    info = ledger.chain_info()
    newest = history.blocks()[-1].header
    assert (info.height, info.current_hash, info.previous_hash) == (
        165,
        header_hash(newest),
        newest.previous_hash,
    )
    assert ledger.last_config_block() == 149
    assert ledger.block(history.HEIGHT) is None


def test_state_is_that_of_the_real_peer(ledgers: Channels) -> None:
    expected = history.load("world-state.json")
    with ledgers[CHANNEL].snapshot() as state:
        assert state.height == history.HEIGHT
        for namespace in ("_lifecycle", "helper", "ledger"):
            found = [(key, value.version) for key, value in state.range(namespace, "", "")]
            assert found == [
                (entry["key"], Version(entry["version"]["block"], entry["version"]["tx"]))
                for entry in expected[namespace]
            ]
        configuration = state.get("", "CHANNEL_CONFIG_ENV_BYTES")
        assert configuration is not None
        assert configuration.version == Version(149, 0)


def test_the_history_of_keys_is_that_of_the_real_peer(ledgers: Channels) -> None:
    expected = history.load("history.json")
    with ledgers[CHANNEL].snapshot() as state:
        for key, modifications in expected["keys"].items():
            assert [
                {
                    "is_delete": one.is_delete,
                    "timestamp": {"nanos": one.timestamp.nanos, "seconds": one.timestamp.seconds},
                    "tx_id": one.tx_id,
                    "value": one.value.decode(),
                }
                for one in state.history(expected["chaincode"], key)
            ] == modifications
    assert len(expected["keys"]) == KEYS_WITH_HISTORY


def test_every_valid_write_and_nothing_else_is_in_the_history(ledgers: Channels) -> None:
    expected: dict[tuple[str, str], list[str]] = {}
    for decoded in reversed(history.decoded()):
        for transaction in reversed(decoded["transactions"]):
            if transaction["validation_code"] == ValidationCode.VALID:
                for place in _public_writes(transaction):
                    expected.setdefault(place, []).append(transaction["tx_id"])
    with ledgers[CHANNEL].snapshot() as state:
        for place, writers in expected.items():
            assert [one.tx_id for one in state.history(*place)] == writers
        assert not list(state.history("ledger", "no such key"))
        assert not list(state.history("", "CHANNEL_CONFIG_ENV_BYTES"))
    assert len(expected) == KEYS_WRITTEN


def _public_writes(transaction: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (namespace["namespace"], write["key"])
        for action in transaction.get("actions", [])
        for namespace in action["rwset"]["namespaces"]
        for write in namespace.get("writes", [])
    }


def test_blocks_and_transactions_are_found_by_hash_and_id(ledgers: Channels) -> None:
    ledger = ledgers[CHANNEL]
    checked = 0
    for number, decoded in enumerate(history.decoded()):
        by_hash = ledger.block_by_hash(bytes.fromhex(decoded["header_hash"]))
        assert by_hash is not None
        assert by_hash.header.number == number
        for position, transaction in enumerate(decoded["transactions"]):
            code = ValidationCode(transaction["validation_code"])
            if not transaction["tx_id"] or code is ValidationCode.DUPLICATE_TXID:
                continue
            record = ledger.transaction(transaction["tx_id"])
            assert record is not None
            assert (record.block_number, record.position, record.code) == (number, position, code)
            assert record.envelope == history.blocks()[number].data.data[position]
            found = ledger.block_by_transaction(transaction["tx_id"])
            assert found is not None
            assert found.header.number == number
            checked += 1
    assert checked > 150
    assert ledger.transaction("no-such-id") is None
    assert ledger.block_by_transaction("no-such-id") is None
    assert ledger.block_by_hash(b"no such hash") is None
    assert not ledger.has_transaction("no-such-id")


def test_every_transaction_of_the_real_channel_can_be_told_in_words(ledgers: Channels) -> None:
    ledger = ledgers[CHANNEL]
    told = 0
    for decoded in history.decoded():
        for transaction in decoded["transactions"]:
            record = ledger.transaction(transaction["tx_id"])
            if record is None:
                continue
            *endorsements, last = trace_report((), CHANNEL, record)
            assert last["node"] == f"channel {CHANNEL}"
            assert bool(last["because"]) == (record.code is not ValidationCode.VALID)
            if record.code is ValidationCode.VALID and "actions" in transaction:
                endorsers = [one["mspid"] for one in transaction["actions"][0]["endorsers"]]
                assert [one["department"] for one in endorsements[1:]] == endorsers
            told += 1
    assert told > 150


def test_definitions_are_those_that_were_committed(ledgers: Channels) -> None:
    ledger = ledgers[CHANNEL]
    definition = ledger.definition("ledger")
    assert definition is not None
    assert (definition.endorsement.version, definition.sequence) == ("2.0", 2)
    assert set(definition.explicit_collections) == {"duo", "fleeting", "trio"}
    assert ledger.definition("ledger") is definition
    assert ledger.definition("nocc") is None


def test_a_ledger_that_is_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    fill(tmp_path, 1, 60)
    fill(tmp_path, 60, 100)
    fill(tmp_path, 100, 150)
    ledgers = Channels(tmp_path)
    block = ledgers[CHANNEL].block(149)
    ledgers.close()
    assert block == history.blocks()[149]


def _fill_until_killed(
    folder: Path, acknowledged: "multiprocessing.sharedctypes.Synchronized[int]"
) -> None:
    ledgers = Channels(folder)
    ledger = ledgers.create(history.ordered(0))

    async def commit() -> None:
        for number in range(ledger.height, history.HEIGHT):
            await ledger.commit(history.ordered(number))
            acknowledged.value = number
        os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(commit())


def test_a_killed_ledger_has_every_block_that_it_said_was_committed(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    acknowledged = context.Value("i", 0)
    for wanted in (10, 90, history.HEIGHT - 1):
        process = context.Process(target=_fill_until_killed, args=(tmp_path, acknowledged))
        process.start()
        while acknowledged.value < wanted and process.is_alive():
            process.join(0.001)
        process.kill()
        process.join()
        ledgers = Channels(tmp_path)
        ledger = ledgers[CHANNEL]
        height = ledger.height
        blocks = [ledger.block(number) for number in range(height)]
        ledgers.close()
        assert height > acknowledged.value
        assert blocks == list(history.blocks()[:height])
    assert height == history.HEIGHT


def test_a_block_that_does_not_follow_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    ledgers = Channels(tmp_path)
    ledger = ledgers.create(history.ordered(0))

    async def commit() -> None:
        with pytest.raises(LedgerError, match="block 2 does not follow block 0"):
            await ledger.commit(history.ordered(2))
        wrong = history.ordered(1)
        wrong.header.previous_hash = b"x"
        with pytest.raises(LedgerError, match="block 1 does not follow block 0"):
            await ledger.commit(wrong)
        await ledger.commit(history.ordered(1))

    asyncio.run(commit())
    assert ledger.height == 2
    ledgers.close()


def test_snapshots_do_not_move_while_blocks_are_committed(tmp_path: Path) -> None:
    ledgers = Channels(tmp_path)
    ledger = ledgers.create(history.ordered(0))

    async def commit() -> None:
        for number in range(1, 15):
            await ledger.commit(history.ordered(number))
        with ledger.snapshot() as first, ledger.snapshot() as shared:
            assert first is shared
            before = list(first.range("ledger", "", ""))
            scan = first.range("ledger", "", "")
            head = next(scan)
            for number in range(15, 36):
                await ledger.commit(history.ordered(number))
            with ledger.snapshot() as later:
                assert (first.height, later.height) == (15, 36)
                assert list(later.range("ledger", "", "")) != before
            assert [head, *scan] == before
            assert list(first.range("ledger", "", "")) == before

    asyncio.run(commit())
    ledgers.close()


def test_waiters_and_subscribers_hear_of_every_block(tmp_path: Path) -> None:
    ledgers = Channels(tmp_path)
    ledger = ledgers.create(history.ordered(0))
    heard: list[CommittedBlock] = []

    async def commit() -> None:
        end = ledger.subscribe(heard.append)
        waiting = [asyncio.create_task(ledger.wait_for_block(number)) for number in (0, 3, 3, 12)]
        for number in range(1, 13):
            await ledger.commit(history.ordered(number))
        blocks = await asyncio.gather(*waiting)
        assert [block.header.number for block in blocks] == [0, 3, 3, 12]
        end()
        await ledger.commit(history.ordered(13))

    asyncio.run(commit())
    ledgers.close()
    assert [block.number for block in heard] == list(range(1, 13))
    assert len(heard[-1].transactions) == 4


def test_members_are_remembered(tmp_path: Path) -> None:
    ledgers = Channels(tmp_path)
    ledger = ledgers.create(history.ordered(0))
    ledger.join("peer0")
    ledger.join("orderer0")
    ledger.leave("peer0")
    assert ledger.members == {"orderer0"}
    ledgers.close()
    ledgers = Channels(tmp_path)
    assert ledgers[CHANNEL].members == {"orderer0"}
    ledgers.remove(CHANNEL)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock"]
    assert not ledgers.create(history.ordered(0)).members
    ledgers.close()


def test_one_folder_serves_one_process(tmp_path: Path) -> None:
    ledgers = Channels(tmp_path)
    with pytest.raises(LedgerError, match="another ledger process is using this folder"):
        Channels(tmp_path)
    ledgers.close()
    Channels(tmp_path).close()


def test_another_genesis_block_for_a_channel_is_refused(tmp_path: Path) -> None:
    ledgers = Channels(tmp_path)
    ledger = ledgers.create(history.ordered(0))
    assert ledgers.create(history.ordered(0)) is ledger
    other = history.ordered(0)
    other.header.data_hash = b"other"
    with pytest.raises(LedgerError, match="channel records began with another genesis block"):
        ledgers.create(other)
    with pytest.raises(ConfigError, match="is not a config block"):
        ledgers.create(history.ordered(12))
    ledgers.close()


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(4096))


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _truncated(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _overwritten(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for offset in range(8192, len(data), 4096):
        data[offset : offset + 64] = bytes(64)
    path.write_bytes(data)


def _other_block(path: Path) -> None:
    connection = sqlite3.connect(path)
    block = history.ordered(20)
    block.header.previous_hash = b"forged"
    connection.execute(
        "UPDATE blocks SET block=?, hash=? WHERE number=20",
        (block.SerializeToString(), header_hash(block.header)),
    )
    connection.commit()
    connection.close()


def _contents(folder: Path) -> dict[str, bytes]:
    """Return all files with something in them, without SQLite's shared memory, which holds no data."""
    found = {entry.name: entry.read_bytes() for entry in folder.iterdir()}
    return {name: data for name, data in found.items() if data and not name.endswith("-shm")}


@pytest.mark.parametrize("damage", [_garbage, _empty, _truncated, _overwritten, _other_block])
def test_a_damaged_file_is_named_and_left_alone(tmp_path: Path, damage: object) -> None:
    fill(tmp_path, 1, 40)
    path = tmp_path / f"{CHANNEL}.ledger"
    assert callable(damage)
    damage(path)
    before = _contents(tmp_path)
    with pytest.raises(LedgerError, match=str(path)) as refusal:
        Channels(tmp_path)
    # The refusal holds the frames of the failed opening, so nothing is closed by chance.
    assert refusal.tb is not None
    assert open_files(tmp_path) == []
    assert _contents(tmp_path) == before
    path.unlink()
    Channels(tmp_path).close()


def test_an_application_of_older_capabilities_is_refused(tmp_path: Path) -> None:
    ledgers = Channels(tmp_path)
    genesis = history.ordered(0)
    envelope = common_pb2.Envelope.FromString(genesis.data.data[0])
    payload = common_pb2.Payload.FromString(envelope.payload)
    update = configtx_pb2.ConfigEnvelope.FromString(payload.data)
    values = update.config.channel_group.groups["Application"].values
    values["Capabilities"].value = configuration_pb2.Capabilities(
        capabilities={"V1_4_2": configuration_pb2.Capability()}
    ).SerializeToString()
    payload.data = update.SerializeToString()
    envelope.payload = payload.SerializeToString()
    genesis.data.data[0] = envelope.SerializeToString()
    with pytest.raises(ConfigError, match="V2_0 or V2_5"):
        ledgers.create(genesis)
    assert not ledgers
    ledgers.close()
