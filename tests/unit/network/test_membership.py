"""Departments with machines of their own: keys stay on them, and a definition is accepted only if it fits."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.material.genesis import make_genesis_block
from pyfabric_network.members.membership import Membership
from pyfabric_network.members.public_checks import check_clashes, read_public_definition
from pyfabric_network.network import ANY_FREE_PORT, Network
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.topology.departments import DepartmentPlan

from pyfabric.errors import ConfigError, IdentityError, NetworkError, TopologyError
from pyfabric.identity.folders import load_ca
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key
from tests.support.network.network import TOPOLOGY, write_topology

NOW = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
LATER = timedelta(days=365 * 21)
TWO_ORDERERS = TOPOLOGY.replace("nodes: [Tax]", "nodes: [Tax, Health]")


def machine(folder: Path, name: str, text: str = TWO_ORDERERS) -> Membership:
    """Return a department's own machine, with the topology on it."""
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    return Membership.open(write_topology(place, text), place / "state", runtime=RuntimeName.NATIVE)


def sent(folder: Path, name: str, host: str) -> Path:
    """Return the definition that a department makes on its own machine."""
    definition = machine(folder, name).make(name, host, None, now=NOW)
    file = folder / f"{name}.json"
    file.write_bytes(definition.to_bytes())
    return file


@pytest.fixture
def tax(tmp_path: Path) -> Path:
    return sent(tmp_path, "Tax", "127.0.0.2")


@pytest.fixture
def health(tmp_path: Path) -> Path:
    return sent(tmp_path, "Health", "health.example")


@pytest.fixture
def coordinator(tmp_path: Path) -> Membership:
    return machine(tmp_path, "coordinator")


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ca_of(folder: Path, name: str) -> DepartmentPlan:
    return machine(folder, name).plan.departments[name]


def test_keys_are_made_at_home_and_below_ones_own_folder(tmp_path: Path, tax: Path) -> None:
    home = machine(tmp_path, "Tax")
    own = home.plan.departments["Tax"].folder
    files = [path for path in home.root.rglob("*") if path.is_file()]
    keys = [path for path in files if b"PRIVATE KEY" in path.read_bytes()]
    assert len(keys) >= 10
    assert all(own in path.parents for path in keys)
    assert list((home.root / "organizations").iterdir()) == [own]
    assert b"PRIVATE" not in tax.read_bytes()


def test_making_them_again_changes_nothing(tmp_path: Path, tax: Path) -> None:
    home = machine(tmp_path, "Tax")
    before = contents(home.root)
    again = home.make("Tax", "127.0.0.2", None, now=NOW + LATER)
    assert contents(home.root) == before
    assert again.to_bytes() == tax.read_bytes()


def test_a_department_does_not_move_with_the_keys_it_has(tmp_path: Path, tax: Path) -> None:
    with pytest.raises(
        NetworkError, match=r"Tax is at 127\.0\.0\.2, with ports from 17000 on: its"
    ):
        machine(tmp_path, "Tax").make("Tax", "tax.example", None, now=NOW)


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("tax example", 7000, "host: 'tax example' must be a host name or IPv4 address"),
        ("", 7000, "host: '' must be"),
        ("tax.example", 80, "first_port: must be from 1024 to 65486"),
        ("tax.example", 65500, "first_port: must be from 1024 to 65486"),
    ],
)
def test_a_place_where_no_node_can_be(tmp_path: Path, host: str, port: int, says: str) -> None:
    home = machine(tmp_path, "Tax")
    with pytest.raises(ConfigError, match=says):
        home.make("Tax", host, port, now=NOW)
    assert not home.root.exists()


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost"])
def test_containers_are_not_reached_on_loopback(tmp_path: Path, host: str) -> None:
    home = Membership.open(write_topology(tmp_path), tmp_path, runtime=RuntimeName.COMPOSE)
    with pytest.raises(ConfigError, match=f"containers of other departments do not reach {host}"):
        home.make("Tax", host, None, now=NOW)


@pytest.mark.parametrize(
    ("host", "listens"),
    [("127.0.0.2", "127.0.0.2"), ("localhost", "localhost"), ("tax.example", "0.0.0.0")],
)
def test_nodes_listen_on_loopback_or_everywhere(tmp_path: Path, host: str, listens: str) -> None:
    home = machine(tmp_path, "Tax")
    home.make("Tax", host, 7000, now=NOW)
    peer, orderer = home.plan.own_peers[0], home.plan.own_orderers[0]
    assert (str(peer.listen), str(peer.inside)) == (f"{listens}:7000", f"{host}:7000")
    assert (str(orderer.listen), str(orderer.admin)) == (f"{listens}:7020", "127.0.0.1:7021")


def test_genesis_blocks_are_made_from_definitions_alone(
    coordinator: Membership, tax: Path, health: Path
) -> None:
    coordinator.add([tax], now=NOW)
    assert coordinator.plan.missing == ("Health",)
    coordinator.add([health], now=NOW)
    plan = coordinator.plan
    assert plan.missing == ()
    block = make_genesis_block(plan, plan.channels["bills"], timestamp=NOW, nonce=bytes(24))
    for text in (
        b"127.0.0.2",
        b"health.example",
        *(d.msp_id.encode() for d in plan.departments.values()),
    ):
        assert text in block
    held = contents(coordinator.root)
    assert held
    assert not any(b"PRIVATE" in content for content in held.values())


def test_what_was_kept_is_what_was_sent(coordinator: Membership, tax: Path, health: Path) -> None:
    coordinator.add([tax, health], now=NOW)
    before = contents(coordinator.root)
    assert {name: one.to_bytes() for name, one in coordinator.known().items()} == {
        "Tax": tax.read_bytes(),
        "Health": health.read_bytes(),
    }
    coordinator.add([health, tax, tax], now=NOW)
    assert contents(coordinator.root) == before


def test_a_department_may_send_another_until_there_are_genesis_blocks(
    tmp_path: Path, coordinator: Membership, tax: Path
) -> None:
    coordinator.add([tax], now=NOW)
    other = sent(tmp_path / "again", "Tax", "tax.example")
    coordinator.add([other], now=NOW)
    assert coordinator.plan.places["Tax"].host == "tax.example"
    block = coordinator.plan.channels["bills"].block
    block.parent.mkdir()
    block.write_bytes(b"block")
    with pytest.raises(NetworkError, match="was made with another definition of it"):
        coordinator.add([tax], now=NOW)


def test_nobody_else_can_speak_for_a_department_that_is_here(tmp_path: Path, tax: Path) -> None:
    other = sent(tmp_path / "again", "Tax", "127.0.0.2")
    home = machine(tmp_path, "Tax")
    before = contents(home.root)
    home.add([tax], now=NOW)
    with pytest.raises(ConfigError, match="not the definition of the keys on this machine"):
        home.add([other], now=NOW)
    assert contents(home.root) == before


def foreign(kind: str) -> bytes:
    """Return a certificate that somebody else's CA made."""
    ca = CertificateAuthority.create("ca.other", "Other", now=NOW)
    return ca.issue(
        "orderer0.tax",
        now=NOW,
        public_key=generate_private_key().public_key(),
        unit="orderer",
        hosts=("127.0.0.2",),
        tls=kind == "tls",
    )


def own(home: DepartmentPlan, **wanted: Any) -> bytes:
    """Return a certificate of the department's own CA, other than it should be."""
    assert home.ordering is not None
    ca = load_ca(home.ordering.tls_ca if wanted.get("tls") else home.ordering.ca)
    begin = wanted.pop("now", NOW)
    key = generate_private_key().public_key()
    return ca.issue("orderer0.tax", now=begin, public_key=key, **wanted)


Change = Callable[[dict[str, Any], DepartmentPlan], None]


def orderer(kind: str, certificate: Callable[[DepartmentPlan], bytes]) -> Change:
    def change(definition: dict[str, Any], home: DepartmentPlan) -> None:
        definition["ordering"]["orderers"]["orderer0.tax"][kind] = certificate(home).decode()

    return change


def put(path: str, value: object) -> Change:
    def change(definition: dict[str, Any], home: DepartmentPlan) -> None:
        *above, key = path.split(".")
        for part in above:
            definition = definition[part]
        definition[key] = value

    return change


def secret(definition: dict[str, Any], home: DepartmentPlan) -> None:
    definition["msp"]["root_certificates"][0] += (home.ca / "ca.key").read_text()


WRONG: list[tuple[Change, str]] = [
    (secret, "holds a PRIVATE KEY, and only certificates"),
    (put("network", "large"), "is for the network large, this one is small"),
    (put("department", "Land"), "Land: no such department in small; there are: Tax, Health"),
    (put("msp.msp_id", "HealthMSP"), "its MSP id is HealthMSP, and TaxMSP in the topology"),
    (put("msp.root_certificates", []), "Tax: MSP: expected at least one CA certificate"),
    (put("msp.root_certificates", ["x"]), "Tax: MSP: getCertFromPem error"),
    (put("msp.tls_root_certificates", []), "has no certificate of a TLS CA"),
    (put("msp.node_units", None), "administrators must be declared"),
    (put("msp.node_units.peer", None), "names no OU for the role peer"),
    (put("msp", None), "Tax: lacks an MSP for peers, and the topology gives it 1 peers"),
    (put("ordering", None), "Tax: lacks an MSP for orderers, and the topology gives it 1 orderers"),
    (put("ordering.msp.msp_id", "TaxMSP"), "is TaxMSP, and TaxOrdererMSP in the topology"),
    (put("ordering.msp.tls_root_certificates", []), "has no certificate of a TLS CA"),
    (put("ordering.msp.node_units.orderer", None), "names no OU for the role orderer"),
    (put("ordering.orderers", {}), r"Tax \(ordering\): orderers: lacks orderer0.tax"),
    (put("host", "tax.example"), "not one of the department's TLS CA for tax.example"),
    (put("host", "tax example"), "host: .*must be a host name"),
    (put("first_port", 17000.5), "first_port: "),
    (put("extra", 1), "extra: extra inputs are not permitted"),
    (orderer("identity", lambda home: foreign("identity")), "orderer0.tax: identity: "),
    (orderer("identity", lambda home: own(home, unit="peer")), r"does not contain OU \[ORDERER\]"),
    (
        orderer("identity", lambda home: own(home, unit="orderer", days=0)),
        "orderer0.tax: the identity is good from .* to .*, and it is 2026-11-26 05:00",
    ),
    (
        orderer("tls", lambda home: foreign("tls")),
        "orderer0.tax: the TLS certificate is not one of",
    ),
    (
        orderer("tls", lambda home: own(home, tls=True, hosts=("tax",))),
        "no matching subjectAltName",
    ),
    (orderer("tls", lambda home: b"x"), "orderer0.tax: the TLS certificate is not one of"),
    (
        orderer("tls", lambda home: own(home, tls=True, hosts=("127.0.0.2",), days=0)),
        "orderer0.tax: the TLS certificate is not one of .*valid",
    ),
]


@pytest.mark.parametrize(("change", "says"), WRONG, ids=[says for _, says in WRONG])
def test_a_definition_that_does_not_fit_is_refused_and_changes_nothing(
    tmp_path: Path, coordinator: Membership, tax: Path, change: Change, says: str
) -> None:
    definition = json.loads(tax.read_text())
    change(definition, ca_of(tmp_path, "Tax"))
    tax.write_text(json.dumps(definition))
    with pytest.raises(ConfigError, match=says):
        coordinator.add([tax], now=NOW + timedelta(hours=1))
    assert not coordinator.root.exists()


def test_a_key_does_not_hide_behind_escapes(
    tmp_path: Path, coordinator: Membership, tax: Path
) -> None:
    definition = json.loads(tax.read_text())
    secret(definition, ca_of(tmp_path, "Tax"))
    tax.write_text(json.dumps(definition).replace("-----BEGIN PRIVATE", "\\u002d----BEGIN PRIVATE"))
    with pytest.raises(ConfigError, match="holds a PRIVATE KEY"):
        coordinator.add([tax], now=NOW)


def test_a_definition_whose_ca_has_ended(coordinator: Membership, tax: Path) -> None:
    with pytest.raises(ConfigError, match="Tax: a CA certificate is good from"):
        coordinator.add([tax], now=NOW + LATER)


def test_departments_must_not_be_at_one_place(
    tmp_path: Path, coordinator: Membership, tax: Path
) -> None:
    near = machine(tmp_path, "Health").make("Health", "127.0.0.2", 17040, now=NOW)
    (tmp_path / "near.json").write_bytes(near.to_bytes())
    with pytest.raises(ConfigError, match=r"127\.0\.0\.2 has the ports of (Tax|Health) from"):
        coordinator.add([tax, tmp_path / "near.json"], now=NOW)


def test_departments_must_not_share_a_ca(coordinator: Membership, tax: Path, health: Path) -> None:
    copied = json.loads(health.read_text())
    copied["msp"]["intermediate_certificates"] = []
    copied["msp"]["root_certificates"] += json.loads(tax.read_text())["msp"]["root_certificates"]
    health.write_text(json.dumps(copied))
    coordinator.add([tax], now=NOW)
    with pytest.raises(ConfigError, match="Health: its CA is that of Tax"):
        coordinator.add([health], now=NOW)


def test_a_shared_ca_is_found_by_its_key(coordinator: Membership, tax: Path, health: Path) -> None:
    copied = json.loads(health.read_text())
    copied["msp"]["intermediate_certificates"] = []
    for root in json.loads(tax.read_text())["msp"]["root_certificates"]:
        copied["msp"]["root_certificates"].append(f"\n{root}\n")
    health.write_text(json.dumps(copied))
    coordinator.add([tax], now=NOW)
    with pytest.raises(ConfigError, match="Health: its CA is that of Tax"):
        coordinator.add([health], now=NOW)


def test_a_host_is_one_however_it_is_written(tax: Path, health: Path) -> None:
    one, other = (
        read_public_definition(file).model_copy(update={"host": host, "first_port": 17000})
        for file, host in ((tax, "nodes.city"), (health, "Nodes.CITY."))
    )
    with pytest.raises(ConfigError, match="has the ports of Tax"):
        check_clashes([one, other])


def test_peers_and_orderers_of_a_department_must_not_share_a_ca(
    coordinator: Membership, tax: Path
) -> None:
    copied = json.loads(tax.read_text())
    copied["msp"]["root_certificates"] += copied["ordering"]["msp"]["root_certificates"]
    tax.write_text(json.dumps(copied))
    with pytest.raises(ConfigError, match="Tax: its CA is the same for peers and orderers"):
        coordinator.add([tax], now=NOW)


def test_two_definitions_of_one_department(
    tmp_path: Path, coordinator: Membership, tax: Path
) -> None:
    other = sent(tmp_path / "again", "Tax", "127.0.0.2")
    with pytest.raises(ConfigError, match="is another definition of Tax"):
        coordinator.add([tax, other], now=NOW)


@pytest.mark.parametrize("content", [b"\xff", b"{}", b"[", b""])
def test_a_file_that_is_no_definition(
    tmp_path: Path, coordinator: Membership, content: bytes
) -> None:
    file = tmp_path / "odd.json"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"odd\.json: "):
        coordinator.add([file], now=NOW)


def test_a_file_that_is_not_there(tmp_path: Path, coordinator: Membership) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        coordinator.add([tmp_path / "none.json"], now=NOW)


def test_a_network_with_all_keys_in_one_place_stays_one(tmp_path: Path) -> None:
    file = write_topology(tmp_path)
    network = Network.prepare(file, tmp_path / "state", base_port=ANY_FREE_PORT)
    network.state.save(network.plan.root)
    with pytest.raises(NetworkError, match="keys of all departments in one place"):
        Membership.open(file, tmp_path / "state", runtime=RuntimeName.NATIVE)


def test_the_development_ledger_is_not_for_many_machines(tmp_path: Path) -> None:
    with pytest.raises(
        NetworkError, match="one process for all departments: choose native or compose"
    ):
        Membership.open(write_topology(tmp_path), tmp_path, runtime=RuntimeName.EMBEDDED)


def test_the_topology_that_keys_were_made_for_stays(tmp_path: Path, tax: Path) -> None:
    with pytest.raises(TopologyError, match=r"departments\.Tax\.msp_id: cannot change"):
        machine(tmp_path, "Tax", TWO_ORDERERS.replace("    title: Tax\n", "    msp_id: OtherMSP\n"))


def test_a_machine_runs_the_nodes_of_its_department_alone(tmp_path: Path, tax: Path) -> None:
    network = Network.open(tmp_path / "Tax" / "state")
    assert [one.name for one in network.plan.own] == ["Tax"]
    assert {str(node.inside) for node in network.plan.own_nodes} == {
        "127.0.0.2:17000",
        "127.0.0.2:17020",
    }


def test_a_folder_that_lost_its_certificates(
    tmp_path: Path, coordinator: Membership, tax: Path
) -> None:
    coordinator.add([tax], now=NOW)
    for file in (coordinator.plan.departments["Tax"].msp / "cacerts").iterdir():
        file.unlink()
    with pytest.raises(IdentityError, match="no ca certificate found"):
        coordinator.add([tax], now=NOW)
