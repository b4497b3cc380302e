"""Fabric's own `peer` command against our ledger, with its own flags, files and exit codes."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.config.update import compute_update
from pyfabric.client.effects import rest
from pyfabric.identity.folders import write_local_msp
from pyfabric.identity.keys import generate_private_key
from pyfabric.local.waiting import poll
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.envelopes import channel_header
from tests.support.ledger.ledger import (
    CHANNEL,
    Department,
    LedgerNetwork,
    contract_host,
    contract_package,
    participation,
)

pytestmark = pytest.mark.fabric

PEER = shutil.which("peer", path=os.environ.get("FABRIC_BIN") or os.environ.get("PATH"))


@dataclass
class Command:
    """The command as one department's administrator."""

    network: LedgerNetwork
    department: Department
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        key = generate_private_key()
        certificate = self.department.ca.issue(
            "boss", now=self.network.now, public_key=key.public_key(), unit="admin"
        )
        home = self.folder / self.department.name / "boss"
        if not home.exists():
            write_local_msp(home, self.department.definition, certificate, key)
        roots = self.folder / self.department.name / self.department.peer_name / "tls" / "ca.crt"
        assert PEER is not None
        return subprocess.run(
            [PEER, *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "FABRIC_CFG_PATH": str(configuration(self.folder)),
                "CORE_PEER_LOCALMSPID": self.department.msp_id,
                "CORE_PEER_MSPCONFIGPATH": str(home),
                "CORE_PEER_ADDRESS": self.department.peer_address,
                "CORE_PEER_TLS_ENABLED": "true",
                "CORE_PEER_TLS_ROOTCERT_FILE": str(roots),
                "FABRIC_LOGGING_SPEC": "ERROR",
            },
        )

    def succeed(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout


def configuration(folder: Path) -> Path:
    """Return a configuration folder for the command."""
    place = folder / "cfg"
    place.mkdir(exist_ok=True)
    (place / "core.yaml").write_text(
        "peer: {BCCSP: {Default: SW, SW: {Hash: SHA2, Security: 256}}}"
    )
    return place


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LedgerNetwork]:
    if PEER is None:
        pytest.skip("Fabric's peer command is not there (FABRIC_BIN)")
    network = LedgerNetwork.make(tmp_path_factory.mktemp("command"))
    package = contract_package("counter")
    network.with_hosts(
        [
            contract_host(
                department, package.package_id, ["tests.support.contracts.counter_contract:Counter"]
            )
            for department in network.departments.values()
        ]
    )
    with network.process():
        asyncio.run(_order(network))
        yield network


async def _order(network: LedgerNetwork) -> None:
    answer = await network.driver.run(rest(participation(network)))
    assert answer.status == 201
    await network.driver.close()


def test_from_joining_to_invoking(network: LedgerNetwork) -> None:
    folder = network.config.folder.parent
    commands = {
        name: Command(network, department, folder)
        for name, department in network.departments.items()
    }
    first = commands["EconInfo"]

    (folder / "genesis.block").write_bytes(network.genesis.SerializeToString())
    package = contract_package("counter")
    (folder / "counter.tgz").write_bytes(package.data)
    orderer = network.config.orderers[0]
    to_orderer = (
        "-o",
        orderer.address,
        "--tls",
        "--cafile",
        str(orderer.tls.certificate.parent / "ca.crt"),
        "-C",
        CHANNEL,
        "-n",
        "counter",
    )
    definition = ("-v", "1.0", "--sequence", "1")
    for command in commands.values():
        command.succeed("channel", "join", "-b", "genesis.block")
        assert CHANNEL in command.succeed("channel", "list")
        command.succeed("lifecycle", "chaincode", "install", "counter.tgz")
        command.succeed(
            "lifecycle",
            "chaincode",
            "approveformyorg",
            *to_orderer,
            *definition,
            "--package-id",
            package.package_id,
        )
    again = first.run("lifecycle", "chaincode", "install", "counter.tgz")
    assert again.returncode == 1
    assert (
        "chaincode install failed with status: 500 - failed to invoke backing implementation of "
        "'InstallChaincode': chaincode already successfully installed (package ID "
        f"'{package.package_id}')"
    ) in again.stderr
    ready = json.loads(
        first.succeed(
            "lifecycle",
            "chaincode",
            "checkcommitreadiness",
            "-C",
            CHANNEL,
            "-n",
            "counter",
            *definition,
            "-O",
            "json",
        )
    )
    assert ready["approvals"] == dict.fromkeys(network.all_msp_ids, True)
    peers = [
        part
        for department in network.departments.values()
        for part in (
            "--peerAddresses",
            department.peer_address,
            "--tlsRootCertFiles",
            str(department.folder / department.peer_name / "tls" / "ca.crt"),
        )
    ]
    first.succeed("lifecycle", "chaincode", "commit", *to_orderer, *definition, *peers)
    committed = first.succeed("lifecycle", "chaincode", "querycommitted", "-C", CHANNEL)
    assert "Name: counter, Version: 1.0, Sequence: 1" in committed
    invoke = json.dumps({"function": "add", "Args": ["a"]})
    first.succeed("chaincode", "invoke", *to_orderer, *peers, "--waitForEvent", "-c", invoke)
    query = json.dumps({"function": "value", "Args": ["a"]})
    assert first.succeed("chaincode", "query", "-C", CHANNEL, "-n", "counter", "-c", query) == "1\n"
    info = first.succeed("channel", "getinfo", "-c", CHANNEL)
    height = json.loads(info.partition("Blockchain info: ")[2])["height"]
    assert height >= 6
    first.succeed("channel", "fetch", "newest", "newest.block", *to_orderer[:5], "-c", CHANNEL)
    assert (folder / "newest.block").exists()
    missing = first.run("lifecycle", "chaincode", "querycommitted", "-C", CHANNEL, "-n", "nocc")
    assert "Error: query failed with status: 404 - namespace nocc is not defined" in missing.stderr


def test_changing_the_channel(network: LedgerNetwork) -> None:
    """Use `peer channel fetch`, `configtxlator`, `peer channel signconfigtx` and `peer channel update`."""
    folder = network.config.folder.parent
    first, second, _ = (Command(network, one, folder) for one in network.departments.values())
    orderer = network.config.orderers[0]
    cafile = str(orderer.tls.certificate.parent / "ca.crt")
    place = ("-o", orderer.address, "--tls", "--cafile", cafile)

    def config() -> configtx_pb2.Config:
        first.succeed("channel", "fetch", "config", "config.block", *place, "-c", CHANNEL)
        block = common_pb2.Block.FromString((folder / "config.block").read_bytes())
        return config_from_block(block)[1]

    present = config()
    wanted = configtx_pb2.Config()
    wanted.CopyFrom(present)
    policies = wanted.channel_group.groups["Application"].policies
    policies["Auditors"].CopyFrom(policies["Readers"])
    update = folder / "update"
    update.write_bytes(
        compute_update(CHANNEL, present.SerializeToString(), wanted.SerializeToString())
    )
    raw = configtx_pb2.ConfigUpdateEnvelope(config_update=update.read_bytes()).SerializeToString()
    header = channel_header(common_pb2.HeaderType.CONFIG_UPDATE, CHANNEL, network.now)
    payload = common_pb2.Payload(header=common_pb2.Header(channel_header=header), data=raw)
    envelope = common_pb2.Envelope(payload=payload.SerializeToString())
    (folder / "update.envelope").write_bytes(envelope.SerializeToString())

    submit = ("channel", "update", "-f", "update.envelope", *place, "-c", CHANNEL)
    alone = first.run(*submit)
    assert alone.returncode == 1
    assert (
        "got unexpected status: BAD_REQUEST -- error applying config update to existing channel "
        f"'{CHANNEL}': error authorizing update: error validating DeltaSet: policy for [Group]  "
        "/Channel/Application not satisfied: implicit policy evaluation failed - 1 sub-policies were "
        "satisfied, but this policy requires 2 of the 'Admins' sub-policies to be satisfied"
    ) in alone.stderr
    second.succeed("channel", "signconfigtx", "-f", "update.envelope")
    first.succeed(*submit)
    after = poll(
        config, until=lambda found: found.sequence != present.sequence, every=0.0, timeout=20
    )
    assert after.sequence == present.sequence + 1
    assert "Auditors" in after.channel_group.groups["Application"].policies
