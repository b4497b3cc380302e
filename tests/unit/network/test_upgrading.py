"""The steps to another release, what is refused, and how an upgrade ends at the first node that does not work."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pytest
from pyfabric_network.material.genesis import channel_config
from pyfabric_network.material.keys import make_material
from pyfabric_network.network import Network
from pyfabric_network.restarting import Restarting
from pyfabric_network.runtimes.embedded import EmbeddedRuntime
from pyfabric_network.runtimes.release import Release
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.upgrading.steps import Facts, refusals, steps
from pyfabric_network.upgrading.upgrade import Upgrade, look

from pyfabric.errors import NetworkError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from tests.support.network.network import call, problems, running_network

TOPOLOGY = """\
name: town
departments:
  Tax: { peers: 2 }
  Health: {}
  Land: {}
ordering:
  nodes: [Tax, Health, Land]
channels:
  bills: { departments: [Tax, Health], contracts: [] }
contracts: {}
"""
NEXT = Release("3.1.6", "--programs", "/opt/fabric-3.1.6")


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Provide a network whose certificates exist."""
    folder = tmp_path_factory.mktemp("town")
    (folder / "town.yaml").write_text(TOPOLOGY, encoding="utf-8")
    made = make_plan(load_topology(folder / "town.yaml"), folder / "town", base_port=20000)
    make_material(made, now=datetime(2026, 11, 30, tzinfo=UTC))
    return made


@pytest.fixture(scope="module")
def facts(plan: Plan) -> Facts:
    """Provide a network in which every node runs 3.1.5, and the orderer of Health leads."""
    configs = {
        name: ChannelConfig(channel_config(plan, channel), channel_id=name)
        for name, channel in plan.channels.items()
    }
    return Facts(
        versions={one.name: "3.1.5" for one in plan.own_nodes},
        others=frozenset(),
        leading=frozenset({"orderer0.health"}),
        configs=configs,
        running=True,
    )


def test_orderers_come_first_and_those_that_lead_last_among_them(plan: Plan, facts: Facts) -> None:
    found = steps(plan, facts, NEXT)
    assert [one.node for one in found] == [
        "orderer0.tax",
        "orderer0.land",
        "orderer0.health",
        "peer0.tax",
        "peer1.tax",
        "peer0.health",
        "peer0.land",
    ]
    assert {(one.action, one.runs, one.will_run) for one in found} == {
        ("upgrade", "3.1.5", "3.1.6")
    }
    assert {one.node: one.away for one in found if one.away} == {
        f"peer0.{name.lower()}": f"{name} has no other peer: its programs wait, and nothing gets its endorsement"
        for name in ("Health", "Land")
    }


def test_what_does_not_answer_comes_before_all_and_what_has_the_release_stays(
    plan: Plan, facts: Facts
) -> None:
    versions = {**facts.versions, "orderer0.tax": "3.1.6", "peer1.tax": "3.1.6", "peer0.land": None}
    found = steps(plan, replace(facts, versions=versions, others=frozenset({"peer1.tax"})), NEXT)
    assert [(one.action, one.node) for one in found] == [
        ("start", "peer0.land"),
        ("upgrade", "orderer0.land"),
        ("upgrade", "orderer0.health"),
        ("upgrade", "peer0.tax"),
        ("upgrade", "peer1.tax"),  # of another folder, though of the same version
        ("upgrade", "peer0.health"),
        ("keep", "orderer0.tax"),
    ]


def test_an_outage_of_a_channel_is_named_before(plan: Plan, facts: Facts) -> None:
    two = ChannelConfig(channel_config(plan, plan.channels["bills"]), channel_id="bills")
    two.consenters = two.consenters[:2]
    found = steps(plan, replace(facts, configs={"bills": two}), NEXT)
    assert found[0].away == "bills has 2 consenters: nothing is ordered"


def test_a_release_that_does_not_know_a_capability_is_refused(plan: Plan, facts: Facts) -> None:
    earlier = replace(NEXT, version="2.5.15")
    (why,) = refusals(plan, facts, earlier)
    assert why.startswith("2.5.15 does not know the capability V3_0 of bills")
    assert list(refusals(plan, facts, NEXT)) == []
    assert list(refusals(plan, facts, replace(NEXT, version="latest"))) == []


@dataclass
class Builds:
    """Releases that nodes of the development ledger pretend to have: `taken` is who has the chosen one."""

    taken: list[str] = field(default_factory=list)
    chosen: str = "/opt/fabric-3.1.5"
    breaking: str = ""

    def find(self, plan: Plan, *, programs: Path | None, version: str | None) -> Release:
        """Return the one there is."""
        return NEXT

    def former(self, plan: Plan, release: Release) -> Release | None:
        """Return what was chosen."""
        return replace(release, value=self.chosen) if self.chosen != release.value else None

    def others(self, plan: Plan, release: Release) -> Collection[str]:
        """Return the nodes that have not taken it."""
        return [one.name for one in plan.own_nodes if one.name not in self.taken]

    def choose(self, plan: Plan, release: Release) -> None:
        """Remember it."""
        self.chosen = release.value

    def take(self, node: Node) -> None:
        """Give it to a node; to one in a form that cannot start."""
        self.taken.append(node.name)
        if node.name == self.breaking:
            node.member.tls_key.write_text("no key")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    """Provide a running network that may be broken."""
    with running_network(tmp_path) as network:
        yield network


def upgrade(network: Network, builds: Builds) -> Upgrade:
    """Return the way of a network to a build with the version that its nodes answer."""
    release, plan = replace(NEXT, version=version("pyfabric-ledger")), network.plan
    return Upgrade(
        Restarting(plan=plan, runtime=network.runtime, sleep=lambda _: None),
        builds,
        release,
        look(plan, network.runtime, builds, release),
    )


def test_each_node_is_started_again_with_the_release(network: Network) -> None:
    builds, reported = Builds(), list[str]()
    upgrade(network, builds).run(lambda step, *_: reported.append(step))
    assert builds.taken == ["orderer0.tax", "peer0.tax", "peer0.health"]
    assert reported == [f"upgrade {name}" for name in builds.taken]
    assert builds.chosen == NEXT.value
    assert set(problems(network).values()) == {None}
    call(network, "Tax", "put", "a", "1")
    assert upgrade(network, builds).changes == ()


def test_it_ends_at_a_node_that_does_not_start(network: Network) -> None:
    builds = Builds(breaking="peer0.tax")
    with pytest.raises(NetworkError) as failed:
        upgrade(network, builds).run(lambda *_: None)
    assert builds.taken == ["orderer0.tax", "peer0.tax"]
    assert "ends at peer0.tax: " in str(failed.value)
    assert "the nodes after it are as they were" in str(failed.value)
    assert "go back: `pyfabric network upgrade --programs /opt/fabric-3.1.5`" in str(failed.value)


def test_an_orderer_is_not_stopped_while_too_few_others_run(plan: Plan, facts: Facts) -> None:
    nowhere = Restarting(plan=plan, runtime=EmbeddedRuntime(plan.root))
    with pytest.raises(NetworkError, match=r"orderer0.tax is not touched: 2 other orderers of bil"):
        Upgrade(nowhere, Builds(), NEXT, facts).check()


def test_the_development_ledger_has_no_release(running: Network) -> None:
    with pytest.raises(NetworkError, match="which is a part of pyfabric"):
        running.upgrading(programs=Path("/opt/fabric-3.1.6"))
