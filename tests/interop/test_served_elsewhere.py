"""A topology with a contract that departments serve themselves, on the official Node runtime."""

from pathlib import Path

from pyfabric_network.network import Network
from pyfabric_network.ports import free_base
from pyfabric_network.profile import load_profile, profile_file
from pyfabric_network.runtimes.runtime import RuntimeName

from pyfabric.gateway import connect
from pyfabric.messages.addresses import Address
from tests.support.chaincode.node_chaincode import MARKS, NodeService, node_services
from tests.support.network.contract_clients import speaks_http2
from tests.support.network.programs import fabric_programs

pytestmark = MARKS

TOPOLOGY = """\
name: elsewhere
base_port: {base}
departments: {{ Tax: {{}}, Health: {{}} }}
ordering: {{ nodes: [Tax], batch: {{ timeout: 100ms }} }}
channels: {{ bills: {{ departments: [Tax, Health], contracts: [records] }} }}
contracts:
  records:
    version: "1.0"
    addresses: {{ Tax: "127.0.0.1:{tax}", Health: "127.0.0.1:{health}" }}
"""


def test_peers_find_each_department_s_own_service(tmp_path: Path, runtime: RuntimeName) -> None:
    base = free_base(range(102))
    ports = {"tax": base + 100, "health": base + 101}
    file = tmp_path / "elsewhere.yaml"
    file.write_text(TOPOLOGY.format(base=base, **ports), encoding="utf-8")
    network = Network.prepare(file, tmp_path, runtime=runtime, programs=fabric_programs())
    plan = network.plan
    network.up()
    try:
        assert [one.name for one in network.status() if one.problem] == ["records_1.0"] * 2
        services = [
            NodeService(
                f"127.0.0.1:{ports[name.lower()]}",
                department.contract_host.tls_certificate,
                department.contract_host.tls_key,
                department.contract_client.tls_certificate,
            )
            for name, department in plan.departments.items()
        ]
        package_id = plan.contracts["records"].package.package_id
        with node_services(services, package_id, tmp_path / "node.log"):
            (deployed,) = network.deploy()
            assert deployed.package_id == package_id
            assert not [one for one in network.status() if one.problem]
            profile = load_profile(profile_file(plan, plan.department("Health")))
            with connect(profile.user("Admin"), profile.peers) as gateway:
                contract = gateway.network("bills").contract("records")
                contract.submit("put", "colour", "blue")
                assert contract.evaluate("get", "colour") == b"blue"
            tax = plan.department("Tax")
            place = Address("127.0.0.1", ports["tax"])
            assert speaks_http2(place, tax, tax.contract_client)
            health = plan.department("Health").contract_client
            for other in (None, tax.contract_host, tax.peers[0].member, tax.admin, health):
                assert not speaks_http2(place, tax, other)
    finally:
        network.down(delete=True)
