"""A network on Fabric's own programs: kills, restarts, and how `up`, `down` and `status` react."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.network import Network
from pyfabric_network.readiness import leads
from pyfabric_network.runtimes.log_choice import LogLevel
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.errors import NetworkError, SubmitError
from pyfabric.local.waiting import poll
from tests.support.network.network import TOPOLOGY, call, problems, write_topology
from tests.support.network.processes import is_alive
from tests.support.network.programs import fabric_programs, needs_fabric

pytestmark = [pytest.mark.fabric, needs_fabric]

THREE_ORDERERS = TOPOLOGY.replace("nodes: [Tax]", "nodes: [Tax, Health, Health]").replace(
    'version: "1.0"', "version: \"1.0\"\n    endorsement: OR('TaxMSP.peer', 'HealthMSP.peer')"
)

FOUR_BFT_ORDERERS = THREE_ORDERERS.replace(
    "nodes: [Tax, Health, Health]", "consensus: bft\n  nodes: [Tax, Tax, Health, Health]"
)


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


def pids(network: Network) -> dict[str, int]:
    """Return every process of the network, by name."""
    nodes = network.plan.root / "nodes"
    return {file.parent.name: int(file.read_text()) for file in sorted(nodes.glob("*/pid"))}


def kill(network: Network, name: str) -> None:
    os.kill(pids(network)[name], signal.SIGKILL)


@contextmanager
def stopped(network: Network, name: str) -> Iterator[None]:
    """Keep a node from running for a while, as one that hangs."""
    process = pids(network)[name]
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it was ended meanwhile
            os.kill(process, signal.SIGCONT)


def await_truth(statement: Callable[[], bool]) -> None:
    assert poll(statement, until=bool, every=0.1, timeout=120)


def leader_of(network: Network) -> str:
    """Return the orderer that leads `bills`."""
    channel = network.plan.channels["bills"]
    with Connections(network.plan) as connections:
        (leader,) = (one for one in network.plan.orderers if leads(connections, one, channel))
    return leader.name


def goes_on(network: Network) -> bool:
    """Return whether a transaction is committed."""
    with suppress(SubmitError):  # refused for want of a leader, or kept for the dead one
        return call(network, "Tax", "put", "leader", "gone") == b"gone"
    return False


def heights(network: Network) -> set[int]:
    """Return the heights of `bills` that the nodes tell."""
    return {node.channels["bills"] for node in network.status() if node.channels}


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a network with three Raft orderers, where one department can endorse alone."""
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


def test_single_nodes_are_stopped_and_started(three: Network) -> None:
    before = pids(three)
    three.stop_nodes("peer0.health", "contracts.health")
    await_truth(lambda: problems(three)["peer0.health"] == "peer0.health does not run")
    states = {node.name: node.state for node in three.status()}
    assert (states["peer0.health"], states["peer0.tax"]) == ("stopped", "up")
    three.start_nodes("peer0.health", "peer0.tax")
    assert pids(three)["peer0.tax"] == before["peer0.tax"]
    assert "contracts.health" not in pids(three)
    three.restart_nodes("contracts.health", "peer0.health")
    await_truth(lambda: set(problems(three).values()) == {None})
    await_truth(lambda: len(heights(three)) == 1)
    call(three, "Health", "put", "again", "yes")
    (line,) = three.logs("peer0.health", tail=1, level=LogLevel.INFO)
    assert "peer0.health | " not in line  # one log is read as it is
    lines = list(
        three.logs("peer0.health", "peer0.tax", since=datetime.now(UTC) + timedelta(hours=1))
    )
    assert lines == []
    with pytest.raises(NetworkError, match=r"no node of this machine is named peer7\.health"):
        three.stop_nodes("peer7.health")
    kill(three, "peer0.health")
    await_truth(lambda: {n.name: n.state for n in three.status()}["peer0.health"] == "down")
    three.start_nodes("peer0.health")
    three.stop_nodes("peer0.tax")
    reopen(three).up()
    await_truth(lambda: set(problems(three).values()) == {None})


def test_raft_goes_on_without_its_leader(three: Network) -> None:
    leader = leader_of(three)
    kill(three, leader)
    await_truth(lambda: problems(three)[leader] is not None)
    await_truth(lambda: goes_on(three))
    assert [name for name, problem in problems(three).items() if problem] == [leader]
    reopen(three).up()
    await_truth(lambda: len(heights(three)) == 1)
    assert set(problems(three).values()) == {None}


def test_a_hung_orderer_fails_no_submit(three: Network) -> None:
    """Stop a follower without ending it: peers send transactions to the next orderer in time."""
    leader = leader_of(three)
    follower = next(one.name for one in three.plan.orderers if one.name != leader)
    with stopped(three, follower):
        for number in range(12):
            department = ("Tax", "Health")[number % 2]
            assert call(three, department, "put", f"hung{number}", "yes") == b"yes"
    await_truth(lambda: len(heights(three)) == 1)


def test_a_hung_orderer_is_named_and_started_again(three: Network) -> None:
    before = pids(three)
    name = "orderer0.tax"
    with stopped(three, name):
        wanted = f"{name} (process {before[name]}) runs but does not answer"
        assert {why for why in problems(three).values() if why} == {wanted}
        steps = [(step.action, step.subject) for step in three.pending()]
        assert steps == [("start again", name), ("join", name)]
        assert reopen(three).up() == ()
    after = pids(three)
    assert [one for one in before if before[one] != after[one]] == [name]
    assert set(problems(three).values()) == {None}


def test_a_hung_contract_host_is_named_and_started_again(three: Network) -> None:
    before = pids(three)
    name = "contracts.tax"
    with stopped(three, name):
        steps = [(step.action, step.subject) for step in three.pending() if step.subject == name]
        assert steps == [("start again", name)]
        assert reopen(three).up() == ()
    after = pids(three)
    assert [one for one in before if before[one] != after[one]] == [name]
    assert set(problems(three).values()) == {None}
    assert call(three, "Tax", "put", "host", "back") == b"back"


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
    """Kill one of four orderers; the others change the view after they have waited for it."""
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


def test_a_peer_that_lost_its_ledger_joins_again(three: Network) -> None:
    call(three, "Tax", "put", "before", "the loss")
    kill(three, "peer0.health")
    await_truth(lambda: problems(three)["peer0.health"] is not None)
    shutil.rmtree(three.plan.root / "nodes" / "peer0.health" / "data")
    network = reopen(three)
    network.up()
    assert not any(one.changed for one in network.deploy())
    await_truth(lambda: len(heights(three)) == 1)
    assert call(three, "Health", "get", "before") == b"the loss"
    health = network.plan.department("Health")
    with Connections(network.plan) as connections:
        (package,) = connections.admin(health).installed(endpoint(health.peers[0]))
    assert package.references == (("bills", "sample", network.plan.contracts["sample"].version),)


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
        shutil.rmtree(data)
        (tmp_path / "backup").rename(data)
        reopen(network).up()
        assert call(network, "Tax", "put", "restored", "yes") == b"yes"
    finally:
        network.down()
