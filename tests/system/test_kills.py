"""A ledger that is killed repeatedly under load loses nothing that it acknowledged."""

import os
import random
import re
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice, pairwise
from pathlib import Path

from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2
from pyfabric_network.connections import administrator, endpoint
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.ports import check_free
from pyfabric_network.topology.contracts import ServedPackage

from pyfabric.errors import EndorseError, GatewayError, ValidationCode
from pyfabric.gateway import Admin, CommitStatus, Contract, Gateway, connect
from pyfabric.messages.blocks import data_hash, header_hash, parse_block, transaction_filter
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.state.memory import MemoryState
from pyfabric.rules.state.updates import Updates
from pyfabric.rules.state.versions import Version, VersionedValue
from pyfabric.rules.validation.block import CONFIGURATION_PLACE, BlockValidation
from pyfabric.rules.validation.endorsement import ChannelPolicies
from pyfabric.rules.validation.form import transaction_id
from tests.support.extent import extent, takes_long
from tests.support.network.network import running_network

TRANSACTIONS = extent(300, 1000)
KILLS = extent(5, 20)
AT_ONCE = 16


CONFORMANCE = Path(__file__).parents[1] / "conformance" / "topology.yaml"
CHANNEL, CONTRACT = "bills", "sample"
FAILED = "error in simulation: failed to execute transaction ID: "
CUT = "chaincode stream terminated"


@dataclass
class Load:
    """Writes numbered keys until each is reported as committed; `killed` stops it until `resume`."""

    contract: Contract
    kill_at: list[int]
    call: tuple[str, ...] = ("put",)
    reported: dict[str, CommitStatus] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: threading.Event = field(default_factory=threading.Event)
    up: threading.Event = field(default_factory=threading.Event)
    given_up: bool = False

    def write(self, number: int) -> None:
        """Write one key; a failed attempt is followed by a new transaction once the ledger is up."""
        key = f"key-{number:04}"
        while not self.given_up:
            self.up.wait()
            try:
                status = self.contract.submit_async(*self.call, key, f"value {number}").status()
            except GatewayError:
                continue
            assert status.code is ValidationCode.VALID
            self.report(key, status)
            return

    def report(self, key: str, status: CommitStatus) -> None:
        """Note what was acknowledged, and ask for a kill when it is time."""
        with self.lock:
            self.reported[key] = status
            if self.up.is_set() and self.kill_at and len(self.reported) >= self.kill_at[0]:
                self.kill_at.pop(0)
                self.up.clear()
                self.wanted.set()


@contextmanager
def under_load(load: Load, transactions: int) -> Iterator[Callable[[Callable[[], None]], None]]:
    """Return a function that waits until transactions are being written, and then kills."""

    def interrupt(kill: Callable[[], None]) -> None:
        assert load.wanted.wait(timeout=120)
        load.wanted.clear()
        kill()
        load.up.set()

    load.up.set()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        working = [pool.submit(load.write, number) for number in range(transactions)]
        try:
            yield interrupt
            for one in working:
                one.result(timeout=120)
        finally:
            load.given_up = True
            load.up.set()


def processes(*columns: str) -> list[list[str]]:
    """Return all processes of the machine."""
    command = ["ps", "-A", "-o", ",".join(f"{column}=" for column in columns)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [line.split() for line in listed.splitlines()]


def hosts_of(network: Network) -> list[int]:
    """Return the contract hosts: what the ledger started."""
    ledger = (network.plan.root / "ledger.pid").read_text().strip()
    return [int(child) for child, parent in processes("pid", "ppid") if parent == ledger]


def running(pids: set[int]) -> set[int]:
    """Return the processes that still run."""
    return {
        int(pid)
        for pid, status in processes("pid", "stat")
        if int(pid) in pids and "Z" not in status
    }


def stored(network: Network) -> dict[str, dict[str, VersionedValue]]:
    """Return the public state in the ledger's file, by namespace and key; the network is down."""
    found: dict[str, dict[str, VersionedValue]] = {}
    (path,) = (network.plan.root / "ledger").rglob(f"{CHANNEL}.ledger")
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT namespace, key, value, block, position, metadata FROM state"
        )
        for namespace, key, value, block, position, metadata in rows:
            kept = VersionedValue(value, Version(block, position), metadata)
            found.setdefault(namespace, {})[key] = kept
    return found


def check_nothing_left(network: Network, hosts: set[int]) -> None:
    """Check that no contract host outlived its ledger, and that no port is in use."""
    assert len(hosts) >= KILLS
    assert running(hosts) == set()
    check_free(network.plan.serving([served(network)]).listening())


def served(network: Network) -> ServedPackage:
    """Return what every contract host serves."""
    found = network.plan.contracts[CONTRACT].service
    assert found is not None
    return found


def kill(network: Network) -> None:
    """SIGKILL the ledger's process, and wait until it no longer exists."""
    pid = int((network.plan.root / "ledger.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def blocks_of(network: Network) -> list[common_pb2.Block]:
    """Return the whole chain, as a peer serves it."""
    department = next(iter(network.plan.departments.values()))
    peer = endpoint(department.peers[0])
    with Admin(administrator(department)) as admin:
        height = admin.chain_info(peer, CHANNEL).height
        return [parse_block(admin.block(peer, CHANNEL, number)) for number in range(height)]


def replay(blocks: list[common_pb2.Block]) -> MemoryState:
    """Validate the chain from the genesis block; the codes must be those in the blocks."""
    state, ids = MemoryState(), {transaction_id(blocks[0].data.data[0])}
    policies = ChannelPolicies(ChannelConfig.from_block(blocks[0]))
    first = Updates()
    envelope = common_pb2.Envelope.FromString(blocks[0].data.data[0])
    config = common_pb2.Payload.FromString(envelope.payload).data
    first.put(CONFIGURATION_PLACE, VersionedValue(config, Version(0, 0)))
    state.commit(first)
    for block in blocks[1:]:
        validation = BlockValidation(block.header.number, policies, state, ids.__contains__)
        for raw in block.data.data:
            validation.add(raw)
        outcome = validation.finish()
        assert bytes(one.code for one in outcome.transactions) == transaction_filter(block)
        state.commit(outcome.updates)
        ids.update(one.transaction_id for one in outcome.transactions)
    return state


def check_reported(load: Load, blocks: list[common_pb2.Block]) -> None:
    """Check that every reported transaction is valid in the reported block."""
    held = {
        transaction_id(raw): (block.header.number, transaction_filter(block)[place])
        for block in blocks
        for place, raw in enumerate(block.data.data)
    }
    for status in load.reported.values():
        assert held[status.transaction_id] == (status.block_number, ValidationCode.VALID)


def test_what_was_acknowledged_outlives_kills(tmp_path: Path) -> None:
    with running_network(tmp_path) as network:
        department = next(iter(network.plan.departments.values()))
        with connect(administrator(department), endpoint(department.peers[0])) as gateway:
            hosts: set[int] = set()
            chosen = sorted(random.Random(7).sample(range(10, TRANSACTIONS - 10), KILLS))
            load = Load(gateway.network(CHANNEL).contract(CONTRACT), chosen)

            def kill_and_start() -> None:
                hosts.update(hosts_of(network))
                kill(network)
                network.up()

            with under_load(load, TRANSACTIONS) as interrupt:
                for _ in range(KILLS):
                    interrupt(kill_and_start)
            blocks = blocks_of(network)
            state = replay(blocks)
            for number in range(TRANSACTIONS):
                found = state.get(CONTRACT, f"key-{number:04}")
                assert found is not None
                assert found.value == f"value {number}".encode()
                assert load.contract.evaluate("get", f"key-{number:04}") == found.value
    check_nothing_left(network, hosts)
    kept = stored(network)
    assert kept == {namespace: dict(state.range(namespace, "", "")) for namespace in kept}
    assert len(kept[CONTRACT]) == TRANSACTIONS
    assert len(load.reported) == TRANSACTIONS
    for before, block in pairwise(blocks):
        assert block.header.previous_hash == header_hash(before.header)
        assert block.header.data_hash == data_hash(block.data)
    check_reported(load, blocks)


def private_values(gateway: Gateway, height: int) -> dict[str, bytes]:
    """Return what a department's peer delivers of the collection `files` with the blocks of the channel."""
    channel = gateway.network("conformance")
    with channel.block_and_private_data_events(start_block=0) as blocks:
        return {
            write.key: write.value
            for block in islice(blocks, height)
            for of_transaction in block.private_data.values()
            for one in of_transaction
            if one.collection == "files"
            for write in kv_rwset_pb2.KVRWSet.FromString(one.raw).writes
        }


@takes_long
def test_private_data_outlive_kills_at_every_member(tmp_path: Path) -> None:
    network = Network.prepare(CONFORMANCE, tmp_path, base_port=ANY_FREE_PORT)
    network.up()
    with ExitStack() as stack:
        stack.callback(network.down)
        network.deploy()
        gateways = {
            name: stack.enter_context(connect(administrator(one), endpoint(one.peers[0])))
            for name, one in network.plan.departments.items()
        }
        cases = {
            name: gateway.network("conformance").contract("cases")
            for name, gateway in gateways.items()
        }
        load = Load(cases["EconInfo"], [20, 50, 80], ("note", "files"))

        def kill_and_start() -> None:
            kill(network)
            network.up()

        with under_load(load, 100) as interrupt:
            for _ in range(3):
                interrupt(kill_and_start)
        expected = {f"key-{number:04}": f"value {number}".encode() for number in range(100)}
        first = network.plan.department("EconInfo")
        with Admin(administrator(first)) as admin:
            height = admin.chain_info(endpoint(first.peers[0]), "conformance").height
        for member in ("EconInfo", "MktSup"):
            assert private_values(gateways[member], height) == expected
            for key, value in expected.items():
                assert cases[member].evaluate("read", "files", key) == value
        assert private_values(gateways["Haidian"], height) == {}
        for key, value in expected.items():
            told = cases["Haidian"].evaluate("fingerprint", "files", key).decode()
            assert told == sha256(value).hexdigest()
    assert load.reported.keys() == expected.keys()


def kill_a_host(network: Network) -> None:
    """SIGKILL the contract host of one department."""
    hosts = hosts_of(network)
    assert len(hosts) == len(network.plan.departments)
    os.kill(hosts[0], signal.SIGKILL)


def refused(contract: Contract, transaction: str) -> dict[str, str]:
    """Return each department's refusal of a call, without the transaction's id; empty if it is endorsed."""
    proposal = contract.new_proposal("put", transaction, "lost")
    try:
        proposal.endorse()
    except EndorseError as error:
        return {
            one.msp_id: one.message.replace(proposal.transaction_id, "ID") for one in error.details
        }
    return {}


@takes_long
def test_a_contract_host_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    with running_network(tmp_path) as network:
        tax = network.plan.department("Tax")
        package = network.plan.contracts[CONTRACT].package.package_id
        with connect(administrator(tax), endpoint(tax.peers[0])) as gateway:
            load = Load(gateway.network(CHANNEL).contract(CONTRACT), [40, 90, 140])

            def kill_one() -> None:
                """Kill a host, and wait until the ledger has started it again."""
                kill_a_host(network)
                while not (said := refused(load.contract, "probe")):
                    continue  # the peer is yet to notice
                (killed,) = said
                while said:
                    assert list(said) == [killed], said
                    assert re.fullmatch(refusals, said[killed])
                    said = refused(load.contract, "probe")
                assert len(hosts_of(network)) == len(network.plan.departments)

            refusals = re.escape(FAILED) + (
                f"(error sending: {CUT}|could not launch chaincode {re.escape(package)}: "
                ".*dial tcp [0-9.:]+: connect: connection refused.*)"
            )
            with under_load(load, 200) as interrupt:
                for _ in range(3):
                    interrupt(kill_one)
            for number in range(200):
                value = load.contract.evaluate("get", f"key-{number:04}")
                assert value == f"value {number}".encode()
            assert load.contract.evaluate("get", "probe") == b""
            blocks = blocks_of(network)
            replay(blocks)
    assert len(load.reported) == 200
    check_reported(load, blocks)
