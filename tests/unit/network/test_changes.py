"""Which changes of a topology an existing network can follow."""

from pathlib import Path

import pytest
from pyfabric_network.topology.changes import check_change
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.spec import Topology

from pyfabric.errors import TopologyError
from tests.support.network.network import TOPOLOGY, write_topology


def topology(folder: Path, old: str = "", new: str = "") -> Topology:
    assert old in TOPOLOGY
    return load_topology(write_topology(folder, TOPOLOGY.replace(old, new, 1) if old else TOPOLOGY))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Tax", "title: Taxes"),
        ("clerk: {", "head: {"),
        ("  Health: {}", "  Health: { peers: 2 }\n  Zoo: {}"),
        ('"1.0"', '"2.0"'),
        ("channels:\n", "channels:\n  more:\n    departments: [Tax]\n"),
    ],
)
def test_free_to_change(tmp_path: Path, old: str, new: str) -> None:
    before, after = topology(tmp_path), topology(tmp_path, old, new)
    check_change(before, after, Path("x.yaml"), base_port=before.base_port)


def test_a_topology_may_be_corrected_to_the_ports_that_the_network_has(tmp_path: Path) -> None:
    after = topology(tmp_path, "name: small", "name: small\nbase_port: 21000")
    check_change(topology(tmp_path), after, Path("x.yaml"), base_port=21000)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("name: small", "name: small\nbase_port: 21000", "base_port"),
        ("name: small", "name: small\nfabric: '2.5'", "fabric"),
        ("nodes: [Tax]", "nodes: [Tax, Tax, Tax]", "ordering"),
        ("  Health: {}", "  Health: { msp_id: Other }", "departments.Health.msp_id"),
        ("title: Tax", "orderer_msp_id: Other", "departments.Tax.orderer_msp_id"),
        ("  Health: {}", "  Health: { intermediate_ca: true }", "departments.Health.intermediate_ca"),
        ("bills:\n", "bills:\n    acls: { event/Block: Admins }\n", "channels.bills.acls"),
        ("departments:\n", "departments:\n  Zoo: {}\n", "departments"),
        ("[Tax, Health]", "[Tax]", "channels.bills"),
        ("bills:\n", "bills:\n    policies: { Endorsement: ANY Endorsement }\n", "channels.bills.policies"),
        ("  bills:", "  accounts:", "channels.bills"),
    ],
)  # fmt: skip
def test_refused_with_the_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    before, after = topology(tmp_path), topology(tmp_path, old, new)
    with pytest.raises(TopologyError) as caught:
        check_change(before, after, Path("x.yaml"), base_port=before.base_port)
    assert caught.value.key == key
    way = "docs/channels.md" if key.startswith(("fabric", "ordering", "channels")) else "undo"
    assert way in str(caught.value)
    assert "delete" not in str(caught.value)
