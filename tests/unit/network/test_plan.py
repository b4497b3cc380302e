"""Plans: ports that stay, packages that are the same everywhere."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyfabric_network.deployment import definition
from pyfabric_network.material.keys import make_material
from pyfabric_network.runtimes.embedded import ledger_config
from pyfabric_network.status import service_status
from pyfabric_network.topology.bundled import bundled_topologies
from pyfabric_network.topology.contracts import ServedPackage
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import ContractService, Topology

from pyfabric.errors import NetworkError

ROOT = Path("/somewhere/quickstart")


def quickstart(**changes: object) -> Topology:
    """Return the bundled topology with its first channel and contract only."""
    whole = load_topology(bundled_topologies()["quickstart"])
    channel = whole.channels["directory"].model_copy(update={"contracts": ("directory",)})
    first = {
        "channels": {"directory": channel},
        "contracts": {"directory": whole.contracts["directory"]},
    }
    return whole.model_copy(update=first | changes)


def plan(topology: Topology | None = None, served: tuple[ServedPackage, ...] = ()) -> Plan:
    topology = topology or quickstart()
    return make_plan(topology, ROOT, base_port=topology.base_port, served=served)


def contract(version: str, sequence: int = 1) -> ContractService:
    return ContractService(version=version, sequence=sequence, classes=("a:B",))


def test_every_listening_address_has_a_port_of_its_own() -> None:
    made = plan()
    served = [each.service for each in made.contracts.values() if each.service]
    addresses = list(made.serving(served).listening().values())
    assert (
        len({str(address) for address in addresses})
        == len(addresses)
        == 3 * 2 + 3 + 3 * len(served) + 3
    )
    assert all(17000 <= address.port < 17150 for address in addresses)


def test_names_and_folders_follow_the_department() -> None:
    tax = plan().department("MktSup")
    assert tax.msp_id == "MktSupMSP"
    assert [peer.name for peer in tax.peers] == ["peer0.mktsup"]
    folder = ROOT / "organizations" / "mktsup" / "peers" / "peer0.mktsup"
    assert tax.peers[0].member.tls_key == folder / "tls" / "server.key"
    assert list(tax.users) == ["Admin", "governor", "steward"]
    assert tax.users["steward"].attributes == {"role": "steward", "staff": "MSB-0002"}
    assert tax.users["steward"].tls_certificate.name == "client.crt"


def test_a_department_added_at_the_end_moves_nothing() -> None:
    before = plan()
    spec = quickstart()
    after = plan(quickstart(departments={**spec.departments, "Tax": spec.departments["Haidian"]}))
    for name in spec.departments:
        assert after.departments[name] == before.departments[name]


def test_an_unknown_department_is_named_with_the_known_ones() -> None:
    with pytest.raises(NetworkError, match=r"no department named Tax .*EconInfo, MktSup, Haidian"):
        plan().department("Tax")


def test_a_package_holds_no_address_and_is_the_same_wherever_it_is_made() -> None:
    here = plan().contracts["directory"].package
    topology = quickstart(base_port=30000)
    there = make_plan(topology, Path("/elsewhere"), base_port=30000).contracts["directory"].package
    assert here.data == there.data
    connection = here.connection()
    assert connection["address"] == "{{.address_0}}"
    assert connection["root_cert"] == "{{.root_cert}}"
    assert connection["client_auth_required"] is True
    assert connection["client_cert"] == "{{.client_cert}}"
    assert connection["client_key"] == "{{.client_key}}"


def test_the_builder_of_each_department_knows_where_its_own_host_listens() -> None:
    made = plan()
    addresses = {
        department.builder_addresses()["address_0"] for department in made.departments.values()
    }
    assert addresses == {"127.0.0.1:17030", "127.0.0.1:17080", "127.0.0.1:17130"}


def test_a_new_version_gets_another_port_and_the_old_one_keeps_its_own() -> None:
    old = hosted(contract("1.0"))
    new = hosted(contract("1.1", 2), served=(old,))
    assert new.slot != old.slot
    assert new.package_id != old.package_id
    assert hosted(contract("1.0"), served=(old, new)).slot == old.slot


def test_the_digest_of_the_code_is_part_of_version_label_and_package() -> None:
    topology = quickstart()
    plain = plan(topology).contracts["directory"]
    named = make_plan(topology, ROOT, base_port=17000, code={"directory": "a1b2"})
    found = named.contracts["directory"]
    assert found.version == f"{plain.version}+a1b2"
    assert found.package.label == f"{plain.package.label}+a1b2"
    assert found.package.package_id.startswith(f"{found.package.label}:")
    assert found.service is not None
    assert found.service.code == "a1b2"
    channel = next(one for one in named.channels.values() if found in one.contracts)
    assert definition(channel, found).version == found.version


def test_a_contract_has_its_own_sequence_on_a_channel_that_gives_one() -> None:
    topology = quickstart()
    ((name, channel),) = topology.channels.items()
    later = channel.model_copy(update={"sequences": {"directory": 1}})
    contracts = {"directory": contract("1.1", 3)}
    changed = topology.model_copy(
        update={"channels": {name: channel, "later": later}, "contracts": contracts}
    )
    made = plan(changed)
    sequences = {
        one.name: definition(one, made.contracts["directory"]).sequence
        for one in made.channels.values()
    }
    assert sequences == {name: 3, "later": 1}


def hosted(spec: ContractService, served: tuple[ServedPackage, ...] = ()) -> ServedPackage:
    made = plan(quickstart(contracts={"directory": spec}), served=served)
    found = made.contracts["directory"].service
    assert found is not None
    return found


def test_a_contract_that_is_served_elsewhere_has_the_address_of_each_department() -> None:
    spec = ContractService(
        version="2", addresses={"EconInfo": "10.0.0.1:9", "MktSup": "host:10", "Haidian": "host:11"}
    )
    made = plan(quickstart(contracts={"directory": contract("1.0"), "a-b_c": spec}))
    assert made.contracts["a-b_c"].service is None
    assert made.contracts["a-b_c"].package.connection()["address"] == "{{.address_of_a__b_c}}"
    builder = {
        name: department.builder_addresses()["address_of_a__b_c"]
        for name, department in made.departments.items()
    }
    assert builder == spec.addresses


def test_containers_reach_each_other_by_name_and_this_machine_by_published_ports() -> None:
    topology = quickstart()
    made = make_plan(topology, ROOT, base_port=17000, containers=True)
    tax = made.departments["MktSup"]
    assert str(tax.peers[0].inside) == "peer0.mktsup:7051"
    assert str(tax.peers[0].outside) == "127.0.0.1:17050"
    assert str(made.orderers[0].inside) == "orderer0.econinfo:7050"
    assert tax.builder_addresses()["address_0"] == "contracts.mktsup:9000"
    served = [each.service for each in made.contracts.values() if each.service]
    assert served
    assert not [name for name in made.serving(served).listening() if name.startswith("directory_")]
    here = make_plan(topology, ROOT, base_port=17000)
    package = made.contracts["directory"].package
    assert package.package_id == here.contracts["directory"].package.package_id


def test_contract_ports_run_out_with_a_clear_error() -> None:
    served = tuple(ServedPackage("x", f"x_{slot}", "x:0", ("a:B",), slot) for slot in range(19))
    with pytest.raises(NetworkError, match=r"no port is left for directory_1.0.*at most 19"):
        plan(served=served)


CHANNELS = """\
name: small
departments: { Tax: {}, Health: {}, Zoo: {} }
ordering: { nodes: [Tax] }
channels:
  bills: { departments: [Tax, Health], contracts: [bill] }
  seals: { departments: [Health], contracts: [seal] }
contracts:
  bill: { version: "1.0", classes: ["a:B"] }
  seal: { version: "1.0", classes: ["a:C"] }
  spare: { version: "1.0", classes: ["a:D"] }
"""


def test_a_department_serves_the_contracts_of_its_channels_alone(tmp_path: Path) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(CHANNELS, encoding="utf-8")
    made = make_plan(load_topology(file), tmp_path / "small", base_port=17000)
    make_material(made, now=datetime(2026, 11, 26, tzinfo=UTC))
    made = made.serving([one.service for one in made.contracts.values() if one.service])
    wanted = {"Tax": ["bill_1.0"], "Health": ["bill_1.0", "seal_1.0"], "Zoo": []}
    for name, labels in wanted.items():
        assert [item.label for item in made.served_by(made.department(name))] == labels
    listening = {what for what in made.listening() if "_1.0 of " in what}
    assert listening == {f"{label} of {name}" for name in wanted for label in wanted[name]}
    hosts = {host.name: host for host in ledger_config(made).hosts}
    assert set(hosts) == {"contracts.tax", "contracts.health"}
    assert len(hosts["contracts.tax"].services["services"]) == 1
    found = [(one.department, one.name) for one in service_status(made)]
    assert found == [(name, label) for name in wanted for label in wanted[name]]
