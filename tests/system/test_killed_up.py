"""`up` and `deploy` killed at each step and at later and later calls: the next ones succeed."""

import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.runtimes.process import Background
from pyfabric_network.runtimes.runtime import RuntimeName

from tests.support.extent import takes_long
from tests.support.network.network import call, problems, write_topology
from tests.support.network.processes import is_alive
from tests.support.network.programs import fabric_programs, needs_fabric

STEPS = 8  # of up, and of deploy with one contract

# Brings a network up and deploys; is killed at its {count}th call of a node, or before step {count}.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from pyfabric._grpc.driver import Driver
from pyfabric_network.network import Network
from pyfabric_network.runtimes.runtime import RuntimeName

def at(count):
    left = [count]
    def reached(*_):
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
    return reached

runtime, file, folder, programs, what, count = sys.argv[1:]
reached = at(int(count))
if what == "calls":
    calls = Driver._unary, Driver._rest
    Driver._unary = lambda self, effect: (reached(), calls[0](self, effect))[1]
    Driver._rest = lambda self, effect: (reached(), calls[1](self, effect))[1]
network = Network.prepare(
    Path(file),
    Path(folder),
    base_port=0,
    runtime=RuntimeName(runtime),
    programs=Path(programs) if programs else None,
)
report = reached if what == "steps" else lambda *_: None
network.up(report)
network.deploy(report=report)
"""


@dataclass(frozen=True)
class Trial:
    """A network below `folder` that is brought up by commands that are killed."""

    folder: Path
    runtime: RuntimeName

    def killed(self, what: str, count: int) -> bool:
        """Return whether `up` and `deploy` reached that step or call, at which they are killed."""
        ended = subprocess.run(
            [
                *(sys.executable, "-c", PROGRAM, self.runtime, self.folder / "small.yaml"),
                *(self.folder / "state", str(fabric_programs() or ""), what, str(count)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
        return ended.returncode != 0

    def network(self) -> Network:
        """Return the network as the killed commands left it."""
        return Network.prepare(
            self.folder / "small.yaml",
            self.folder / "state",
            base_port=ANY_FREE_PORT,
            runtime=self.runtime,
            programs=fabric_programs(),
        )


def processes(network: Network) -> list[int]:
    """Return the processes that commands left running."""
    files = [*network.plan.root.glob("nodes/*/pid"), network.plan.root / "ledger.pid"]
    return [pid for file in files if (pid := Background(file).pid()) is not None]


@pytest.fixture(
    params=[
        RuntimeName.EMBEDDED,
        pytest.param(RuntimeName.NATIVE, marks=[pytest.mark.fabric, needs_fabric]),
    ]
)
def trial(request: pytest.FixtureRequest, tmp_path: Path) -> Trial:
    write_topology(tmp_path)
    return Trial(tmp_path, request.param)


@takes_long
@pytest.mark.parametrize("step", range(STEPS))
def test_after_a_kill_at_each_step_up_ends_working(trial: Trial, step: int) -> None:
    assert trial.killed("steps", step)
    network = trial.network()
    try:
        network.up()
        network.deploy()
        assert call(network, "Tax", "put", "works", "yes") == b"yes"
        assert set(problems(network).values()) == {None}
    finally:
        network.down()
    assert processes(network) == []


@takes_long
def test_after_kills_at_ever_later_calls_up_ends_working(trial: Trial) -> None:
    count = kills = 0
    try:
        while trial.killed("calls", count):
            kills += 1
            count += 1 + count // 3
        assert kills > 5
        assert call(trial.network(), "Health", "put", "works", "yes") == b"yes"
    finally:
        trial.network().down()


def test_down_after_a_kill_leaves_nothing(trial: Trial) -> None:
    assert trial.killed("steps", 3)  # before orderers join: all nodes run
    network = trial.network()
    left = processes(network)
    assert left
    assert network.down(delete=True)
    assert not any(map(is_alive, left))
    assert not network.plan.root.exists()


def test_a_kill_at_the_last_step_is_the_last_there_is(trial: Trial) -> None:
    try:
        assert trial.killed("steps", STEPS - 1)
        assert not trial.killed("steps", STEPS)
    finally:
        trial.network().down()
