"""Nodes that hang: they run and take connections, and do not answer."""

import os
import signal
from pathlib import Path

import pytest
from pyfabric_network import answering
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.pending import Step

from tests.support.network.network import problems, write_topology


def test_a_hung_network_is_named_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "_PATIENT_SECONDS", 1.0)
    network = Network.prepare(write_topology(tmp_path), tmp_path / "state", base_port=ANY_FREE_PORT)
    nodes = [node.name for node in network.plan.own_nodes]
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
