"""Ledgers inspected, exported and verified by command, on each runtime; beside Fabric's own tools where it runs."""

import json
import os
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.profile import load_profile

from pyfabric.admin.audit import BlockFiles, FaultKind, verify_chain
from pyfabric.errors import CommitError, ValidationCode
from pyfabric.gateway import Contract, connect
from pyfabric.messages.blocks import parse_block
from tests.support.network.by_command import CommandLine, network_by_command
from tests.support.network.programs import fabric_programs, skip_without_fabric

TOPOLOGY = """\
name: audited
departments:
  Tax: { peers: 2, users: { ann: {} } }
  Land: { users: {} }
ordering:
  nodes: [Tax]
  batch: { timeout: 200ms }
channels:
  estate:
    departments: [Tax, Land]
    contracts: [records]
contracts:
  records:
    version: "1.0"
    classes: ["records:Records"]
    collections:
      sealed: { members: [Tax, Land] }
"""
FOUR_ORDERERS = TOPOLOGY.replace(
    "  nodes: [Tax]\n", "  consensus: bft\n  nodes: [Tax, Tax, Land, Land]\n"
)
CONTRACT = '''\
"""Records for the tests of inspection."""

from pyfabric.chaincode import Context, Contract, transaction


class Records(Contract):
    @transaction
    def put(self, ctx: Context, key: str, value: str) -> None:
        ctx.stub.put_state(key, value.encode())

    @transaction
    def append(self, ctx: Context, key: str, value: str) -> None:
        ctx.stub.put_state(key, (ctx.stub.get_state(key) or b"") + value.encode())

    @transaction
    def count(self, ctx: Context, start: str, end: str, key: str) -> None:
        found = sum(1 for _ in ctx.stub.get_state_range(start, end))
        ctx.stub.put_state(key, str(found).encode())

    @transaction
    def seal(self, ctx: Context, key: str) -> None:
        ctx.stub.collection("sealed").put_state(key, ctx.stub.transient["value"])
'''


@dataclass(frozen=True)
class Site:
    """A network, how it is administered, and the runtime."""

    pyfabric: CommandLine
    runtime: str

    @property
    def folder(self) -> Path:
        """The folder of the topology."""
        return self.pyfabric.folder

    @property
    def profile(self) -> Any:
        """The connection profile of Tax."""
        return load_profile(self.folder / ".pyfabric/audited/profiles/tax.json")

    def rows(self, *arguments: str) -> Any:
        """Run `pyfabric` and return its JSON."""
        return self.pyfabric(*arguments, "-o", "json").json()

    def fabric(self, program: str, *arguments: str, department: str = "Tax") -> str:
        """Run one of Fabric's own programs as the department's administrator."""
        folder = fabric_programs()
        ran = subprocess.run(
            [str(folder / program) if folder else program, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.pyfabric.environment(department)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        pytest.param("native", marks=pytest.mark.fabric),
        pytest.param("native-bft", marks=pytest.mark.fabric),
    ],
)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Provide a network whose channel holds transactions of every common fate."""
    runtime, _, consensus = request.param.partition("-")
    if runtime == "native":
        skip_without_fabric()
    folder = tmp_path_factory.mktemp("inspected")
    (folder / "records.py").write_text(CONTRACT, encoding="utf-8")
    topology = FOUR_ORDERERS if consensus else TOPOLOGY
    with network_by_command(folder, topology, runtime) as pyfabric:
        site = Site(pyfabric, runtime)
        fill(site)
        yield site


def fill(site: Site) -> None:
    """Submit transactions, valid and invalid, and change the channel's configuration between them."""
    with connect(site.profile.user("ann"), site.profile.peers) as gateway:
        contract = gateway.network("estate").contract("records")
        contract.submit("put", "a", "1")
        contract.submit("seal", "secret", transient={"value": "7"})
        assert raced(contract, ("append", "a", "2"), ("append", "a", "3")) == {
            ValidationCode.VALID,
            ValidationCode.MVCC_READ_CONFLICT,
        }
        anchors = (peer.address for peer in site.profile.peers)
        site.pyfabric("channel", "config", "set-anchors", "TaxMSP", *anchors, "--yes")
        assert ValidationCode.PHANTOM_READ_CONFLICT in raced(
            contract, ("put", "b", "1"), ("count", "a", "z", "sum")
        ) | raced(contract, ("put", "c", "1"), ("count", "a", "z", "sum"))
        with pytest.raises(CommitError) as alone:
            contract.submit("put", "a", "9", endorsing_organizations=["TaxMSP"])
        assert alone.value.code is ValidationCode.ENDORSEMENT_POLICY_FAILURE
        contract.submit("put", "d", "1")


def raced(contract: Contract, *calls: tuple[str, ...]) -> set[ValidationCode]:
    """Endorse calls before the first of them is ordered, and return what becomes of them."""
    endorsed = [contract.new_proposal(*call).endorse() for call in calls]
    submitted = [one.submit() for one in endorsed]
    return {one.status().code for one in submitted}


def test_every_code_of_a_live_channel_is_recomputed(site: Site) -> None:
    found = site.rows("ledger", "verify")
    assert (found["verified"], found["fault"]) == (True, None)
    assert found["signed_blocks"] == found["height"] - 1
    assert found["configurations"] == 2
    assert found["codes_compared"] == sum(found["transactions"].values())
    assert {
        "VALID", "MVCC_READ_CONFLICT", "PHANTOM_READ_CONFLICT", "ENDORSEMENT_POLICY_FAILURE",
    } == set(found["transactions"])  # fmt: skip
    genesis = site.rows("ledger", "block", "0")["hash"]
    again = site.rows("ledger", "verify", "--genesis-hash", genesis)
    assert not any("no hash was given" in one for one in again["unchecked"])
    assert any("private data" in one for one in again["unchecked"])


def test_each_peer_is_verified_for_itself(site: Site) -> None:
    hashes = set()
    for peer in site.profile.peers:
        found = site.rows("ledger", "verify", "--peer", peer.address)
        assert found["verified"]
        hashes.add(found["current_hash"])
    assert len(hashes) == 1


def test_exported_blocks_are_verified_as_the_peers_are(site: Site) -> None:
    folder = site.folder / "blocks"
    site.pyfabric("ledger", "export", "--to", str(folder))
    of_files = site.rows("ledger", "verify", "--from", str(folder))
    assert of_files == site.rows("ledger", "verify")
    files = BlockFiles(folder)
    raws = list(files.blocks())
    number = next(
        n for n, raw in enumerate(raws) if parse_block(raw).metadata.metadata[2].strip(b"\0")
    )
    block = parse_block(raws[number])
    block.metadata.metadata[2] = bytes(len(block.data.data))
    raws[number] = block.SerializeToString()
    fault = verify_chain(raws).fault
    assert fault is not None
    assert (fault.kind, fault.block_number) == (FaultKind.CODE, number)
    assert fault.transaction_id in str(fault)


def test_the_history_names_who_changed_the_anchors(site: Site) -> None:
    genesis, change = site.rows("channel", "history")
    assert (genesis["block_number"], genesis["submitter"]) == (0, None)
    assert change["sequence"] == 1
    assert change["submitter"]["problem"] == ""
    assert {one["problem"] for one in change["signatures"]} == {""}
    (difference,) = change["differences"]
    assert difference["path"] == "/Channel/Application/TaxMSP/AnchorPeers"
    assert site.profile.peers[1].address in difference["words"]


def test_fabrics_own_peer_fetches_the_same_blocks(site: Site) -> None:
    if site.runtime == "embedded":
        pytest.skip("Fabric's own tools are for its own nodes")
    folder = site.folder / "fetched"
    site.pyfabric("ledger", "export", "--to", str(folder))
    info = json.loads(
        site.fabric("peer", "channel", "getinfo", "-c", "estate").partition("Blockchain info: ")[2]
    )
    height = site.rows("ledger", "height")
    assert info["height"] == height["height"]
    assert b64decode(info["currentBlockHash"]).hex() == height["current_hash"]
    for number in (0, 1, height["height"] - 1):
        file = site.folder / f"fetched-{number}.block"
        site.fabric("peer", "channel", "fetch", str(number), str(file), "-c", "estate")
        assert file.read_bytes() == (folder / f"{number:08}.block").read_bytes()
        assert site.rows("ledger", "block", str(number), "--from", str(file))["number"] == number


def test_fabrics_own_discover_finds_the_same_peers(site: Site) -> None:
    if site.runtime == "embedded":
        pytest.skip("Fabric's own tools are for its own nodes")
    environment = site.pyfabric.environment("Tax")
    msp = Path(environment["CORE_PEER_MSPCONFIGPATH"])
    user = (
        *("--peerTLSCA", environment["CORE_PEER_TLS_ROOTCERT_FILE"], "--MSP", "TaxMSP"),
        *("--userKey", str(next((msp / "keystore").iterdir()))),
        *("--userCert", str(next((msp / "signcerts").iterdir()))),
    )
    where = ("--channel", "estate", "--server", environment["CORE_PEER_ADDRESS"])
    theirs = json.loads(site.fabric("discover", *user, "peers", *where))
    ours = site.rows("discover", "peers")
    assert {(one["MSPID"], one["Endpoint"], one["LedgerHeight"]) for one in theirs} == {
        (one["msp_id"], one["address"], one["ledger_height"]) for one in ours
    }
    theirs = json.loads(
        site.fabric("discover", *user, "endorsers", *where, "--chaincode", "records")
    )
    ours = site.rows("discover", "endorsers", "--chaincode", "records")
    assert {
        (one["MSPID"], one["Endpoint"])
        for group in theirs[0]["EndorsersByGroups"].values()
        for one in group
    } == {(one["msp_id"], one["address"]) for one in ours["endorsers"]}
    theirs = json.loads(site.fabric("discover", *user, "config", *where))
    ours = site.rows("discover", "config")
    assert set(theirs["msps"]) == {one["msp_id"] for one in ours}
    assert {
        (msp_id, f"{one['host']}:{one['port']}")
        for msp_id, found in theirs["orderers"].items()
        for one in found["endpoint"]
    } == {(one["msp_id"], address) for one in ours for address in one["orderers"]}


def test_a_peer_joins_by_a_snapshot_and_has_the_later_blocks_alone(site: Site) -> None:
    first, second = (peer.address for peer in site.profile.peers)
    if site.runtime == "embedded":
        refused = site.pyfabric("peer", "snapshot", "request", fails=6)
        assert "makes no snapshots of channels" in refused.err
        return
    height = site.rows("peer", "height")["height"]
    site.pyfabric("peer", "snapshot", "request", "900")
    site.pyfabric("peer", "snapshot", "request")
    target = ("-c", "estate", "--peerAddress", first, "--tlsRootCertFile")
    root = site.pyfabric.environment("Tax")["CORE_PEER_TLS_ROOTCERT_FILE"]
    assert "[900]" in site.fabric("peer", "snapshot", "listpending", *target, root)
    assert site.rows("peer", "snapshot", "list") == [{"channel": "estate", "block_number": 900}]
    site.pyfabric("peer", "snapshot", "cancel", "900")
    assert "[]" in site.fabric("peer", "snapshot", "listpending", *target, root)
    made = (
        site.folder
        / f".pyfabric/audited/nodes/peer0.tax/data/snapshots/completed/estate/{height - 1}"
    )
    join = ("channel", "join", "estate", "peer1.tax", "--snapshot", str(made))
    assert site.rows(*join) == []  # it has joined already
    site.pyfabric("network", "stop", "peer1.tax")
    site.pyfabric("channel", "leave", "estate", "peer1.tax", "--yes")
    site.pyfabric("network", "start", "peer1.tax")
    assert site.rows(*join) == [{"channel": "estate", "node": "peer1.tax"}]
    (found,) = site.rows("peer", "channels", "--peer", second)
    assert (found["start"], found["height"]) == (height, height)
    site.pyfabric("chaincode", "invoke", "records", "put", "later", "1")
    lacking = site.pyfabric("ledger", "block", "0", "--peer", second, fails=3)
    assert f"it has blocks from {height} on, not 0" in lacking.err
    for line in ([], ["--chaincode", "records"], ["--follow"]):
        refused = site.pyfabric("events", "--peer", second, "--start", "0", *line, fails=3)
        assert f"it has blocks and events from block {height} on, not from 0" in refused.err
    assert site.pyfabric("events", "--peer", second).out.startswith(f"{height}  ")
    of_second = ("ledger", "verify", "--peer", second)
    partly = site.rows(*of_second)
    assert (partly["verified"], partly["start"], partly["signed_blocks"]) == (True, height, 1)
    assert partly["codes_compared"] == 0
    assert any(f"blocks 0 to {height - 1} are not there" in one for one in partly["unchecked"])
    whole = site.rows(*of_second, "--snapshot", str(made))
    assert (whole["verified"], whole["codes_compared"], whole["signed_blocks"]) == (True, 1, 1)
    assert any("taken from the snapshot with the hash" in one for one in whole["unchecked"])
    exported = site.pyfabric("ledger", "export", "--to", "later", "--peer", second)
    assert f"blocks 0 to {height - 1} are not there" in exported.err
    assert site.rows("ledger", "height", "--from", "later")["start"] == height
    assert site.rows("channel", "history", "--peer", second) == []
    assert site.rows("network", "up", "--dry-run") == []
    site.pyfabric("network", "up")
    assert site.rows("peer", "channels", "--peer", second)[0]["start"] == height


def test_fabrics_ledgerutil_finds_a_peers_blocks_whole_as_verify_does(site: Site) -> None:
    if site.runtime == "embedded":
        pytest.skip("Fabric's own tools are for its own nodes")
    site.pyfabric("network", "stop", "peer0.land")
    store = site.folder / ".pyfabric/audited/nodes/peer0.land/data"
    try:
        out = site.folder / "ledgerutil"
        out.mkdir()
        said = site.fabric("ledgerutil", "verify", str(store), "-o", str(out))
        assert "No error is found" in said
        results = [json.loads(file.read_text()) for file in out.rglob("blocks.json")]
        assert results
        assert all(one == [] or all(block["valid"] for block in one) for one in results)
    finally:
        site.pyfabric("network", "start", "peer0.land")
