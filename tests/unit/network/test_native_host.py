"""A contract host that outlives the command that started it: reconfigured, dead, wrong, interrupted."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.material.keys import make_material
from pyfabric_network.ports import free_base
from pyfabric_network.runtimes.contract_hosts import host_services
from pyfabric_network.runtimes.native_host import NativeHost
from pyfabric_network.topology.contracts import ServedPackage
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import NetworkError
from pyfabric.local.sockets import listens
from tests.support.network.network import write_topology


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    topology = load_topology(write_topology(tmp_path))
    plan = make_plan(topology, tmp_path / "root", base_port=free_base(range(100)))
    make_material(plan, now=datetime.now(UTC))
    return plan


@pytest.fixture
def host(tmp_path: Path) -> Iterator[NativeHost]:
    made = NativeHost(tmp_path / "host", tmp_path)
    yield made
    made.process.stop(timeout=20)


def services(plan: Plan, *, classes: str = "sample:Sample", slots: int = 1) -> dict[str, Any]:
    served = [
        ServedPackage("sample", f"s{n}", f"s{n}:{'0' * 64}", (classes,), n) for n in range(slots)
    ]
    return host_services(plan.department("Tax"), served)


def test_it_serves_what_it_was_told_last(host: NativeHost, plan: Plan) -> None:
    tax = plan.department("Tax")
    host.serve(services(plan, slots=2))
    pid = host.process.pid()
    assert listens(tax.contract_address(0))
    assert listens(tax.contract_address(1))
    host.serve(services(plan))
    assert host.process.pid() == pid
    assert listens(tax.contract_address(0))
    assert not listens(tax.contract_address(1))


def test_one_that_hangs_is_named_with_what_starts_it_again(
    host: NativeHost, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.serve(services(plan))
    monkeypatch.setattr("pyfabric_network.runtimes.reloading.ANSWER_SECONDS", 0.5)
    hung = host.process.pid()
    assert hung is not None
    os.kill(hung, signal.SIGSTOP)
    with pytest.raises(NetworkError, match=r"no answer in 0 s: .*`pyfabric network up` starts it"):
        host.serve(services(plan))
    os.kill(hung, signal.SIGCONT)


def test_one_that_died_is_started_again(host: NativeHost, plan: Plan) -> None:
    host.serve(services(plan))
    pid = host.process.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    host.serve(services(plan))
    assert host.process.pid() not in (None, pid)
    assert listens(plan.department("Tax").contract_address(0))


def test_what_it_cannot_serve_is_down_and_the_rest_goes_on(host: NativeHost, plan: Plan) -> None:
    good, wrong = services(plan, slots=2), services(plan, classes="sample:Missing", slots=2)
    host.serve(good | {"services": [good["services"][0], wrong["services"][1]]})
    assert listens(plan.department("Tax").contract_address(0))
    assert not listens(plan.department("Tax").contract_address(1))
    host.serve(good)
    assert listens(plan.department("Tax").contract_address(1))


def test_what_is_beside_the_contracts_never_runs_in_the_host(tmp_path: Path, plan: Plan) -> None:
    for name in ("json", "h2", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('a contract runs in the host')")
    host = NativeHost(tmp_path / "host", tmp_path)
    try:
        host.serve(services(plan))
        assert listens(plan.department("Tax").contract_address(0))
    finally:
        host.process.stop(timeout=20)


def test_one_that_cannot_start_is_told_with_its_last_words(
    tmp_path: Path, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = (sys.executable, "-c", "raise RuntimeError('broken installation')")
    monkeypatch.setattr("pyfabric_network.runtimes.native_host.HOST_COMMAND", command)
    broken = NativeHost(tmp_path / "broken", tmp_path)
    with pytest.raises(NetworkError, match=r"broken terminated at once: .*broken installation"):
        broken.serve(services(plan))


def test_the_answer_to_an_interrupted_command_is_not_taken_for_ours(
    host: NativeHost, plan: Plan
) -> None:
    host.serve(services(plan))
    host.services.write_text(json.dumps(services(plan, slots=3)))
    host.process.signal(signal.SIGHUP)
    host.serve(services(plan, slots=2))
    assert listens(plan.department("Tax").contract_address(1))
    assert not listens(plan.department("Tax").contract_address(2))
