"""A state folder that lost a part which cannot be created again is refused; other parts are created again."""

import shutil
from pathlib import Path

import pytest
from pyfabric_network.network import Network

from pyfabric.errors import NetworkError
from tests.support.network.network import TOPOLOGY, write_topology


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """Provide a network that was up once."""
    folder = tmp_path_factory.mktemp("made")
    network = Network.prepare(write_topology(folder), folder / "state", base_port=0)
    network.up()
    network.down()
    return network


@pytest.fixture
def copied(made: Network, tmp_path: Path) -> Network:
    """Provide a copy of it."""
    shutil.copytree(made.folder, tmp_path / "state")
    return Network.open(tmp_path / "state")


@pytest.mark.parametrize(
    ("lost", "says"),
    [
        ("channels/bills.block", "bills.block is no longer the genesis block of bills"),
        ("organizations/tax/ca/ca.key", r"organizations/tax/ca is missing"),
        ("organizations/tax/ordering/ca/ca.key", r"organizations/tax/ordering/ca is missing"),
        ("organizations/tax/ordering/tlsca", r"organizations/tax/ordering/tlsca is missing"),
        ("organizations/health/tlsca", r"organizations/health/tlsca is missing"),
        (
            "organizations/tax/ordering/orderers/orderer0.tax/tls/server.key",
            "server.key is missing, and the channels name orderer0.tax",
        ),
        (
            "organizations/tax/ordering/orderers/orderer0.tax/msp",
            "the channels name orderer0.tax",
        ),
    ],
)
def test_what_genesis_blocks_name_is_missed(copied: Network, lost: str, says: str) -> None:
    path = copied.plan.root / lost
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(NetworkError, match=rf"{says}.*restore it.*do not delete"):
        copied.up()
    assert not copied.runtime.running()


def test_another_genesis_block_is_refused(copied: Network) -> None:
    block = copied.plan.channels["bills"].block
    block.write_bytes(block.read_bytes() + b"\x00")
    with pytest.raises(NetworkError, match="no longer the genesis block of bills"):
        copied.pending()


def test_notes_that_are_gone_are_missed(copied: Network, tmp_path: Path) -> None:
    (copied.plan.root / "network.json").unlink()
    with pytest.raises(NetworkError, match=r"network\.json is missing: restore it.*do not delete"):
        Network.prepare(write_topology(tmp_path), copied.folder, base_port=0)


def test_keys_of_peers_and_users_are_made_anew(copied: Network) -> None:
    plan = copied.plan
    shutil.rmtree(plan.department("Health").folder / "peers")
    shutil.rmtree(plan.department("Tax").users["clerk"].folder)
    assert {(step.subject, step.detail) for step in copied.pending() if step.action == "make"} == {
        ("keys and certificates", "peer0.health"),
        ("keys and certificates", "clerk@tax"),
    }
    try:
        copied.up()
        assert {node.problem for node in copied.status()} == {None}
        assert copied.pending() == []
    finally:
        copied.down()


def test_what_up_would_do_on_nothing(tmp_path: Path) -> None:
    text = TOPOLOGY.replace("  Health: {}", "  Health: { peers: 2 }")
    network = Network.prepare(write_topology(tmp_path, text), tmp_path / "state", base_port=0)
    steps = network.pending()
    assert not network.plan.root.exists()
    nodes = ["orderer0.tax", "peer0.tax", "peer0.health", "peer1.health"]
    cas = ["ca.tax", "ca.health"]
    assert [step.subject for step in steps if step.action == "start"] == [*nodes, *cas]
    assert [(step.subject, step.detail) for step in steps if step.action == "join"] == [
        (node, "bills") for node in nodes
    ]
    assert [step.detail for step in steps if step.subject == "genesis block"] == ["bills"]
