"""The native runtime with programs that are not Fabric's: what it reports, and what it leaves running."""

import json
import socket
from pathlib import Path

import pytest
import yaml
from pyfabric_network.network import Network
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.errors import NetworkError
from tests.support.network.network import write_topology
from tests.support.network.programs import write_program

VERSION = "test \"$1\" = version && { printf ' Version: v3.1.5\\n'; exit; }\n"


def prepare(
    folder: Path, *, peer: str = "exec sleep 60", orderer: str = "exec sleep 60"
) -> Network:
    """Return a network on these scripts, which are asked for their version first."""
    for name, script in (("peer", peer), ("orderer", orderer)):
        write_program(folder / name, VERSION + script)
    return Network.prepare(
        write_topology(folder),
        folder / "state",
        base_port=0,
        runtime=RuntimeName.NATIVE,
        programs=folder,
    )


def test_a_node_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    network = prepare(tmp_path, peer="echo 'one' >&2; echo 'bad port' >&2; exit 1")
    with pytest.raises(NetworkError, match=r"peer0\.\w+ terminated at once: bad port \(.*/log\)"):
        network.up()
    assert not network.runtime.running()
    assert "peer0.tax | bad port" in list(network.logs())


def test_nothing_of_our_environment_reaches_a_node(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CORE_PEER_ID", "ORDERER_ADMIN", "FABRIC_LOGGING_SPEC", "SECRET", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "stray")
    network = prepare(tmp_path, peer="env >&2; exit 1")
    with pytest.raises(NetworkError):
        network.up()
    log = (network.plan.root / "nodes" / "peer0.tax" / "log").read_text()
    assert "stray" not in log
    assert f"FABRIC_CFG_PATH={network.plan.root / 'nodes' / 'peer0.tax'}" in log
    (line,) = (one for one in log.splitlines() if one.startswith("CHAINCODE_AS_A_SERVICE"))
    values = json.loads(line.partition("=")[2])
    assert values["address_0"] == str(network.plan.department("Tax").contract_address(0))


def test_a_port_in_use_is_told_before_anything_is_made(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    with socket.socket() as other:
        taken = network.plan.peers[1].operations
        other.bind((taken.host, taken.port))
        other.listen()
        with pytest.raises(NetworkError, match=rf"port {taken.port}, wanted for peer0.health \(op"):
            network.up()
    assert not (network.plan.root / "organizations").exists()


def test_programs_that_are_missing_change_nothing(tmp_path: Path) -> None:
    network = prepare(tmp_path)
    (tmp_path / "orderer").unlink()
    for attempt in (network.up, network.pending):
        with pytest.raises(NetworkError, match=f"orderer is not in {tmp_path}"):
            attempt()
    assert not (network.plan.root / "organizations").exists()


def test_the_runtime_of_a_network_stays(tmp_path: Path) -> None:
    network = prepare(tmp_path, peer="exit 1")
    with pytest.raises(NetworkError):
        network.up()
    with pytest.raises(NetworkError, match=r"small was made for the native runtime.*another name"):
        Network.prepare(tmp_path / "small.yaml", network.folder, runtime=RuntimeName.EMBEDDED)
    assert Network.open(network.folder).state.runtime is RuntimeName.NATIVE


def test_configuration_holds_paths_and_no_keys(tmp_path: Path) -> None:
    network = prepare(tmp_path, peer="exit 1")
    with pytest.raises(NetworkError):
        network.up()
    folder = network.plan.root / "nodes"
    core = yaml.safe_load((folder / "peer0.health" / "core.yaml").read_text())
    peer = network.plan.department("Health").peers[0]
    assert core["peer"]["listenAddress"] == str(peer.outside)
    assert core["peer"]["tls"]["enabled"] is True
    assert core["operations"]["tls"]["enabled"] is True
    orderer = yaml.safe_load((folder / "orderer0.tax" / "orderer.yaml").read_text())
    assert orderer["Admin"]["TLS"]["ClientAuthRequired"] is True
    for file in folder.rglob("*"):
        if file.is_file():
            assert b"PRIVATE KEY" not in file.read_bytes()
