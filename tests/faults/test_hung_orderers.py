"""An orderer that hangs for longer than Fabric's nodes take to give up its connections: `make faults`.

After 80 s the others close them, and each connects again, which stops Raft in a channel for 20 s and more: Fabric
waits for the connection in the loop that also sends heartbeats.
"""

import signal
import time
from pathlib import Path

import pytest
from pyfabric_network.connections import Connections
from pyfabric_network.readiness import leads

from tests.support.faults.clients import CHANNEL
from tests.support.faults.run import Faults, faulty_network
from tests.support.network.programs import needs_fabric

pytestmark = [pytest.mark.fabric, needs_fabric]

SECONDS = 110.0
MOST_FAILED = 0.01


def leader_of(faults: Faults) -> str:
    """Return the orderer that leads the channel."""
    plan = faults.network.plan
    with Connections(plan) as connections:
        (leader,) = (
            one for one in plan.orderers if leads(connections, one, plan.channels[CHANNEL])
        )
    return leader.name


@pytest.mark.parametrize("consensus", ["raft", "bft"])
@pytest.mark.parametrize("role", ["follower", "leader"])
def test_a_hung_orderer_makes_few_submits_fail(tmp_path: Path, consensus: str, role: str) -> None:
    with faulty_network(tmp_path, consensus) as faults:
        leader = leader_of(faults)
        follower = next(name for name in faults.orderers() if name != leader)
        hung = leader if role == "leader" else follower
        with faults.episode(f"{hung} hung"):
            faults.signal(hung, signal.SIGSTOP)
            time.sleep(SECONDS)
            faults.signal(hung, signal.SIGCONT)
        verdict = faults.finish()
    print(verdict)
    assert verdict.faults == []
    assert verdict.failed <= MOST_FAILED
    assert verdict.committed > 0
