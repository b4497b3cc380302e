"""One peer, and what it knows of a channel, by command on the development ledger."""

import json

import pytest
from pyfabric_cli.exits import ExitCode
from pyfabric_network.network import Network

from tests.cli.conftest import Run
from tests.support.paths import VECTORS

pytestmark = pytest.mark.usefixtures("state")


def test_what_a_peer_has(run: Run, network: Network) -> None:
    (found,) = run("peer", "channels", "-o", "json").json()
    assert (found["channel"], found["start"]) == ("bills", 0)
    height = run("peer", "height", "-o", "json").json()
    assert height["current_hash"] == found["current_hash"]
    peer = network.plan.department("Tax").peers[0]
    assert height["peer"] == str(peer.outside)


@pytest.mark.parametrize("group", ["peer", "chaincode"])
def test_installed_packages_are_asked_for_in_either_group(
    run: Run, network: Network, group: str
) -> None:
    peer = network.plan.department("Tax").peers[0]
    (package,) = run(group, "installed", "--peer", peer.name, "-o", "json").json()
    label = package["label"]
    assert (package["peer"], package["package_id"].partition(":")[0]) == (peer.name, label)
    assert package["used_by"] == [f"sample {label.removeprefix('sample_')} on bills"]


def test_another_peer_is_asked_only_if_it_is_the_departments(run: Run, network: Network) -> None:
    own, others = (
        str(network.plan.department(name).peers[0].outside) for name in ("Tax", "Health")
    )
    assert run("peer", "height", "--peer", own).code == 0
    ended = run("peer", "height", "--peer", others)
    assert ended.code == ExitCode.INPUT
    assert f"the department has no peer {others}, only {own}" in ended.err


@pytest.mark.parametrize("line", [["request"], ["list"], ["cancel", "9"]])
def test_the_development_ledger_refuses_snapshots_in_a_sentence(run: Run, line: list[str]) -> None:
    ended = run("peer", "snapshot", *line)
    assert ended.code == ExitCode.REFUSED
    assert "this peer makes no snapshots of channels" in ended.err


def test_joining_by_a_snapshot_is_refused_on_the_development_ledger(
    run: Run, network: Network
) -> None:
    folder = VECTORS / "5-channel-history/snapshot"
    name = network.plan.department("Tax").peers[0].name
    ended = run("channel", "join", "bills", name, "--snapshot", str(folder))
    assert ended.code == ExitCode.NETWORK
    assert "is a snapshot of records, not of bills" in ended.err
    ended = run("channel", "join", "bills", "--snapshot", str(folder))
    assert "name the peers" in ended.err
    ended = run("channel", "join", "bills", name, "--snapshot", str(VECTORS))
    assert "is not a snapshot of a channel" in ended.err


def test_discovery_names_peers_endorsers_and_members(run: Run, network: Network) -> None:
    peers = run("discover", "peers", "-o", "json").json()
    assert {one["msp_id"]: one["address"] for one in peers} == {
        f"{name}MSP": str(network.plan.department(name).peers[0].inside)
        for name in ("Tax", "Health")
    }
    local = run("discover", "peers", "--local", "--user", "Admin", "-o", "json").json()
    assert {one["address"] for one in local} == {one["address"] for one in peers}
    found = run("discover", "endorsers", "--chaincode", "sample", "-o", "json").json()
    assert found["chaincode"] == "sample"
    assert {one["msp_id"] for one in found["endorsers"]} == {"TaxMSP", "HealthMSP"}
    assert found["layouts"][0]["layout"]
    members = run("discover", "config", "-o", "json").json()
    assert [one["msp_id"] for one in members] == ["HealthMSP", "TaxMSP", "TaxOrdererMSP"]
    assert [bool(one["orderers"]) for one in members] == [False, False, True]


def test_discovery_refuses_what_no_peers_can_endorse(run: Run) -> None:
    ended = run("discover", "endorsers", "--chaincode", "nothing")
    assert ended.code != 0
    assert "nothing" in ended.err
    ended = run("discover", "endorsers", "--chaincode", ":secret")
    assert (ended.code, "no name before the colon" in ended.err) == (ExitCode.INPUT, True)


def test_the_history_of_a_real_channel_is_told_in_words(run: Run) -> None:
    records = str(VECTORS / "5-channel-history/blocks")
    shown = run("channel", "history", "--from", records).out
    assert "AnchorPeers of Application/Registry added: 127.0.0.1:12101" in shown
    assert "Admin@ord.test (OrdererMSP)" in shown
    changes = json.loads(run("channel", "history", "--from", records, "-o", "json").out)
    assert [one["block_number"] for one in changes] == [0, 1, 2, 3, 142, 147, 148, 149]
    assert [one["sequence"] for one in changes] == list(range(8))
    assert changes[-1]["submitter"]["name"] == "Admin@archive.test"
    assert {"before", "after", "path", "words"} <= changes[-1]["differences"][0].keys()
    assert run("channel", "history", "-o", "json").json()[0]["block_number"] == 0
