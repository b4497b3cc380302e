"""Configuration files of Fabric's programs."""

from pathlib import Path

import pytest
from pyfabric_network.runtimes.node_config import peer_config
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import make_plan

TOPOLOGY = """\
name: small
fabric: "{fabric}"
departments: {{ Tax: {{}} }}
ordering: {{ nodes: [Tax] }}
channels: {{ bills: {{ departments: [Tax] }} }}
"""


@pytest.mark.parametrize(
    ("fabric", "filters"),
    [
        ("3.1", ["DefaultAuth", "ExpirationCheck", "TimeWindowCheck"]),
        ("2.5", ["DefaultAuth", "ExpirationCheck"]),  # a peer stops at a name that it does not know
    ],
)
def test_filters_are_those_that_the_release_has(
    tmp_path: Path, fabric: str, filters: list[str]
) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(TOPOLOGY.format(fabric=fabric), encoding="utf-8")
    plan = make_plan(load_topology(file), tmp_path / "state", base_port=15000)
    config = peer_config(plan, plan.peers[0], data=tmp_path, builder=tmp_path)
    assert [one["name"] for one in config["peer"]["handlers"]["authFilters"]] == filters
