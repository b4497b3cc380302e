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
    check_change(topology(tmp_path), topology(tmp_path, old, new), Path("x.yaml"))


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("name: small", "name: small\nfabric: '2.5'", "fabric"),
        ("nodes: [Tax]", "nodes: [Tax, Tax, Tax]", "ordering"),
        ("  Health: {}", "  Health: { msp_id: Other }", "departments.Health.msp_id"),
        ("  Health: {}", "  Health: { intermediate_ca: true }", "departments.Health.intermediate_ca"),
        ("bills:\n", "bills:\n    acls: { event/Block: Admins }\n", "channels.bills.acls"),
        ("departments:\n", "departments:\n  Zoo: {}\n", "departments"),
        ("[Tax, Health]", "[Tax]", "channels.bills"),
        ("bills:\n", "bills:\n    policies: { Endorsement: ANY Endorsement }\n", "channels.bills.policies"),
        ("  bills:", "  accounts:", "channels.bills"),
    ],
)  # fmt: skip
def test_refused_with_the_key(tmp_path: Path, old: str, new: str, key: str) -> None:
    with pytest.raises(TopologyError) as caught:
        check_change(topology(tmp_path), topology(tmp_path, old, new), Path("x.yaml"))
    assert caught.value.key == key
    assert "network down --delete" in str(caught.value)
