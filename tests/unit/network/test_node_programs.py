"""Which programs the nodes of a native network run: what is remembered, and how they come to run others."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pyfabric_network.network import Network
from pyfabric_network.runtimes.node_programs import NodePrograms
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.nodes import Node

from pyfabric.errors import NetworkError
from tests.support.network.network import write_topology
from tests.support.network.programs import write_program


def build(folder: Path, version: str) -> Path:
    """Write programs that name a version, and do nothing else."""
    folder.mkdir()
    for name in ("peer", "orderer"):
        write_program(
            folder / name,
            f"test \"$1\" = version && {{ echo ' Version: {version}'; exit; }}; exit 1",
        )
    return folder


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Provide a network that was tried once with programs of 3.1.5."""
    made = opened(tmp_path, build(tmp_path / "old", "3.1.5"))
    with pytest.raises(NetworkError, match="terminated at once"):
        made.up()
    return made


def opened(folder: Path, programs: Path | None) -> Network:
    """Return the network, opened with these programs."""
    return Network.prepare(
        write_topology(folder),
        folder / "state",
        base_port=0,
        runtime=RuntimeName.NATIVE,
        programs=programs,
    )


def test_a_network_keeps_the_programs_that_it_was_brought_up_with(
    network: Network, tmp_path: Path
) -> None:
    other = build(tmp_path / "new", "3.1.6")
    again = opened(tmp_path, other)
    (warning,) = again.runtime.check(again.plan)
    assert warning.startswith(f"peer and orderer in {other} are not used")
    assert str(tmp_path / "old") in warning
    nodes = NodePrograms(again.root, other, "3.1")
    assert {nodes.of(one).parent for one in again.plan.own_nodes} == {tmp_path / "old"}
    assert network.runtime.check(network.plan) == ()


def test_nodes_take_the_chosen_programs_one_by_one(network: Network, tmp_path: Path) -> None:
    new = build(tmp_path / "new", "3.1.6")
    plan, nodes = network.plan, NodePrograms(network.root, None, "3.1")
    release = nodes.find(plan, programs=new, version=None)
    assert (release.version, release.value) == ("3.1.6", str(new))
    former = nodes.former(plan, release)
    assert former is not None
    assert former.command == f"network upgrade --programs {tmp_path / 'old'}"
    everybody = {one.name for one in plan.own_nodes}
    assert nodes.others(plan, release) == everybody
    nodes.choose(plan, release)
    assert nodes.former(plan, release) is None
    first = plan.own_orderers[0]
    nodes.take(first)
    again = NodePrograms(network.root, None, "3.1")  # after an interruption
    assert again.others(plan, release) == everybody - {first.name}
    assert again.of(first) == new / "orderer"
    assert again.of(plan.own_peers[0]) == tmp_path / "old" / "peer"
    assert again.of(added(plan.own_peers[0])) == new / "peer"


def added(peer: Node) -> Node:
    """Return a peer that the network did not have."""
    return replace(peer, member=replace(peer.member, name="peer7.tax"))


def test_while_it_is_down_a_network_only_remembers_a_release(
    network: Network, tmp_path: Path
) -> None:
    new = build(tmp_path / "new", "3.1.6")
    way = network.upgrading(programs=new)
    assert {(one.action, one.runs, one.will_run) for one in way.steps} == {("choose", "", "3.1.6")}
    network.upgrade(way)
    kept = json.loads((network.root / "programs.json").read_text())
    assert kept == {"peer": str(new / "peer"), "orderer": str(new / "orderer"), "nodes": {}}
    assert network.interrupted() == ()


def test_programs_that_are_gone_are_named_with_what_to_do(network: Network, tmp_path: Path) -> None:
    (tmp_path / "old" / "peer").unlink()
    with pytest.raises(NetworkError, match=r"old/peer, which peer0\.tax runs, is not there"):
        network.up()
    network.upgrade(network.upgrading(programs=build(tmp_path / "new", "3.1.6")))
    (warning,) = network.runtime.check(network.plan)
    assert f"keeps its release, from {tmp_path / 'new'}" in warning


@pytest.mark.parametrize("content", ["", "{}", '{"peer": 1, "orderer": 2}'])
def test_a_damaged_file_is_named(network: Network, content: str) -> None:
    (network.root / "programs.json").write_text(content)
    with pytest.raises(NetworkError, match=r"programs\.json is damaged"):
        network.runtime.check(network.plan)


def test_what_is_no_release_is_refused(network: Network, tmp_path: Path) -> None:
    new = build(tmp_path / "new", "3.1.6")
    with pytest.raises(NetworkError, match="name it with --programs"):
        network.upgrading(version="3.1.6")
    write_program(new / "orderer", "echo ' Version: 3.1.7'")
    with pytest.raises(NetworkError, match=r"peer is 3\.1\.6, and .*orderer is 3\.1\.7"):
        network.upgrading(programs=new)
    for command, why in (("echo ' Version: 2.5.15'", "needs 3.1"), ("exit 3", "does not run")):
        for name in ("peer", "orderer"):
            write_program(new / name, command)
        with pytest.raises(NetworkError, match=why):
            network.upgrading(programs=new)
