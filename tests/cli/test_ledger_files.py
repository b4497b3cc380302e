"""Blocks written to files, and every inspection that reads them as it reads a peer."""

import json
from pathlib import Path

import pytest
from pyfabric_cli.exits import ExitCode

from tests.cli.conftest import Run
from tests.support.paths import VECTORS
from tests.support.rules import history

RECORDS = str(VECTORS / "5-channel-history/blocks")
SNAPSHOT = str(VECTORS / "5-channel-history/snapshot")
BFT = str(VECTORS / "5-bft-blocks/blocks")


@pytest.fixture
def exported(run: Run, state: Path, tmp_path: Path) -> Path:
    """Export the blocks of the running network's channel after a transaction."""
    assert run("chaincode", "invoke", "sample", "put", "colour", "green").code == 0
    folder = tmp_path / "blocks"
    ended = run("ledger", "export", "--to", str(folder), "-o", "json")
    assert ended.code == 0, ended.err
    assert ended.json()["height"] == len(list(folder.glob("*.block")))
    return folder


def test_files_are_read_as_the_peer_is(run: Run, exported: Path) -> None:
    newest = run("ledger", "block", "-o", "json").json()
    identifier = newest["transactions"][0]["transaction_id"]
    for line in (["height"], ["block", "0"], ["block"], ["tx", identifier], ["verify"]):
        of_peer = run("ledger", *line, "-o", "json")
        of_files = run("ledger", *line, "--from", str(exported), "-o", "json")
        assert of_peer.code == of_files.code == 0, of_files.err
        assert of_peer.json() == of_files.json()
    assert newest["orderers"] == "satisfied"
    assert {one["signature"] for one in newest["signatures"]} == {"valid"}
    (transaction,) = newest["transactions"]
    assert transaction["signature"] == "valid"
    assert {one["signature"] for one in transaction["endorsements"]} == {"valid"}
    assert {
        "namespace": "sample",
        "key": "colour",
        "deleted": False,
        "value": "green",
    } in transaction["writes"]


def test_events_in_files_are_those_of_the_peer(run: Run, exported: Path) -> None:
    for line in ([], ["--chaincode", "sample"], ["--chaincode", "sample", "--start", "3"]):
        of_peer = run("events", *line, "-o", "json")
        of_files = run("events", *line, "--from", str(exported), "-o", "json")
        assert (of_peer.code, of_files.code) == (0, 0), of_files.err
        assert of_peer.out == of_files.out
        assert of_peer.out
    ended = run("events", "--from", str(exported), "--follow")
    assert (ended.code, "neither --follow" in ended.err) == (ExitCode.INPUT, True)


def test_one_file_is_read_as_a_folder_is(run: Run, exported: Path) -> None:
    (exported / "00000001.block").rename(exported.parent / "one.block")
    ended = run("ledger", "block", "1", "--from", str(exported.parent / "one.block"), "-o", "json")
    assert ended.code == 0, ended.err
    assert ended.json()["number"] == 1
    assert ended.json()["orderers"].startswith("not verified")


def test_an_export_continues_where_the_one_before_ended(run: Run, exported: Path) -> None:
    names = sorted(file.name for file in exported.glob("*"))
    before = {name: (exported / name).read_bytes() for name in names}
    for name in names[2:]:
        (exported / name).unlink()
    assert run("ledger", "export", "--to", str(exported)).code == 0
    assert {file.name: file.read_bytes() for file in exported.glob("*")} == before
    assert run("chaincode", "invoke", "sample", "put", "colour", "red").code == 0
    assert run("ledger", "export", "--to", str(exported)).code == 0
    assert len(list(exported.glob("*"))) == len(names) + 1
    assert run("ledger", "verify", "--from", str(exported)).code == 0


def test_an_export_into_blocks_of_another_channel_is_refused(run: Run, exported: Path) -> None:
    for file in exported.glob("*"):
        file.unlink()
    for number in range(2):
        name = f"{number:03}.block"
        (exported / name).write_bytes((Path(RECORDS) / name).read_bytes())
    ended = run("ledger", "export", "--to", str(exported))
    assert ended.code == ExitCode.NETWORK
    assert "block 2: previous hash" in ended.err
    assert len(list(exported.glob("*"))) == 2


def test_a_damaged_export_is_not_continued(run: Run, exported: Path) -> None:
    damaged = exported / "00000001.block"
    damaged.write_bytes((exported / "00000000.block").read_bytes())
    ended = run("ledger", "export", "--to", str(exported))
    assert ended.code == ExitCode.NETWORK
    assert "block 1: number: a block with number 0 is in its place" in ended.err


def test_real_chains_are_verified_from_their_files(run: Run) -> None:
    ended = run("ledger", "verify", "--from", RECORDS, "-o", "json")
    assert ended.code == 0, ended.err
    found = ended.json()
    assert found["transactions"] == history.load("case.json")["validation_counts"]
    assert (found["verified"], found["codes_compared"], found["signed_blocks"]) == (True, 178, 164)
    again = run("ledger", "verify", "--from", RECORDS, "--genesis-hash", found["first_hash"])
    assert again.code == 0
    assert "no hash was given" not in again.out
    assert run("ledger", "verify", "--from", BFT).code == 0


def test_a_fault_is_printed_and_exits_with_4(run: Run, tmp_path: Path) -> None:
    for number, block in enumerate(history.blocks()[:30]):
        raw = block.SerializeToString()
        if number == 26:
            copy = type(block).FromString(raw)
            copy.metadata.metadata[2] = bytes(2)
            raw = copy.SerializeToString()
        (tmp_path / f"{number}.block").write_bytes(raw)
    ended = run("ledger", "verify", "--from", str(tmp_path), "-o", "json")
    assert ended.code == ExitCode.NETWORK
    fault = json.loads(ended.out)["fault"]
    assert (fault["kind"], fault["block_number"], fault["transaction_number"]) == (
        "validation code",
        26,
        1,
    )
    shown = run("ledger", "verify", "--from", str(tmp_path))
    assert "block 26, transaction 1" in shown.out
    assert "it is marked VALID, and is MVCC_READ_CONFLICT" in shown.out


def test_another_genesis_hash_is_a_fault_and_a_wrong_one_a_mistake(run: Run) -> None:
    ended = run("ledger", "verify", "--from", BFT, "--genesis-hash", "00" * 32)
    assert ended.code == ExitCode.NETWORK
    assert "block 0: genesis hash" in ended.out
    ended = run("ledger", "verify", "--from", BFT, "--genesis-hash", "0x12")
    assert ended.code == ExitCode.INPUT
    assert "64 hexadecimal digits" in ended.err


def test_mistakes_with_files_are_named(run: Run, tmp_path: Path) -> None:
    assert "there are no blocks" in run("ledger", "block", "--from", str(tmp_path)).err
    ended = run("ledger", "verify", "--from", str(tmp_path / "nowhere"))
    assert ended.code == ExitCode.INPUT
    assert "nowhere: No such file or directory" in ended.err
    (tmp_path / "junk.block").write_bytes(b"junk")
    ended = run("ledger", "block", "--from", str(tmp_path))
    assert ended.code == ExitCode.INPUT
    assert "junk.block: 4 bytes are not a common.Block" in ended.err
    (tmp_path / "junk.block").write_bytes((Path(RECORDS) / "003.block").read_bytes())
    (tmp_path / "3.block").write_bytes((Path(RECORDS) / "003.block").read_bytes())
    ended = run("ledger", "block", "--from", str(tmp_path))
    assert "3.block and junk.block are both block 3" in ended.err
    ended = run("ledger", "verify", "--from", RECORDS, "--snapshot", str(tmp_path))
    assert (ended.code, "is not a snapshot of a channel" in ended.err) == (ExitCode.INPUT, True)
    ended = run("ledger", "verify", "--from", RECORDS, "--snapshot", SNAPSHOT)
    assert "there are no blocks to verify" in ended.err
    ended = run("ledger", "block", "200", "--from", RECORDS)
    assert "there is no block 200, only blocks from 0 to 164" in ended.err
    ended = run("ledger", "tx", "ab", "--from", RECORDS)
    assert "no block has a transaction with the id ab" in ended.err
    ended = run("ledger", "height", "--from", RECORDS, "--channel", "other")
    assert "these are blocks of records, not of other" in ended.err


PARTS = {
    "pvt-put-duo": ("private_writes", "private_sets"),
    "pvt-read-then-write-hash": ("private_reads", "private_sets"),
    "seal-key": ("key_policies",),
    "range-query": ("ranges",),
    "mvcc-winner": ("reads", "writes", "endorsements"),
}


@pytest.mark.parametrize("label", PARTS)
def test_every_part_of_a_transaction_is_shown(run: Run, label: str) -> None:
    (wanted,) = [
        one
        for block in history.decoded()
        for one in block["transactions"]
        if one.get("label") == label
    ]
    ended = run("ledger", "tx", wanted["tx_id"], "--from", RECORDS, "-o", "json")
    assert ended.code == 0, ended.err
    found = ended.json()
    assert all(found[name] for name in PARTS[label])
    assert found["code"] == wanted["validation"]
    assert {one["signature"] for one in found["endorsements"]} == {"valid"}
    assert run("ledger", "tx", wanted["tx_id"], "--from", RECORDS).code == 0
