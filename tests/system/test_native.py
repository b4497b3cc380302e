"""A network on Fabric's own programs: kills, restarts, and what `up`, `down` and `status` make of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from pyfabric_network.network import Network
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.readiness import leads
from pyfabric_network.runtime import RuntimeName

from pyfabric._grpc.driver import Driver
from pyfabric.errors import NetworkError, SubmitError
from pyfabric.gateway import connect
from tests.support.network import TOPOLOGY, write_topology
from tests.support.programs import fabric_programs, needs_fabric

pytestmark = [pytest.mark.fabric, needs_fabric]

THREE_ORDERERS = TOPOLOGY.replace("nodes: [Tax]", "nodes: [Tax, Health, Health]").replace(
    'version: "1.0"', "version: \"1.0\"\n    endorsement: OR('TaxMSP.peer', 'HealthMSP.peer')"
)

FOUR_BFT_ORDERERS = THREE_ORDERERS.replace(
    "nodes: [Tax, Health, Health]", "consensus: bft\n  nodes: [Tax, Tax, Health, Health]"
)

# Brings the network up and deploys, and is killed at its {at}th call of a node, or before step {at}.
KILLED = """
import os, signal, sys
from pathlib import Path
from pyfabric._grpc.driver import Driver
from pyfabric_network.network import Network
from pyfabric_network.runtime import RuntimeName

def at(count):
    left = [count]
    def reached(*_):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
    return reached

file, folder, programs, what, count = sys.argv[1:]
reached = at(int(count))
if what == "calls":
    calls = Driver._unary, Driver._rest
    Driver._unary = lambda self, effect: (reached(), calls[0](self, effect))[1]
    Driver._rest = lambda self, effect: (reached(), calls[1](self, effect))[1]
network = Network.prepare(
    Path(file), Path(folder), base_port=0, runtime=RuntimeName.NATIVE, programs=Path(programs)
)
network.up(reached if what == "steps" else lambda *_: None)
network.deploy(report=reached if what == "steps" else lambda *_: None)
"""


def prepare(folder: Path, text: str = TOPOLOGY) -> Network:
    return Network.prepare(
        write_topology(folder, text),
        folder / "state",
        base_port=0,
        runtime=RuntimeName.NATIVE,
        programs=fabric_programs(),
    )


def reopen(network: Network) -> Network:
    return Network.reopen(network.folder, programs=fabric_programs())


def call(network: Network, department: str, function: str, *arguments: str) -> bytes:
    profile = load_profile(profile_file(network.plan, network.plan.department(department)))
    with connect(profile.user("Admin"), profile.peers) as gateway:
        contract = gateway.network("bills").contract("sample")
        if function == "put":
            return contract.submit(function, *arguments)
        return contract.evaluate(function, *arguments)


def pids(network: Network) -> dict[str, int]:
    """Every process of the network, by name."""
    nodes = network.plan.root / "nodes"
    return {file.parent.name: int(file.read_text()) for file in sorted(nodes.glob("*/pid"))}


def kill(network: Network, name: str) -> None:
    os.kill(pids(network)[name], signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits for its parent to take notice does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def await_truth(statement: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not statement():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def problems(network: Network) -> dict[str, str | None]:
    return {node.name: node.problem for node in network.status()}


def leader_of(network: Network) -> str:
    """The orderer that leads `bills`."""
    channel = network.plan.channels["bills"]
    with closing(Driver()) as driver:
        orderers = network.plan.orderers
        (leader,) = (one for one in orderers if driver.run(leads(network.plan, one, channel)))
    return leader.name


def goes_on(network: Network) -> bool:
    """Whether a transaction is committed."""
    with suppress(SubmitError):  # refused for want of a leader, or kept for the dead one
        return call(network, "Tax", "put", "leader", "gone") == b"gone"
    return False


def heights(network: Network) -> set[int]:
    """The heights of `bills` that the nodes tell."""
    return {node.channels["bills"] for node in network.status() if node.channels}


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network with three Raft orderers, where one department can endorse alone."""
    network = prepare(tmp_path_factory.mktemp("three"), THREE_ORDERERS)
    network.up()
    try:
        network.deploy()
        yield network
    finally:
        network.down()


def test_up_again_changes_nothing(three: Network) -> None:
    call(three, "Tax", "put", "colour", "blue")
    await_truth(lambda: len(heights(three)) == 1)
    before, reached = pids(three), heights(three)
    assert three.pending() == []
    again = reopen(three)
    again.up()
    assert [one.changed for one in again.deploy()] == [False]
    assert pids(three) == before
    assert heights(three) == reached


def test_a_killed_peer_is_told_and_catches_up(three: Network) -> None:
    kill(three, "peer0.health")
    await_truth(lambda: problems(three)["peer0.health"] is not None)
    assert [name for name, problem in problems(three).items() if problem] == ["peer0.health"]
    for number in range(3):
        call(three, "Tax", "put", f"missed{number}", "yes")
    assert [(step.action, step.subject) for step in three.pending()] == [
        ("start", "peer0.health"),
        ("join", "peer0.health"),
    ]
    untouched = {name: pid for name, pid in pids(three).items() if name != "peer0.health"}
    reopen(three).up()
    assert untouched.items() <= pids(three).items()
    await_truth(lambda: len(heights(three)) == 1)
    assert call(three, "Health", "get", "missed2") == b"yes"
    assert set(problems(three).values()) == {None}


def test_raft_goes_on_without_its_leader(three: Network) -> None:
    leader = leader_of(three)
    kill(three, leader)
    await_truth(lambda: problems(three)[leader] is not None)
    await_truth(lambda: goes_on(three))
    assert [name for name, problem in problems(three).items() if problem] == [leader]
    reopen(three).up()
    await_truth(lambda: len(heights(three)) == 1)
    assert set(problems(three).values()) == {None}


def test_a_peer_more_is_started_and_the_others_are_left_alone(three: Network) -> None:
    file = three.state.topology
    grown = file.read_text().replace("  Health: {}", "  Health: { peers: 2 }")
    file.write_text(grown)
    before = pids(three)
    network = reopen(three)
    assert [(step.action, step.subject) for step in network.pending() if step.action != "make"] == [
        ("start", "peer1.health"),
        ("join", "peer1.health"),
    ]
    network.up()
    network.deploy()
    assert before.items() <= pids(network).items()
    await_truth(lambda: problems(network)["peer1.health"] is None and len(heights(network)) == 1)
    file.write_text(grown.replace("peers: 2", "peers: 1"))
    reopen(network).up()
    assert pids(three) == before


def test_bft_goes_on_without_its_leader(tmp_path: Path) -> None:
    """Four orderers bear one loss; the others change the view once they have waited for it in vain."""
    network = prepare(tmp_path, FOUR_BFT_ORDERERS)
    network.up()
    try:
        network.deploy()
        leader = leader_of(network)
        kill(network, leader)
        await_truth(lambda: goes_on(network))
        assert [name for name, problem in problems(network).items() if problem] == [leader]
        reopen(network).up()
        await_truth(lambda: len(heights(network)) == 1)
        assert set(problems(network).values()) == {None}
    finally:
        network.down()


def test_a_killed_contract_host_is_told_and_started_again(three: Network) -> None:
    kill(three, "contracts.health")
    await_truth(lambda: sum(node.problem is not None for node in three.status()) == 1)
    assert [(step.action, step.detail) for step in three.pending()] == [("serve", "Health")]
    reopen(three).up()
    assert call(three, "Health", "put", "host", "back") == b"back"


def test_down_ends_everything_and_up_goes_on_with_the_data(three: Network) -> None:
    call(three, "Tax", "put", "kept", "yes")
    before = pids(three)
    assert three.down()
    assert not any(map(is_alive, before.values()))
    assert not three.down()
    assert set(problems(three).values()) != {None}
    reopen(three).up()
    await_truth(lambda: call(three, "Health", "get", "kept") == b"yes")


def test_orderers_that_lost_all_blocks_do_not_begin_anew(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    try:
        network.deploy()
        network.down()
        data = network.plan.root / "nodes" / "orderer0.tax" / "data"
        data.rename(tmp_path / "backup")
        with pytest.raises(NetworkError, match=r"no orderer has the blocks of bills.*backup"):
            reopen(network).up()
        assert pids(network) == {}
        for made in (data / "ledger", data / "wal", data / "snapshots"):
            assert not (made / "bills").exists()
        subprocess.run(["rm", "-rf", data], check=True)
        (tmp_path / "backup").rename(data)
        reopen(network).up()
        assert call(network, "Tax", "put", "restored", "yes") == b"yes"
    finally:
        network.down()


def killed(folder: Path, what: str, count: int) -> bool:
    """Whether `up` and `deploy` reached that step or call, at which they are killed."""
    arguments = (folder / "small.yaml", folder / "state", str(fabric_programs()), what, str(count))
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, check=False
    )
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode != 0


@pytest.mark.parametrize("step", range(8))
def test_after_a_kill_at_each_step_up_ends_working(tmp_path: Path, step: int) -> None:
    write_topology(tmp_path)
    assert killed(tmp_path, "steps", step)
    network = prepare(tmp_path)
    try:
        network.up()
        network.deploy()
        assert call(network, "Tax", "put", "works", "yes") == b"yes"
        assert set(problems(network).values()) == {None}
    finally:
        network.down()
    assert pids(network) == {}


def test_after_kills_at_ever_later_calls_up_ends_working(tmp_path: Path) -> None:
    write_topology(tmp_path)
    count = kills = 0
    network = None
    try:
        while killed(tmp_path, "calls", count):
            kills += 1
            count += 1 + count // 3
        network = prepare(tmp_path)
        assert kills > 5
        assert call(network, "Health", "put", "works", "yes") == b"yes"
    finally:
        (network or prepare(tmp_path)).down()


def test_down_after_a_kill_leaves_nothing(tmp_path: Path) -> None:
    write_topology(tmp_path)
    assert killed(tmp_path, "steps", 3)
    network = prepare(tmp_path)
    left = pids(network)
    assert len(left) == 3
    assert all(map(is_alive, left.values()))
    assert network.down(delete=True)
    assert not any(map(is_alive, left.values()))
    assert not network.plan.root.exists()
