"""The status of services that no contract host serves."""

import socket
from pathlib import Path

from pyfabric_network.status import service_status
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import make_plan

TOPOLOGY = """\
name: small
departments: {{ Tax: {{}}, Health: {{}}, Zoo: {{}} }}
ordering: {{ nodes: [Tax] }}
channels: {{ bills: {{ departments: [Tax, Health], contracts: [register] }} }}
contracts:
  register: {{ version: "2.3", addresses: {{ Tax: "127.0.0.1:{there}", Health: "127.0.0.1:{gone}" }} }}
"""


def test_each_department_s_own_service_is_looked_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))  # taken, and nobody listens
        ports = {"there": there.getsockname()[1], "gone": gone.getsockname()[1]}
        file = tmp_path / "small.yaml"
        file.write_text(TOPOLOGY.format(**ports), encoding="utf-8")
        plan = make_plan(load_topology(file), tmp_path, base_port=17000)
        found = service_status(plan)
    assert [(one.name, one.department, one.problem) for one in found] == [
        ("register_2.3", "Tax", None),
        ("register_2.3", "Health", "nothing listens there"),
    ]
    assert found[0].address == f"127.0.0.1:{ports['there']}"
