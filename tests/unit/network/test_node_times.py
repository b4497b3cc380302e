"""How long nodes wait for each other: the same settings in files and in environments."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pyfabric_network.runtimes.compose import project_files
from pyfabric_network.runtimes.node_config import orderer_config, peer_config
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.values import seconds

from pyfabric.client.timeouts import Timeouts
from pyfabric.messages.durations import SECOND, parse_duration

TOPOLOGY = """\
name: small
departments: { Tax: {} }
ordering: { nodes: [Tax] }
channels: { bills: { departments: [Tax] } }
"""
TIMES = """\
times:
  broadcast_timeout: 1500ms
  cluster_dial_timeout: 300 ms
  keepalive_interval: 90s
  keepalive_timeout: 7s
  reconnect_backoff: 8s
  alive_interval: 2s
  publish_interval: 3s
  request_interval: 6s
"""
WANTED = {
    "peer.gateway.broadcastTimeout": "1.5s",
    "peer.gateway.dialTimeout": "1.5s",
    "peer.keepalive.deliveryClient.interval": "1m30s",
    "peer.keepalive.deliveryClient.timeout": "7s",
    "peer.deliveryclient.reConnectBackoffThreshold": "8s",
    "peer.gossip.aliveTimeInterval": "2s",
    "peer.gossip.aliveExpirationTimeout": "10s",
    "peer.gossip.publishStateInfoInterval": "3s",
    "peer.gossip.requestStateInfoInterval": "6s",
    "General.Keepalive.ServerMinInterval": "45s",
    "General.Cluster.DialTimeout": "300ms",
}


def plan_of(folder: Path, text: str, *, containers: bool = False) -> Plan:
    file = folder / "small.yaml"
    file.write_text(text, encoding="utf-8")
    return make_plan(load_topology(file), folder / "state", base_port=15000, containers=containers)


def configs(plan: Plan) -> dict[str, Any]:
    """Return core.yaml and orderer.yaml, whose keys are distinct."""
    folder = plan.root
    peer = peer_config(plan, plan.peers[0], data=folder, builder=folder)
    return {**peer, **orderer_config(plan, plan.orderers[0], data=folder)}


def value(config: Any, key: str) -> object:
    for part in key.split("."):
        config = config[part]
    return config


@pytest.mark.parametrize("key", WANTED)
def test_a_time_reaches_the_setting_of_each_program(tmp_path: Path, key: str) -> None:
    assert value(configs(plan_of(tmp_path, TOPOLOGY + TIMES)), key) == WANTED[key]


@pytest.mark.parametrize("key", WANTED)
def test_containers_have_the_same_times(tmp_path: Path, key: str) -> None:
    plan = plan_of(tmp_path, TOPOLOGY + TIMES, containers=True)
    services = yaml.safe_load(project_files(plan)["compose.yaml"])["services"]
    environment = {
        **services["peer0.tax"]["environment"],
        **services["orderer0.tax"]["environment"],
    }
    program = "CORE" if key.startswith("peer") else "ORDERER"
    assert environment[f"{program}_{key.replace('.', '_').upper()}"] == WANTED[key]


def test_by_default_a_submit_outlasts_one_hung_orderer(tmp_path: Path) -> None:
    config = configs(plan_of(tmp_path, TOPOLOGY))
    gateway = config["peer"]["gateway"]
    for name in ("broadcastTimeout", "dialTimeout"):
        assert 2 * parse_duration(gateway[name]) < Timeouts().submit * SECOND


def test_orderers_bear_the_pings_of_their_peers(tmp_path: Path) -> None:
    config = configs(plan_of(tmp_path, TOPOLOGY))
    pings = parse_duration(value(config, "peer.keepalive.deliveryClient.interval"))  # type: ignore[arg-type]
    assert pings > parse_duration(value(config, "General.Keepalive.ServerMinInterval"))  # type: ignore[arg-type]
    assert pings >= 10 * SECOND  # gRPC for Go raises shorter ones to this


def test_peers_greet_each_other_as_often_as_fabric_has_it(tmp_path: Path) -> None:
    gossip = configs(plan_of(tmp_path, TOPOLOGY))["peer"]["gossip"]
    intervals = ("aliveTimeInterval", "publishStateInfoInterval", "requestStateInfoInterval")
    assert [seconds(gossip[name]) for name in intervals] == [5, 4, 4]


def test_peers_ask_one_other_peer_a_round(tmp_path: Path) -> None:
    """Checking the signatures in three answers is most of what an idle peer of a city does."""
    assert configs(plan_of(tmp_path, TOPOLOGY))["peer"]["gossip"]["pullPeerNum"] == 1
    nodes = project_files(plan_of(tmp_path, TOPOLOGY, containers=True))["nodes.yaml"]
    peer = yaml.safe_load(nodes)["services"]["peer"]
    assert peer["environment"]["CORE_PEER_GOSSIP_PULLPEERNUM"] == "1"
