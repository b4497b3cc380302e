"""Fabric's programs replaced by another build, by command, node by node, while transactions flow and none is lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyfabric_network.network import Network
from pyfabric_network.runtimes.programs import find_programs

from pyfabric.gateway import Operations
from tests.support.network.programs import (
    fabric_programs,
    next_programs,
    skip_without_fabric,
    write_program,
)
from tests.support.network.site import Site, started_site, writing

pytestmark = pytest.mark.fabric

TOPOLOGY = """\
name: small
departments:
  Tax: { peers: 2 }
  Health: { peers: 2 }
  Land: {}
ordering:
  nodes: [Tax, Health, Land]
  batch: { timeout: 50ms }
channels:
  bills:
    departments: [Tax, Health]
    contracts: [sample]
contracts:
  sample:
    version: "1.0"
    classes: ["sample:Sample"]
"""
ORDERERS = {"orderer0.tax", "orderer0.health", "orderer0.land"}
PEERS = {"peer0.tax", "peer1.tax", "peer0.health", "peer1.health", "peer0.land"}

PASSING = ("no Raft leader", "no peer combination can satisfy the endorsement policy")
"""What calls meet while Raft elects a leader, and while a peer that has just started learns of the others."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Provide a running network of three departments."""
    skip_without_fabric()
    with started_site(tmp_path_factory.mktemp("upgrade"), "native", TOPOLOGY) as site:
        yield site


def versions(site: Site) -> dict[str, str]:
    """Return the version that each node answers."""
    network = Network.open(site.folder / "state", programs=fabric_programs())
    nodes = {one.name for one in network.plan.own_nodes}
    found = {}
    for name, endpoint in network.operations().items():
        if name in nodes:
            with Operations(endpoint) as operations:
                found[name] = operations.version()
    return found


def named(folder: Path | None) -> str:
    """Return the version of the programs in a folder."""
    return find_programs(folder, "3.1").versions[0]


def test_what_is_no_release_is_refused_and_nothing_is_changed(site: Site, tmp_path: Path) -> None:
    before = site.rows("network", "status")

    def refused(*options: str) -> str:
        return site.run("network", "upgrade", *options, "--yes", expect=4)

    assert "program peer is not in" in refused("--programs", str(tmp_path))
    for peer, orderer, why in (
        ("exit 3", "exit 3", "peer does not run"),
        ("echo ' Version: 3.1.9'", "echo ' Version: 3.1.8'", "peer is 3.1.9, and"),
        ("echo ' Version: 2.5.15'", "echo ' Version: 2.5.15'", "needs 3.1 or later"),
    ):
        write_program(tmp_path / "peer", peer)
        write_program(tmp_path / "orderer", orderer)
        assert why in refused("--programs", str(tmp_path))
    assert "name it with --programs" in refused("--version", "3.1.5")
    assert site.rows("network", "status") == before
    assert site.rows("network", "up", "--dry-run") == []


def test_another_build_takes_the_place_of_the_first_while_transactions_flow(site: Site) -> None:
    folder, config = next_programs(), site.config("bills")
    old, new = named(fabric_programs()), named(folder)
    assert old != new
    steps = site.rows("network", "upgrade", "--programs", str(folder), "--dry-run")
    assert {(one["action"], one["runs"], one["will_run"]) for one in steps} == {
        ("upgrade", old, new)
    }
    order = [one["node"] for one in steps]
    assert (set(order[:3]), set(order[3:])) == (ORDERERS, PEERS)
    assert [one["node"] for one in steps if one["away"]] == ["peer0.land"]
    assert set(versions(site).values()) == {old}
    with writing(site) as traffic:
        site.run("network", "upgrade", "--programs", str(folder), "--yes")
    assert [one for one in traffic.outages if not any(text in one for text in PASSING)] == []
    assert versions(site) == dict.fromkeys(ORDERERS | PEERS, new)
    assert site.config("bills") == config
    assert {one["action"] for one in again(site, folder)} == {"keep"}
    assert len({site.channels(name)["bills"] for name in PEERS - {"peer0.land"}}) == 1


def test_a_network_keeps_its_release_whatever_folder_is_named_later(site: Site) -> None:
    folder = next_programs()
    new = named(folder)
    assert site.rows("network", "up", "--dry-run") == []
    site.run("network", "restart", "peer1.tax")
    site.run("network", "stop", "orderer0.land")
    assert "are not used" in site.ended("network", "up").err
    assert set(versions(site).values()) == {new}
    site.run("network", "down")
    site.run("network", "up")
    assert set(versions(site).values()) == {new}
    site.submit("bills", "Tax", "after-up", "1")


def test_it_ends_at_the_first_node_that_does_not_work_and_there_is_a_way_back(
    site: Site, tmp_path: Path
) -> None:
    folder = next_programs()
    new = named(folder)
    (tmp_path / "orderer").symlink_to(folder / "orderer")
    says = f"test \"$1\" = version && {{ echo ' Version: {new}'; exit; }}\n"
    write_program(tmp_path / "peer", says + "echo 'unexpected format of the ledger' >&2; exit 1")
    with writing(site, department="Health") as traffic:
        failed = site.run("network", "upgrade", "--programs", str(tmp_path), "--yes", expect=4)
    assert [one for one in traffic.outages if not any(text in one for text in PASSING)] == []
    assert f"the upgrade to {new} ends at peer0.tax: peer0.tax terminated at once" in failed
    assert "unexpected format of the ledger" in failed
    assert f"go back: `pyfabric network upgrade --programs {folder}`" in failed
    status = json.loads(site.ended("network", "status", "-o", "json").out)
    states = {one["node"]: one["state"] for one in status}
    assert {name for name, state in states.items() if state != "up"} == {"peer0.tax"}
    assert "`pyfabric network upgrade" in site.ended("network", "status").err

    steps = site.rows("network", "upgrade", "--programs", str(folder), "--dry-run")
    assert [(one["action"], one["node"]) for one in steps[:1]] == [("start", "peer0.tax")]
    assert {one["node"] for one in steps if one["action"] == "upgrade"} == ORDERERS
    assert {one["node"] for one in steps if one["action"] == "keep"} == PEERS - {"peer0.tax"}
    with writing(site) as traffic:
        site.run("network", "upgrade", "--programs", str(folder), "--yes")
    assert [one for one in traffic.outages if not any(text in one for text in PASSING)] == []
    assert {one["action"] for one in again(site, folder)} == {"keep"}
    assert site.rows("network", "up", "--dry-run") == []
    assert "interrupted" not in site.ended("network", "status").err


def again(site: Site, folder: Path) -> list[dict[str, str]]:
    """Return the steps of an upgrade to the same programs."""
    steps: list[dict[str, str]] = site.rows(
        "network", "upgrade", "--programs", str(folder), "--dry-run"
    )
    return steps
