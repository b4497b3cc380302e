"""A network on the embedded runtime: started new, again, after a kill; and errors."""

import json
import os
import signal
import socket
from operator import not_
from pathlib import Path

import pytest
from pyfabric_network import reading
from pyfabric_network.contexts import Contexts
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.state import locked

from pyfabric.errors import LedgerError, NetworkError, OrdererError, TopologyError
from pyfabric.gateway import Operations, connect
from pyfabric.local.waiting import poll
from tests.support.extent import takes_long
from tests.support.network.network import TOPOLOGY, write_topology


def prepare(folder: Path, text: str = TOPOLOGY) -> Network:
    return Network.prepare(write_topology(folder, text), folder / "state", base_port=ANY_FREE_PORT)


def call(network: Network, department: str, user: str, function: str, *arguments: str) -> bytes:
    profile = load_profile(profile_file(network.plan, network.plan.department(department)))
    with connect(profile.user(user), profile.peers) as gateway:
        contract = gateway.network("bills").contract("sample")
        if function == "put":
            return contract.submit(function, *arguments)
        return contract.evaluate(function, *arguments)


def ledger_pid(network: Network) -> int:
    return int((network.plan.root / "ledger.pid").read_text())


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_every_department_calls_the_contract_and_reads_what_another_wrote(running: Network) -> None:
    assert call(running, "Tax", "clerk", "put", "colour", "blue") == b"blue"
    assert call(running, "Health", "Admin", "get", "colour") == b"blue"


def test_attributes_of_the_topology_reach_the_contract(running: Network) -> None:
    assert call(running, "Tax", "clerk", "role") == b"clerk"
    assert call(running, "Health", "Admin", "role") == b""


def test_status_tells_every_node_and_height(running: Network) -> None:
    status = running.status()
    assert [node.name for node in status] == [
        *("orderer0.tax", "peer0.tax", "peer0.health", "ca.tax", "ca.health"),
        *[running.plan.contracts["sample"].package.label] * 2,
    ]
    assert all(node.problem is None for node in status)
    assert all(node.channels["bills"] >= 3 for node in status[:3])


def test_up_and_deploy_again_change_nothing(running: Network) -> None:
    before = ledger_pid(running)
    heights = [node.channels for node in running.status()]
    again = Network.reopen(running.folder)
    again.up()
    assert [one.changed for one in again.deploy()] == [False]
    assert ledger_pid(running) == before
    assert [node.channels for node in again.status()] == heights


def test_a_context_for_each_department(running: Network) -> None:
    contexts = Contexts(running.folder)
    assert [(name, one.user) for name, one in contexts.all().items()] == [
        ("small/Tax", "clerk"),
        ("small/Health", "Admin"),
    ]
    assert contexts.current() == "small/Tax"


def test_blocks_and_events_are_read_to_where_they_end(running: Network) -> None:
    call(running, "Tax", "clerk", "put", "event", "one")
    call(running, "Tax", "clerk", "put", "event", "two")
    height = running.status()[1].channels["bills"]
    profile = load_profile(profile_file(running.plan, running.plan.department("Tax")))
    with connect(profile.user("clerk"), profile.peers) as gateway:
        channel = gateway.network("bills")
        blocks = list(reading.blocks(channel, height, start=0, checkpoint=None))
        events = list(reading.chaincode_events(channel, "sample", height, start=0, checkpoint=None))
        none = list(reading.chaincode_events(channel, "other", height, start=0, checkpoint=None))
        last = events[-1].transaction_id
        assert reading.block_of(channel, last).number == events[-1].block_number
        assert list(reading.blocks(channel, height, start=height, checkpoint=None)) == []
    assert [block.number for block in blocks] == list(range(height))
    assert {event.name for event in events} == {"put"}
    assert len(events) >= 2
    assert none == []


def test_what_is_deployed_must_be_in_the_topology(running: Network) -> None:
    with pytest.raises(NetworkError, match="no contract named other in small; there are: sample"):
        running.deploy(["other"])


def test_a_kill_leaves_no_orphan_and_up_goes_on_with_the_data(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    try:
        network.deploy()
        call(network, "Tax", "clerk", "put", "kept", "yes")
        pid = ledger_pid(network)
        hosts = children_of(pid)
        assert len(hosts) == 2
        os.kill(pid, signal.SIGKILL)
        left = poll(
            lambda: [host for host in hosts if Path(f"/proc/{host}").exists()],
            until=not_,
            every=0.05,
            timeout=30,
        )
        assert left == []
        assert not network.runtime.running()
        assert {node.problem is None for node in network.status()} == {False}
        Network.reopen(network.folder).up()
        assert call(network, "Health", "Admin", "get", "kept") == b"yes"
    finally:
        assert network.down()
    assert not network.down()


def problems(network: Network) -> list[tuple[str, str]]:
    """Return what `status` reports; on a busy machine, nodes may not answer in its three seconds."""
    return [(one.name, one.problem) for one in network.status() if one.problem]


def test_a_contract_host_that_dies_is_started_again(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    try:
        network.deploy()
        for _ in range(2):
            before = set(children_of(ledger_pid(network)))
            os.kill(before.pop(), signal.SIGKILL)
            hosts = poll(
                lambda: set(children_of(ledger_pid(network))),
                until=lambda found: len(found) == 2 and before < found,  # noqa: B023 - this one's
                every=0.05,
                timeout=30,
            )
            assert len(hosts) == 2
        assert poll(lambda: problems(network), until=not_, every=0.05, timeout=30) == []
        assert call(network, "Tax", "clerk", "put", "a", "b") == b"b"
    finally:
        network.down()


def test_a_new_version_is_served_beside_the_old_one_until_it_is_committed(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    try:
        network.deploy()
        call(network, "Tax", "clerk", "put", "kept", "yes")
        write_topology(tmp_path, TOPOLOGY.replace('"1.0"', '"1.1"'))
        with pytest.raises(NetworkError, match="set sequence to 2 in the topology"):
            Network.reopen(network.folder).deploy()
        write_topology(tmp_path, TOPOLOGY.replace('"1.0"', '"1.1"\n    sequence: 2'))
        upgraded = Network.reopen(network.folder)
        (deployed,) = upgraded.deploy()
        assert (deployed.version.partition("+")[0], deployed.changed) == ("1.1", True)
        state = json.loads((network.plan.root / "network.json").read_text())
        assert [one["label"] for one in state["served"]] == [f"sample_{deployed.version}"]
        assert call(network, "Tax", "clerk", "get", "kept") == b"yes"
    finally:
        network.down()


def change_code(folder: Path) -> None:
    """Change what the contract `sample` returns for a caller without a role."""
    module = folder / "sample.py"
    module.write_text(module.read_text().replace('or ""', 'or "nobody"'), encoding="utf-8")


def served(network: Network) -> dict[str, str]:
    """Return the code that hosts serve, by label."""
    state = json.loads((network.plan.root / "network.json").read_text())
    return {one["label"]: one["code"] for one in state["served"]}


@takes_long
def test_changed_code_of_an_approved_version_is_served_only_for_development(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    try:
        (first,) = network.deploy()
        approved = served(network)
        change_code(tmp_path)
        for attempt in (network, Network.reopen(network.folder)):
            with pytest.raises(NetworkError, match=r"code differs from version 1\.0\+.*--reload"):
                attempt.deploy()
        assert served(network) == approved
        assert call(network, "Health", "Admin", "role") == b""
        (again,) = network.deploy(reload=True)
        assert (again.version, again.changed, again.package_id) == (
            *(first.version, False),
            first.package_id,
        )
        assert served(network) != approved
        assert call(network, "Health", "Admin", "role") == b"nobody"
    finally:
        network.down()


@takes_long
def test_what_runs_is_what_was_approved_also_after_a_restart(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    try:
        network.deploy()
        change_code(tmp_path)
        network.down()
        again = Network.reopen(network.folder)
        again.up()
        assert call(network, "Health", "Admin", "role") == b""
        write_topology(tmp_path, TOPOLOGY.replace('"1.0"', '"1.1"\n    sequence: 2'))
        change_code(tmp_path)
        Network.reopen(network.folder).deploy()
        assert call(network, "Health", "Admin", "role") == b"nobody"
        kept = {path.name for path in (network.root / "contracts").iterdir()}
        assert kept == {*served(network).values()}
    finally:
        network.down()


def test_a_network_is_deployed_from_the_code_that_it_has_kept(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    try:
        (tmp_path / "sample.py").unlink()
        (tmp_path / "small.yaml").unlink()
        for attempt in (Network.open(network.folder), Network.reopen(network.folder)):
            attempt.deploy()
        assert call(network, "Health", "Admin", "role") == b""
    finally:
        network.down()


def test_code_that_was_changed_where_it_is_kept_is_not_served(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    try:
        network.deploy()
        (digest,) = served(network).values()
        network.down()
        change_code(network.root / "contracts" / digest)
        reason = f"sample_1.0+{digest}: the code in "
        for attempt in range(2):
            warnings = Network.open(network.folder).up()
            down = [one for one in warnings if f" of Tax is down: {reason}" in one]
            assert len(down) == 1, attempt
        Network.reopen(network.folder).up()
        assert call(network, "Health", "Admin", "role") == b""
    finally:
        network.down()


def test_deploying_one_contract_leaves_the_others_served(tmp_path: Path) -> None:
    two = TOPOLOGY.replace("[sample]", "[sample, other]")
    two += '  other: { version: "1.0", classes: ["other:Other"] }\n'
    other = "from sample import Sample\nclass Other(Sample): ..."
    (tmp_path / "other.py").write_text(other)
    network = prepare(tmp_path, two)
    network.up()
    try:
        network.deploy()
        before = served(network)
        (tmp_path / "other.py").write_text(f"{other}\n")
        assert [one.changed for one in Network.reopen(network.folder).deploy(["sample"])] == [False]
        assert served(network) == before
    finally:
        network.down()


@takes_long
def test_a_contract_that_is_down_is_loaded_again_once_it_is_repaired(tmp_path: Path) -> None:
    network = prepare(tmp_path, TOPOLOGY.replace("sample:Sample", "repaired:Sample"))
    (tmp_path / "repaired.py").write_text(
        "from sample import Sample\nraise ValueError(Sample.name)"
    )
    network.up()
    try:
        with pytest.raises(
            NetworkError, match=r"sample_1\.0.* of Tax is down: ValueError: sample;"
        ):
            network.deploy()
        (tmp_path / "repaired.py").write_text("from sample import Sample")
        network.deploy()
        assert call(network, "Tax", "clerk", "get", "x") == b""
        text = TOPOLOGY.replace('"1.0"', '"1.1"\n    sequence: 2')
        write_topology(tmp_path, text.replace("sample:Sample", "sample:Missing"))
        upgraded = Network.reopen(network.folder)
        with pytest.raises(NetworkError, match=r"sample_1\.1.* of Tax is down: .* class Missing;"):
            upgraded.deploy()
        assert problems(upgraded) == []
        assert call(network, "Tax", "clerk", "get", "x") == b""
    finally:
        network.down()


def test_a_contract_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    network = prepare(tmp_path, TOPOLOGY.replace("sample:Sample", "sample:Simple"))
    network.up()
    try:
        with pytest.raises(NetworkError, match="Simple"):
            network.deploy()
        write_topology(tmp_path)
        Network.reopen(network.folder).deploy()
        assert call(network, "Tax", "clerk", "get", "x") == b""
    finally:
        network.down()


def test_a_port_in_use_leaves_nothing_behind(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    address = network.plan.peers[1].outside
    with (
        socket.create_server((address.host, address.port)),
        pytest.raises(
            NetworkError, match=f"port {address.port}, wanted for peer0.health, is in use"
        ),
    ):
        network.up()
    assert not network.runtime.running()
    assert [path.name for path in network.plan.root.iterdir()] == ["lock"]


def test_a_channel_that_cannot_be_joined_ends_what_was_started(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    block = network.plan.channels["bills"].block
    block.parent.mkdir(parents=True)
    block.write_bytes(b"no block")
    with pytest.raises(OrdererError):
        network.up()
    assert not network.runtime.running()
    with pytest.raises(NetworkError, match="small is not running"):
        network.deploy()


def test_a_damaged_state_file_is_named(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.plan.root.mkdir(parents=True)
    (network.plan.root / "network.json").write_text("{}")
    with pytest.raises(
        NetworkError, match=r"network\.json is damaged: restore it .* do not delete"
    ):
        Network.open(network.folder, "small")


def test_a_damaged_database_is_told_in_the_ledgers_words(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    network.down()
    files = [path for path in (network.plan.root / "ledger").rglob("*") if path.is_file()]
    database = next(path for path in files if path.read_bytes().startswith(b"SQLite"))
    database.write_bytes(b"not a database at all" * 100)
    with pytest.raises(LedgerError, match=database.name):
        Network.reopen(network.folder).up()
    assert not network.runtime.running()


def test_a_changed_topology_that_the_blocks_cannot_follow(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    network.up()
    network.down()
    file = write_topology(tmp_path, TOPOLOGY.replace("timeout: 20ms", "timeout: 30ms"))
    with pytest.raises(
        TopologyError, match=r"ordering: is part of the conf.*docs/channels"
    ) as caught:
        Network.prepare(file, network.folder)
    assert caught.value.key == "ordering"
    with pytest.raises(NetworkError, match="has its ports from"):
        Network.prepare(write_topology(tmp_path), network.folder, base_port=1024)
    network.down(delete=True)
    assert not network.plan.root.exists()
    assert Contexts(network.folder).all() == {}
    Network.prepare(file, network.folder)


def test_one_command_at_a_time(running: Network) -> None:
    with locked(running.plan.root), pytest.raises(NetworkError, match="another command"):
        running.up()


def test_fabric_has_no_development_tools(tmp_path: Path) -> None:
    network = Network.prepare(
        write_topology(tmp_path), tmp_path / "state", runtime=RuntimeName.NATIVE
    )
    with pytest.raises(NetworkError, match="small runs on Fabric, which cannot do this"):
        network.development()


def test_every_node_and_contract_host_has_an_operations_service(running: Network) -> None:
    found = running.operations()
    nodes = {"orderer0.tax", "peer0.tax", "peer0.health"}
    others = {"contracts.tax", "contracts.health", "ca.tax", "ca.health"}
    assert set(found) == nodes | others
    for endpoint in found.values():
        with Operations(endpoint) as node:
            assert node.health().is_healthy
            assert "# TYPE" in node.metrics()
    reported = {node.name: node.operations for node in running.status() if node.name in nodes}
    assert reported == {name: found[name].address for name in nodes}


def test_opening_what_is_not_there(tmp_path: Path, running: Network) -> None:
    with pytest.raises(NetworkError, match=r"no networks in .*pyfabric network up"):
        Network.open(tmp_path)
    with pytest.raises(NetworkError, match="no network named big"):
        Network.open(running.folder, "big")
