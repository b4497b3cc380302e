"""Networks on Fabric's own programs broken on purpose: what the development ledger cannot break."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.network import Network
from pyfabric_network.runtimes.contract_hosts import builder_values
from pyfabric_network.runtimes.node_config import BUILDER_VARIABLE
from pyfabric_network.runtimes.process import Background
from pyfabric_network.topology.nodes import Node

from pyfabric.admin.channels import AddConsenter, Edit, RemoveConsenter
from pyfabric.admin.config.model import ConsenterModel
from pyfabric.errors import OrdererError
from pyfabric.identity.folders import load_ca
from pyfabric.identity.keys import generate_private_key, private_key_pem
from pyfabric.local.waiting import poll
from pyfabric.messages import decode_message, encode_message
from tests.support.network.broken import (
    CHANNEL,
    CITY,
    Break,
    Broken,
    await_config,
    change_channel,
    config_of,
    edited,
    is_well,
    kept,
)
from tests.support.network.network import call

FABRIC_CITY = CITY.replace("nodes: [Tax]", "nodes: [Tax, Health, Land]").replace(
    "  Land: {}", "  Land: { peers: 2 }"
)
"""The same city with an orderer at each department, and a department with two peers."""

_ALL = 4  # peers of that city

Change = Callable[[Network, dict[str, Any]], object]


def process(network: Network, name: str) -> int:
    """Return the process of a node or contract host."""
    return int((network.plan.root / "nodes" / name / "pid").read_text())


def hanging(*names: str) -> Break:
    """Return what keeps processes from running, as ones that hang."""

    @contextmanager
    def breaks(network: Network) -> Iterator[list[str]]:
        found = [process(network, name) for name in names]
        for one in found:
            os.kill(one, signal.SIGSTOP)
        try:
            yield []
        finally:
            for one in found:
                with suppress(ProcessLookupError):
                    os.kill(one, signal.SIGCONT)

    return breaks


@contextmanager
def killed(network: Network) -> Iterator[list[str]]:
    """Kill a department's peer."""
    os.kill(process(network, "peer0.health"), signal.SIGKILL)
    try:
        yield []
    finally:
        network.start_nodes("peer0.health")


def configured(name: str, change: Change, *, seconds: float = 3.0) -> Break:
    """Return what runs a node with a changed core.yaml or orderer.yaml, for some seconds before it is looked at."""

    @contextmanager
    def breaks(network: Network) -> Iterator[list[str]]:
        try:
            start_otherwise(network, name, change)
            time.sleep(seconds)
            yield []
        finally:
            network.restart_nodes(name)

    return breaks


def start_otherwise(network: Network, name: str, change: Change) -> None:
    """Start a node again with a changed configuration."""
    folder = network.plan.root / "nodes" / name
    launch = json.loads((folder / "launch.json").read_text())
    node = node_of(network, name)
    if node.admin is None:
        values = builder_values(network.plan.owner(node))
        launch["environment"][BUILDER_VARIABLE] = json.dumps(values)
    network.stop_nodes(name)
    change(network, launch["config"])
    (folder / launch["config_file"]).write_text(yaml.safe_dump(launch["config"]))
    Background(folder / "pid").start(
        launch["argv"],
        output=Path(os.devnull),
        log=folder / "log",
        folder=folder,
        environment=launch["environment"],
    )


def node_of(network: Network, name: str) -> Node:
    """Return a node by its name."""
    return next(one for one in network.plan.own_nodes if one.name == name)


def certified(name: str, *, expired: bool) -> Break:
    """Return what gives a node another TLS certificate and key of its CA, which may have expired."""

    @contextmanager
    def breaks(network: Network) -> Iterator[list[str]]:
        node = node_of(network, name)
        authority = load_ca(network.plan.organization(node).tls_ca)
        begin = authority.certificate.not_valid_before_utc + timedelta(minutes=1)
        key = generate_private_key()
        certificate = authority.issue(
            node.name,
            now=begin if expired else datetime.now(UTC),
            days=0 if expired else 90,
            public_key=key.public_key(),
            hosts=node.member.hosts,
            tls=True,
        )
        with ExitStack() as stack:
            stack.callback(network.restart_nodes, name)
            stack.enter_context(kept(node.member.tls_certificate)).write_bytes(certificate)
            stack.enter_context(kept(node.member.tls_key)).write_bytes(private_key_pem(key))
            start_otherwise(network, name, lambda _network, _config: None)
            time.sleep(8)
            yield []

    return breaks


def _wants_certificates(network: Network, config: dict[str, Any]) -> None:
    roots = node_of(network, "peer0.tax").member.tls_roots
    config["peer"]["tls"] |= {
        "clientAuthRequired": True,
        "clientRootCAs": {"files": [str(roots)]},
    }


def _cut_off(network: Network, config: dict[str, Any]) -> None:
    """Keep a peer from getting blocks: it asks no orderer, and others cannot give it any."""
    config["peer"]["gossip"] |= {"orgLeader": False, "state": {"enabled": False}}


def _without_address(_network: Network, config: dict[str, Any]) -> None:
    config["peer"]["gossip"]["externalEndpoint"] = ""


@contextmanager
def lagging(network: Network) -> Iterator[list[str]]:
    """Keep a peer from getting blocks while the channel grows."""
    with configured("peer1.land", _cut_off)(network) as arguments:
        poll(lambda: known_peers(network, "peer1.land"), until=_ALL.__eq__, every=1.0, timeout=90)
        for number in range(3):
            call(network, "Tax", "put", "lag", str(number))
        yield arguments


def known_peers(network: Network, name: str) -> int:
    """Return how many peers of the channel a peer knows, itself included."""
    node = node_of(network, name)
    with Connections(network.plan) as connections:
        admin = connections.admin(network.plan.owner(node))
        return len(admin.discover_peers(endpoint(node), CHANNEL))


@contextmanager
def following(network: Network) -> Iterator[list[str]]:
    """Take an orderer from the channel's consenters, which goes on as a follower."""
    node = node_of(network, "orderer0.land")
    before = config_of(network)
    poll(
        lambda: _accepted(network, RemoveConsenter(str(node.inside))),
        until=bool,
        every=2.0,
        timeout=60,
    )
    await_config(network, before)
    certificate = node.member.tls_certificate.read_bytes()
    consenter = ConsenterModel(
        host=node.inside.host,
        port=node.inside.port,
        client_tls_certificate=certificate,
        server_tls_certificate=certificate,
    )
    try:
        time.sleep(5)
        yield []
    finally:
        before = config_of(network)
        change_channel(network, edited(AddConsenter(consenter)))
        await_config(network, before)
        poll(network.status, until=is_well, every=0.5, timeout=60)


def _accepted(network: Network, edit: Edit) -> bool:
    """Return whether orderers accept an edit: not before all know each other after one was restarted."""
    try:
        change_channel(network, edited(edit))
    except OrdererError:
        return False
    return True


@contextmanager
def incapable(network: Network) -> Iterator[list[str]]:
    """Raise the application's capabilities above every release: peers stop, and not even `up` starts them."""

    def change(config: bytes) -> bytes:
        document = decode_message("common.Config", config)
        values = document["channel_group"]["groups"]["Application"]["values"]
        values["Capabilities"]["value"]["capabilities"]["V9_9"] = {}
        return encode_message("common.Config", document)

    change_channel(network, change)
    time.sleep(5)
    yield []


BROKEN_ON_FABRIC: tuple[Broken, ...] = (
    Broken("hosts", "a peer that hangs", hanging("peer0.health"), frozenset({"anchors"})),
    Broken("hosts", "a peer that was killed", killed, frozenset({"anchors", "membership"})),
    Broken(
        "endorsement",
        "two departments whose peers hang",
        hanging("peer0.health", "peer0.land", "peer1.land"),
        frozenset({"anchors"}),
        causes=frozenset({"hosts"}),
        error="hosts",
    ),
    Broken(
        "quorum",
        "two of three orderers that hang",
        hanging("orderer0.health", "orderer0.land"),
        causes=frozenset({"hosts"}),
        error="quorum",
    ),
    Broken("contracts", "a contract host that hangs", hanging("contracts.tax")),
    Broken(
        "expiry",
        "a peer's TLS certificate that has expired",
        certified("peer0.health", expired=True),
        frozenset({"membership", "anchors"}),
        client=("--context", "Health"),
        error="expiry",
    ),
    Broken(
        "tls-client",
        "a peer that wants client certificates",
        configured("peer0.tax", _wants_certificates),
        frozenset({"membership"}),
        error="tls-client",
    ),
    Broken(
        "consenters",
        "an orderer with another certificate",
        certified("orderer0.health", expired=False),
        frozenset({"followers", "heights"}),
    ),
    Broken("followers", "an orderer that is no consenter", following),
    Broken("heights", "a peer that gets no blocks", lagging),
    Broken(
        "membership",
        "a peer without an external address",
        configured("peer0.health", _without_address, seconds=30),
    ),
    Broken(
        "capabilities",
        "a capability that no release has",
        incapable,
        frozenset({"hosts", "anchors", "membership", "endorsement"}),
        error="hosts",
    ),
)
"""What Fabric alone breaks in this way. The last one cannot be repaired."""
