"""A network that another version of this project made is recognised, and nothing of it is changed."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pyfabric_network.members.membership import Membership
from pyfabric_network.network import Network
from pyfabric_network.state import STATE_VERSION

from pyfabric.errors import NetworkError
from tests.support.network.network import TOPOLOGY, write_topology


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Provide a state folder as the first version left it: peers and orderers are one organisation."""
    file = write_topology(tmp_path)
    root = tmp_path / "state" / "small"
    for name in ("peers/peer0.tax", "orderers/orderer0.tax", "ca", "tlsca", "msp"):
        (root / "organizations" / "tax" / name).mkdir(parents=True)
    (root / "organizations" / "tax" / "ca" / "ca.key").write_text("a key")
    (root / "topology.yaml").write_text(TOPOLOGY)
    (root / "lock").touch()
    state = {
        "topology": str(file),
        "base_port": 17000,
        "runtime": "embedded",
        "served": [],
        "places": {},
        "blocks": {},
    }
    (root / "network.json").write_text(json.dumps(state))
    return root


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "call",
    [
        lambda state: Network.prepare(state.parent / "small.yaml", state),
        lambda state: Network.reopen(state),
        lambda state: Network.open(state).up(),
        lambda state: Network.open(state).pending(),
        lambda state: Network.open(state).status(),
        lambda state: Membership.open(state.parent / "small.yaml", state),
    ],
    ids=["prepare", "reopen", "up", "pending", "status", "membership"],
)
def test_one_of_the_first_version_is_refused_with_the_way_and_not_changed(
    old: Path, call: Callable[[Path], object]
) -> None:
    before = contents(old)
    with pytest.raises(NetworkError, match=r"small was made by an earlier version.*down --delete"):
        call(old.parent)
    assert contents(old) == before


def test_no_bundle_is_made_from_one_of_the_first_version(old: Path) -> None:
    state = json.loads((old / "network.json").read_text())
    state["places"] = {"Tax": {"host": "127.0.0.2", "first_port": 17000, "here": True}}
    (old / "network.json").write_text(json.dumps(state))
    before = contents(old)
    with pytest.raises(NetworkError, match="made by an earlier version"):
        Network.open(old.parent).bundle("Tax", old.parent / "bundle")
    assert contents(old) == before


def test_one_of_the_first_version_can_be_deleted(old: Path) -> None:
    assert not Network.open(old.parent).down(delete=True)
    assert not old.exists()


def test_one_of_a_later_version_is_not_read(old: Path) -> None:
    later = json.dumps({"version": STATE_VERSION + 1, "unknown": True})
    (old / "network.json").write_text(later)
    with pytest.raises(NetworkError, match="made by a later version"):
        Network.open(old.parent)


def test_a_new_network_has_its_version(tmp_path: Path) -> None:
    network = Network.prepare(write_topology(tmp_path), tmp_path / "state", base_port=0)
    network.state.save(network.root)
    assert json.loads((network.root / "network.json").read_text())["version"] == STATE_VERSION
