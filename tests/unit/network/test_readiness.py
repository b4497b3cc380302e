"""Waiting for a network ends on the clock, whatever one check takes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from pyfabric_network.connections import Connections
from pyfabric_network.ports import free_base
from pyfabric_network.readiness import Readiness
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.admin import ChannelInfo
from pyfabric.errors import DiscoveryError, GatewayError, NetworkError, StatusCode

TOPOLOGY = """\
name: small
departments: { Tax: {}, Health: {} }
ordering: { nodes: [Tax] }
channels: { bills: { departments: [Tax, Health] } }
"""
ELECTED = 'consensus_etcdraft_leader_changes{channel="bills"} 1\n'
LEADS = 'consensus_etcdraft_is_leader{channel="bills"} 1\n'
FOLLOWS = 'consensus_etcdraft_is_leader{channel="bills"} 0\n'


class Nodes:
    """All nodes of a network, which take `takes` seconds for each answer; not thread-safe."""

    def __init__(self, takes: float = 0.0) -> None:
        self.now = 1000.0
        self.status = "active"
        self.metrics_text = ELECTED + LEADS
        self.known: list[str] | Exception = []
        self.ordered, self.height, self.fetches = 1, 1, 0
        self._takes = takes

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def orderer(self, _node: Node) -> "Nodes":
        return self

    operations = orderer
    admin = cast("Callable[[object], Nodes]", orderer)

    def channel(self, name: str) -> ChannelInfo:
        self.now += self._takes
        return ChannelInfo(name, "consenter", self.status, self.ordered)

    def chain_info(self, *_: object) -> Any:
        self.now += self._takes
        self.height = min(self.ordered, self.height + self.fetches)
        return type("ChainInfo", (), {"height": self.height})

    def metrics(self) -> str:
        self.now += self._takes
        return self.metrics_text

    def discover_peers(self, *_: object) -> list[Any]:
        self.now += self._takes
        if isinstance(self.known, Exception):
            raise self.known
        return [type("Peer", (), {"address": one, "msp_id": one}) for one in self.known]

    def readiness(self, plan: Plan) -> Readiness:
        connections = cast("Connections", self)
        return Readiness(plan, connections, clock=self.clock, sleep=self.sleep)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    file = tmp_path / "small.yaml"
    file.write_text(TOPOLOGY, encoding="utf-8")
    made = make_plan(load_topology(file), tmp_path, base_port=17000)
    for peer in made.peers:
        peer.member.tls.mkdir(parents=True)
        peer.member.tls_roots.write_bytes(b"")
    return made


@pytest.mark.parametrize("takes", [0.0, 5.0, 30.0])
def test_a_minute_is_a_minute_however_slow_a_check_is(plan: Plan, takes: float) -> None:
    nodes = Nodes(takes)
    nodes.metrics_text = ""
    with pytest.raises(NetworkError, match=r"orderer0\.tax knows no leader of bills .* after 60 s"):
        nodes.readiness(plan).await_ordering(plan.channels["bills"])
    assert 60 <= nodes.now - 1000 <= 60 + takes


def test_what_is_so_already_is_not_waited_for(plan: Plan) -> None:
    nodes = Nodes()
    nodes.known = [str(peer.inside) for peer in plan.peers]
    nodes.readiness(plan).await_channels()
    nodes.known = ["TaxMSP", "HealthMSP"]
    nodes.readiness(plan).await_departments(plan.channels["bills"], plan.department("Tax"))
    assert nodes.now == 1000


def inactive(nodes: Nodes) -> None:
    nodes.status = "onboarding"


def leaderless(nodes: Nodes) -> None:
    nodes.metrics_text = FOLLOWS


def strangers(nodes: Nodes) -> None:
    nodes.known = nodes.known[:1] if isinstance(nodes.known, list) else nodes.known


def silent(nodes: Nodes) -> None:
    nodes.known = DiscoveryError("access denied", address="peer0.tax")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (inactive, "orderer0.tax is onboarding on bills after 60 s"),
        (leaderless, "bills has no leader after 60 s"),
        (strangers, r"peer0\.\w+ does not know peer0.health on bills after 60 s"),
        (silent, r"peer0\.\w+ does not answer about bills: .*access denied after 60 s"),
    ],
)
def test_what_is_still_wrong_is_named(
    plan: Plan, change: Callable[[Nodes], None], problem: str
) -> None:
    nodes = Nodes()
    nodes.known = [str(peer.inside) for peer in plan.peers]
    change(nodes)
    with pytest.raises(NetworkError, match=problem):
        nodes.readiness(plan).await_channels()


def test_an_orderer_that_does_not_answer_leads_nothing(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = Nodes()
    nodes.known = [str(peer.inside) for peer in plan.peers]

    def refused() -> str:
        raise GatewayError("connection refused", code=StatusCode.UNAVAILABLE)

    monkeypatch.setattr(nodes, "metrics", refused)
    nodes.readiness(plan).await_channels()
    assert nodes.now == 1000


def test_a_department_without_peers_in_reach_is_reported(plan: Plan) -> None:
    base = free_base(range(100))
    places = {
        name: Place("127.0.0.1", base + 50 * at, here=name == "Tax")
        for at, name in enumerate(plan.departments)
    }
    apart = make_plan(plan.topology, plan.root, base_port=base, places=places)
    nodes = Nodes()
    nodes.known = []
    found = nodes.readiness(apart).absent()
    assert found == (
        "no peer of Tax takes connections",
        "no peer of Health takes connections",
    )
    assert nodes.readiness(plan).absent() == ()


def test_peers_that_have_all_blocks_or_fetch_them_in_time_are_not_mentioned(plan: Plan) -> None:
    nodes = Nodes()
    assert nodes.readiness(plan).behind() == ()
    nodes.ordered, nodes.fetches = 9, 1
    assert nodes.readiness(plan).behind() == ()


class Busy(Nodes):
    """Nodes of a network that orders a block whenever it is asked, which peers have a moment later."""

    def channel(self, name: str) -> ChannelInfo:
        self.ordered += 1
        return super().channel(name)

    def chain_info(self, *_: object) -> Any:
        self.height = self.ordered - 1
        self.ordered += 1
        return type("ChainInfo", (), {"height": self.height})


def test_peers_of_a_busy_network_are_not_waited_for(plan: Plan) -> None:
    nodes = Busy()
    assert nodes.readiness(plan).behind() == ()
    assert nodes.now <= 1001


def test_a_peer_that_stays_behind_the_orderers_is_named(plan: Plan) -> None:
    nodes = Nodes()
    nodes.ordered, nodes.height = 9, 4
    assert nodes.readiness(plan).behind() == (
        "peer0.tax has 4 of 9 blocks of bills and is fetching the rest",
        "peer0.health has 4 of 9 blocks of bills and is fetching the rest",
    )


class Stranger(Nodes):
    """Nodes with peers whose blocks do not name the MSP of who asks, as Fabric's answer to a proposal of such a one."""

    code = StatusCode.UNKNOWN

    def chain_info(self, *_: object) -> Any:
        raise GatewayError("creator is malformed", code=self.code)


def test_a_peer_whose_blocks_do_not_name_its_department_yet_has_none_of_them(plan: Plan) -> None:
    nodes = Stranger()
    assert nodes.readiness(plan).behind() == (
        "peer0.tax has 0 of 1 blocks of bills and is fetching the rest",
        "peer0.health has 0 of 1 blocks of bills and is fetching the rest",
    )
    nodes.code = StatusCode.UNAVAILABLE
    with pytest.raises(GatewayError):
        nodes.readiness(plan).behind()


def test_heights_are_not_compared_where_no_orderer_runs_here(plan: Plan) -> None:
    places = {"Tax": Place("tax.example", 17000, here=False), "Health": Place("h", 1, here=True)}
    nodes = Nodes()
    nodes.ordered = 9
    elsewhere = make_plan(plan.topology, plan.root, base_port=17000, places=places)
    assert nodes.readiness(elsewhere).behind() == ()
