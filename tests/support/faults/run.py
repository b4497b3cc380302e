"""A network on Fabric's own programs under load, whose processes are killed and stopped."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from pyfabric_network.connections import administrator, endpoint
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import profile_file
from pyfabric_network.runtimes.process import Background
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.nodes import Node

from pyfabric.admin import describe_transaction
from pyfabric.errors import ValidationCode
from pyfabric.gateway import Admin, Block, connect
from pyfabric.local.waiting import poll
from tests.support.faults.clients import CHANNEL, CONTRACT, read_record
from tests.support.faults.judging import Episode, Verdict, Write, judge, recovery
from tests.support.network.network import TOPOLOGY, write_topology
from tests.support.network.programs import fabric_programs
from tests.support.paths import ROOT

ORDERERS: Final = {
    "raft": "nodes: [Tax, Health, Health]",
    "bft": "consensus: bft\n  nodes: [Tax, Tax, Health, Health]",
}
EVERY: Final = 0.3  # seconds between two transactions of a writer
_PATIENCE: Final = 90.0
_STILL: Final = 4  # looks at the heights, a second apart


def topology(consensus: str) -> str:
    """Return two departments with two peers each; each may endorse alone."""
    text = TOPOLOGY.replace("nodes: [Tax]", ORDERERS[consensus])
    text = text.replace("timeout: 20ms", "timeout: 200ms")
    text = text.replace("    title: Tax\n", "    title: Tax\n    peers: 2\n")
    text = text.replace("  Health: {}", "  Health: { peers: 2 }")
    return text.replace(
        'version: "1.0"', "version: \"1.0\"\n    endorsement: OR('TaxMSP.peer', 'HealthMSP.peer')"
    )


@contextmanager
def faulty_network(folder: Path, consensus: str) -> Iterator["Faults"]:
    """Yield a network with its clients at work; all are stopped afterwards."""
    network = Network.prepare(
        write_topology(folder, topology(consensus)),
        folder / "state",
        base_port=ANY_FREE_PORT,
        runtime=RuntimeName.NATIVE,
        programs=fabric_programs(),
    )
    faults = Faults(network, folder)
    with ExitStack() as stack:
        stack.callback(network.down)
        stack.callback(faults.resume_all)
        stack.callback(faults.stop_clients)
        network.up()
        network.deploy()
        for name in faults.clients():
            faults.start_client(name)
        faults.await_progress(time.monotonic())
        yield faults


@dataclass
class Faults:
    """What is done to a network and its clients, and what came of it."""

    network: Network
    folder: Path
    episodes: list[Episode] = field(default_factory=list)
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _starts: int = 0

    # Processes

    def pids(self) -> dict[str, int]:
        """Return the processes of nodes and contract hosts, by name."""
        nodes = self.network.plan.root / "nodes"
        found = {file.parent.name: Background(file).pid() for file in sorted(nodes.glob("*/pid"))}
        return {name: pid for name, pid in found.items() if pid is not None}

    def orderers(self) -> list[str]:
        """Return the names of the orderers."""
        return [node.name for node in self.network.plan.orderers]

    def peers(self) -> list[str]:
        """Return the names of the peers."""
        return [node.name for node in self.network.plan.peers]

    def hosts(self) -> list[str]:
        """Return the names of the contract hosts."""
        return [one.contract_host.name for one in self.network.plan.departments.values()]

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a node or host a signal, if it runs; to a contract host's children only what is not the end."""
        pid = self.pids().get(name)
        reached = [] if pid is None else [pid]
        if pid is not None and number is not signal.SIGKILL:
            reached += children_of(pid)
        for each in reached:
            with suppress(ProcessLookupError):
                os.kill(each, number)

    def resume_all(self) -> None:
        """Resume everything that is stopped."""
        for name in self.pids():
            self.signal(name, signal.SIGCONT)

    def up(self) -> None:
        """Bring back what does not run, as an operator does."""
        self.network.up()

    # Clients

    def clients(self) -> list[str]:
        """Return the names of the clients: a writer and a reader of each department."""
        names = self.network.plan.departments
        return [f"{kind}-{name}" for name in names for kind in ("write", "read")]

    def record_of(self, client: str) -> Path:
        """Return the file that a client writes what happened to it to."""
        return self.folder / f"{client}.jsonl"

    def start_client(self, client: str) -> None:
        """Start a client, which goes on where the one before it was killed."""
        kind, department = client.split("-")
        self._starts += 1
        plan = self.network.plan
        profile = profile_file(plan, plan.department(department))
        words = [kind, profile, self.record_of(client), f"{department}{self._starts}", EVERY]
        with (self.folder / f"{client}.log").open("ab") as log:
            self._running[client] = subprocess.Popen(
                [sys.executable, "-m", "tests.support.faults.clients", *map(str, words)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def kill_client(self, client: str) -> None:
        """Kill a client, and start it again."""
        process = self._running.pop(client)
        process.kill()
        process.wait()
        self.start_client(client)

    def stop_clients(self) -> None:
        """End all clients."""
        for process in self._running.values():
            process.kill()
            process.wait()
        self._running.clear()

    # Episodes

    @contextmanager
    def episode(self, what: str) -> Iterator[None]:
        """Note a fault; when it is over, the network is whole, and everybody has to get on."""
        began = time.monotonic()
        yield
        self.episodes.append(Episode(what, began, time.monotonic()))
        self.await_progress(self.episodes[-1].whole)

    def await_progress(self, since: float) -> None:
        """Wait until every client saw a commit or an event after a time, or for so long that it is a fault."""
        episode = Episode("", since, since)

        def behind() -> str | None:
            for client in self.clients():
                if recovery(read_record(self.record_of(client)), episode) == float("inf"):
                    return client
            return None

        poll(behind, every=0.5, timeout=_PATIENCE)

    def finish(self) -> Verdict:
        """Stop writing, wait until all that is ordered was read everywhere, and judge."""
        for client in self.clients():
            if client.startswith("write"):
                process = self._running.pop(client)
                process.kill()
                process.wait()
        chains = self._agreed_chain()
        readers = {one: self.record_of(one) for one in self.clients() if one.startswith("read")}
        valid = sum(one.valid for one in chains)

        def unread() -> str | None:
            for name, path in readers.items():
                if sum(one["did"] == "event" for one in read_record(path)) < valid:
                    return name
            return None

        poll(unread, every=0.5, timeout=_PATIENCE)
        return judge(
            chains,
            {
                one: read_record(self.record_of(one))
                for one in self.clients()
                if one.startswith("write")
            },
            {name: read_record(path) for name, path in readers.items()},
            self.episodes,
        )

    def _agreed_chain(self) -> list[Write]:
        """Return the writes in the channel's blocks once all peers have them; they must not differ."""
        height = self._settled_height()
        chains = [self._blocks(peer, height) for peer in self.network.plan.peers]
        contents = [[_content(block) for block in chain] for chain in chains]
        assert all(one == contents[0] for one in contents), "the peers' chains differ"
        return [write for block in chains[0] for write in writes_of(block)]

    def _settled_height(self) -> int:
        """Return the height of all peers, once it is the same and no longer grows."""
        seen: list[set[int]] = []

        def settled() -> bool:
            seen.append(self._heights())
            last = seen[-_STILL:]
            return len(last) == _STILL and len(set.union(*last)) == 1

        assert poll(settled, until=bool, every=1.0, timeout=_PATIENCE), (
            f"heights differ: {seen[-1]}"
        )
        return seen[-1].pop()

    def _heights(self) -> set[int]:
        return {self._height(peer) for peer in self.network.plan.peers}

    def _height(self, peer: Node) -> int:
        with Admin(administrator(self.network.plan.owner(peer))) as admin:
            return admin.chain_info(endpoint(peer), CHANNEL).height

    def _blocks(self, peer: Node, height: int) -> list[Block]:
        user = administrator(self.network.plan.owner(peer))
        with (
            connect(user, endpoint(peer)) as gateway,
            gateway.network(CHANNEL).block_events(start_block=0) as blocks,
        ):
            return list(islice(blocks, height))


def _content(block: Block) -> tuple[bytes, list[ValidationCode]]:
    """Return what must be the same on all peers: each orderer signs a block with its own key."""
    return block.data_hash, [one.code for one in block.transactions]


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def writes_of(block: Block) -> list[Write]:
    """Return the calls of the contract in a block."""
    found = []
    for one in block.transactions:
        call = describe_transaction(one.envelope).invocation
        if call is not None and call.chaincode == CONTRACT and one.transaction_id:
            valid = one.code is ValidationCode.VALID
            found.append(Write(one.transaction_id, call.arguments[1].decode(), block.number, valid))
    return found


@dataclass(frozen=True, slots=True)
class Chance:
    """Faults drawn at random: what happens, to whom, and for how long."""

    random: random.Random
    faults: Faults

    def episode(self, longest: float) -> None:
        """Cause one fault, and wait until everybody gets on; a stop lasts `longest` at most."""
        draw = self.random.random()
        if draw < 0.5:
            self._stop(min(longest, self.random.uniform(5, 120)))
        elif draw < 0.85:
            self._kill()
        else:
            self._kill_clients()

    def _victims(self) -> list[str]:
        """Return one or two nodes or hosts of different kinds: the network has to bear that."""
        faults, number = self.faults, self.random.choice((1, 1, 2))
        kinds = [faults.orderers(), faults.peers(), faults.hosts()]
        drawn = self.random.sample(range(3), number, counts=(5, 3, 2))
        return [self.random.choice(kinds[kind]) for kind in sorted(set(drawn))]

    def _kill(self) -> None:
        victims, pause = self._victims(), self.random.uniform(0, 10)
        with self.faults.episode(f"killed {', '.join(victims)}, up after {pause:.1f} s"):
            for name in victims:
                self.faults.signal(name, signal.SIGKILL)
            time.sleep(pause)
            self.faults.up()

    def _stop(self, seconds: float) -> None:
        victims, by_up = self._victims(), self.random.random() < 0.3
        end = "up" if by_up else "resumed"
        with self.faults.episode(f"stopped {', '.join(victims)} for {seconds:.0f} s, {end}"):
            for name in victims:
                self.faults.signal(name, signal.SIGSTOP)
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                time.sleep(min(left, self.random.uniform(5, 30)))
                if left > 5 and self.random.random() < 0.5:
                    self.faults.kill_client(self.random.choice(self.faults.clients()))
            if not by_up:
                for name in victims:
                    self.faults.signal(name, signal.SIGCONT)
            self.faults.up()

    def _kill_clients(self) -> None:
        victims = self.random.sample(self.faults.clients(), 2)
        with self.faults.episode(f"killed {', '.join(victims)}"):
            for name in victims:
                self.faults.kill_client(name)
