"""Nodes that hang: they run and take connections, and do not answer."""

import os
import signal
from pathlib import Path

import pytest
from pyfabric_network import answering
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.pending import Step

from tests.support.extent import takes_long
from tests.support.network.network import call, problems, running_network, write_topology
from tests.support.network.processes import is_alive


@takes_long
def test_a_hung_network_is_named_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_PATIENT_SECONDS", 1.0)
    network = Network.prepare(write_topology(tmp_path), tmp_path / "state", base_port=ANY_FREE_PORT)
    nodes = [one.name for one in network.plan.own_servers]
    network.up()
    try:
        process = int((network.root / "ledger.pid").read_text())
        os.kill(process, signal.SIGSTOP)
        hung = {name: f"{name} (process {process}) runs but does not answer" for name in nodes}
        assert problems(network) == hung
        again = [Step("start again", name, "runs but does not answer") for name in nodes]
        assert [step for step in network.pending() if step.action.startswith("start")] == again
        network.up()
        assert set(problems(network).values()) == {None}
        assert int((network.root / "ledger.pid").read_text()) != process
    finally:
        network.down()
    assert problems(network) == {name: f"{name} does not run" for name in nodes}


def hosts_of(ledger: int) -> list[int]:
    """Return the contract hosts below a development ledger."""
    children = Path(f"/proc/{ledger}/task/{ledger}/children").read_text().split()
    return [
        int(one)
        for one in children
        if b"chaincode.host" in Path(f"/proc/{one}/cmdline").read_bytes()
    ]


@takes_long
def test_a_hung_contract_host_is_named_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start all again for one host that hangs, while the processes of its contracts run on."""
    monkeypatch.setattr(answering, "_PATIENT_SECONDS", 1.0)
    with running_network(tmp_path) as network:
        call(network, "Tax", "put", "colour", "blue")
        process = int((network.root / "ledger.pid").read_text())
        hung = hosts_of(process)
        os.kill(hung[0], signal.SIGSTOP)
        steps = [
            (step.action, step.detail) for step in network.pending() if "contracts" in step.subject
        ]
        assert steps == [("start again", "runs but does not answer")]
        assert network.up() == ()
        assert set(problems(network).values()) == {None}
        assert call(network, "Tax", "get", "colour") == b"blue"
        assert not any(map(is_alive, hung))
