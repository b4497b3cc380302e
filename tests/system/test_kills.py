"""A ledger that is killed again and again under load loses nothing that it acknowledged."""

import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from fabric_protos.common import common_pb2
from pyfabric_network.network import Network
from pyfabric_network.steps import administrator, endpoint

from pyfabric.core.blocks import data_hash, header_hash, parse_block, transaction_filter
from pyfabric.core.channel_config import ChannelConfig
from pyfabric.core.state.memory import MemoryState
from pyfabric.core.state.updates import Updates
from pyfabric.core.state.versions import Version, VersionedValue
from pyfabric.core.validation.block import CONFIGURATION_PLACE, BlockValidation
from pyfabric.core.validation.endorsement import ChannelPolicies
from pyfabric.core.validation.form import transaction_id
from pyfabric.errors import GatewayError, ValidationCode
from pyfabric.gateway import Admin, CommitStatus, Contract, connect
from tests.support.network import running_network

TRANSACTIONS = 1000
KILLS = 20
AT_ONCE = 16


CHANNEL, CONTRACT = "bills", "sample"


@dataclass
class Load:
    """Writes numbered keys until each is reported as committed; `killed` stops it until `resume`."""

    contract: Contract
    kill_at: list[int]
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
                status = self.contract.submit_async("put", key, f"value {number}").status()
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


def kill(network: Network) -> None:
    """SIGKILL the ledger's process, and wait until the system says that it is gone."""
    pid = int((network.plan.root / "ledger.pid").read_text())
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


def blocks_of(network: Network) -> list[common_pb2.Block]:
    """The whole chain, as a peer serves it."""
    department = next(iter(network.plan.departments.values()))
    peer = endpoint(department.peers[0])
    with Admin(administrator(department)) as admin:
        height = admin.chain_info(peer, CHANNEL).height
        return [parse_block(admin.block(peer, CHANNEL, number)) for number in range(height)]


def replay(blocks: list[common_pb2.Block]) -> MemoryState:
    """Validate the chain from its first block; the codes must be those that the blocks carry."""
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


def test_what_was_acknowledged_outlives_twenty_kills(tmp_path: Path) -> None:
    with running_network(tmp_path) as network:
        department = next(iter(network.plan.departments.values()))
        with connect(administrator(department), endpoint(department.peers[0])) as gateway:
            chosen = sorted(random.Random(7).sample(range(10, TRANSACTIONS - 10), KILLS))
            load = Load(gateway.network(CHANNEL).contract(CONTRACT), chosen)
            load.up.set()
            with ThreadPoolExecutor(AT_ONCE) as pool:
                working = [pool.submit(load.write, number) for number in range(TRANSACTIONS)]
                try:
                    for _ in range(KILLS):
                        assert load.wanted.wait(timeout=120)
                        load.wanted.clear()
                        kill(network)
                        network.up()
                        load.up.set()
                    for one in working:
                        one.result(timeout=120)
                finally:
                    load.given_up = True
                    load.up.set()
            blocks = blocks_of(network)
            state = replay(blocks)
            for number in range(TRANSACTIONS):
                found = state.get(CONTRACT, f"key-{number:04}")
                assert found is not None
                assert found.value == f"value {number}".encode()
                assert load.contract.evaluate("get", f"key-{number:04}") == found.value
    assert len(load.reported) == TRANSACTIONS
    for before, block in pairwise(blocks):
        assert block.header.previous_hash == header_hash(before.header)
        assert block.header.data_hash == data_hash(block.data)
    held = {
        transaction_id(raw): (block.header.number, transaction_filter(block)[place])
        for block in blocks
        for place, raw in enumerate(block.data.data)
    }
    for status in load.reported.values():
        assert held[status.transaction_id] == (status.block_number, ValidationCode.VALID)
