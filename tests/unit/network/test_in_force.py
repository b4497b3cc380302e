"""A topology that follows the running channels is accepted; any other change of them is refused."""

import json
from collections.abc import Iterator

import pytest
from pyfabric_network.connections import Connections, endpoint
from pyfabric_network.network import Network

from pyfabric.admin import compute_update
from pyfabric.errors import TopologyError
from pyfabric.gateway import Admin, connect
from pyfabric.messages import decode_message, encode_message
from tests.support.network.network import TOPOLOGY, running_network, write_topology

CHANGED = TOPOLOGY.replace("timeout: 20ms", "timeout: 20ms, max_messages: 77")


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """Provide a network whose orderers cut blocks of 77 transactions, since somebody updated the channel."""
    with running_network(tmp_path_factory.mktemp("in_force")) as network:
        limit_batches(network, 77)
        yield network


def limit_batches(network: Network, number: int) -> None:
    tax = network.plan.departments["Tax"]
    peer, orderer = (endpoint(node) for node in (tax.peers[0], tax.orderers[0]))
    administrators = network.administrators("Tax")
    with Connections(network.plan) as connections:
        present = connections.admin(tax).config(peer, "bills")
    wanted = decode_message("common.Config", present)
    ordering = wanted["channel_group"]["groups"]["Orderer"]
    ordering["values"]["BatchSize"]["value"]["max_message_count"] = number
    ordering["policies"]["Auditors"] = ordering["policies"]["Readers"]  # nothing to the topology
    update = compute_update("bills", present, encode_message("common.Config", wanted))
    with Admin(administrators["TaxOrdererMSP"]) as admin:
        admin.submit_update(orderer, "bills", update, [admin.sign_update(update)])
    with connect(administrators["TaxMSP"], peer) as gateway:
        gateway.network("bills").wait_for_config(after=present, timeout=30)


def prepare(network: Network, text: str) -> Network:
    return Network.prepare(write_topology(network.folder.parent, text), network.folder)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (CHANGED.replace("77", "78"), "ordering"),
        (CHANGED.replace("77", "77, preferred_bytes: 1 MB"), "ordering"),
        (CHANGED.replace("[Tax, Health]", "[Tax]"), "ordering"),
        (CHANGED.replace("  bills:", "  others:"), "ordering"),
        (
            CHANGED.replace("  Health: {}", "  Health: { msp_id: OtherMSP }"),
            "departments.Health.msp_id",
        ),
        (
            CHANGED.replace("nodes: [Tax]", "nodes: [Tax, Health]"),
            "ordering",
        ),
    ],
)
def test_what_the_channels_do_not_have_is_refused(network: Network, text: str, key: str) -> None:
    with pytest.raises(TopologyError) as caught:
        prepare(network, text)
    assert caught.value.key == key


def test_between_machines_the_topology_may_be_ahead_of_the_channels(network: Network) -> None:
    file = network.root / "network.json"
    kept = file.read_text()
    place = {"host": "127.0.0.1", "first_port": network.state.base_port, "here": True}
    file.write_text(json.dumps({**json.loads(kept), "places": {"Tax": place}}))
    try:
        ahead = prepare(network, CHANGED)
        assert ahead.followed == network.topology
        assert ahead.topology.ordering.batch.max_messages == 77
    finally:
        file.write_text(kept)


def test_what_the_channels_have_is_accepted_while_they_run(network: Network) -> None:
    network.down()
    with pytest.raises(
        TopologyError, match=r"the topology can follow then, while the network runs"
    ):
        prepare(network, CHANGED)
    network.up()
    followed = prepare(network, CHANGED)
    followed.up()
    assert Network.open(network.folder).topology.ordering.batch.max_messages == 77
    assert [one.changed for one in Network.reopen(network.folder).deploy()] == [False]
    with pytest.raises(TopologyError):
        prepare(network, TOPOLOGY)
