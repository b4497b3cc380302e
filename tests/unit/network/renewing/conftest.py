"""A network whose certificates exist, and what there is of it while it runs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyfabric_network.material.genesis import channel_config
from pyfabric_network.material.keys import make_material
from pyfabric_network.renewing.world import World, look
from pyfabric_network.runtimes.embedded import EmbeddedRuntime
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.rules.configuration.channel_config import ChannelConfig

NOW = datetime(2026, 11, 30, tzinfo=UTC)
TOPOLOGY = """\
name: town
departments:
  Tax: { peers: 2, users: { ann: {} }, intermediate_ca: true }
  Health: {}
  Land: {}
ordering:
  nodes: [Tax, Health, Land]
channels:
  bills: { departments: [Tax, Health], contracts: [] }
contracts: {}
"""


@dataclass(frozen=True)
class Town:
    """The network in a folder."""

    plan: Plan

    @classmethod
    def make(cls, folder: Path, topology: str = TOPOLOGY) -> "Town":
        """Make all keys and certificates at NOW."""
        (folder / "town.yaml").write_text(topology, encoding="utf-8")
        plan = make_plan(load_topology(folder / "town.yaml"), folder / "town", base_port=20000)
        make_material(plan, now=NOW)
        return cls(plan)

    def stopped(self) -> World:
        """Return what there is while no node runs."""
        return look(self.plan, EmbeddedRuntime(self.plan.root))

    def running(self) -> World:
        """Return what there is while all nodes run on channels that are as they began."""
        configs = {
            name: ChannelConfig(channel_config(self.plan, channel), channel_id=name)
            for name, channel in self.plan.channels.items()
        }
        world = self.stopped()
        return World(
            plan=self.plan,
            certificates=world.certificates,
            authorities=world.authorities,
            definitions=world.definitions,
            local=world.local,
            configs=configs,
            stopped=frozenset(),
            changed=frozenset(),
            running=True,
        )


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Provide the network."""
    return Town.make(tmp_path)
