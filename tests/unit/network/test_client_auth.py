"""The topology key `client_auth_required`: which nodes get it, and whose TLS certificate they are shown."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.connections import endpoint
from pyfabric_network.material.keys import make_material
from pyfabric_network.profile import load_profile, profile_file, write_profiles
from pyfabric_network.program_environment import program_environment
from pyfabric_network.runtimes.compose import compose_project
from pyfabric_network.runtimes.embedded import ledger_config
from pyfabric_network.runtimes.node_config import orderer_config, peer_config
from pyfabric_network.topology.changes import check_change
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import Topology

from pyfabric.errors import NetworkError, TopologyError

TOPOLOGY = """\
name: small
{network}
departments:
  Tax: {{ users: {{ clerk: {{}}, head: {{}} }}{tax} }}
  Health: {{ peers: 1{health} }}
ordering: {{ nodes: [Tax] }}
channels: {{ bills: {{ departments: [Tax, Health] }} }}
"""
KEY = "client_auth_required: true"


def topology(folder: Path, network: str = "", tax: str = "", health: str = "") -> Topology:
    file = folder / "small.yaml"
    file.write_text(TOPOLOGY.format(network=network, tax=tax, health=health), encoding="utf-8")
    return load_topology(file)


def plan_of(folder: Path, **given: Any) -> Plan:
    options = {key: given.pop(key) for key in ("places", "containers") if key in given}
    return make_plan(topology(folder, **given), folder / "small", base_port=17000, **options)


def shown(plan: Plan) -> dict[str, str | None]:
    """Return whose TLS certificate each node is shown."""
    return {node.name: node.client and node.client.name for node in (*plan.orderers, *plan.peers)}


def test_each_node_is_shown_its_own_administrators(tmp_path: Path) -> None:
    assert set(shown(plan_of(tmp_path)).values()) == {None}
    everywhere = plan_of(tmp_path, network=KEY)
    assert shown(everywhere) == {
        "orderer0.tax": "Admin@ordering.tax",
        "peer0.tax": "Admin@tax",
        "peer0.health": "Admin@health",
    }
    assert everywhere.department("Tax").anchor_peers == everywhere.department("Tax").peers
    one = plan_of(tmp_path, health=f", {KEY}")
    assert shown(one) == {"orderer0.tax": None, "peer0.tax": None, "peer0.health": "Admin@health"}
    apart = plan_of(
        tmp_path,
        network=KEY,
        places={"Tax": Place("t", 1, here=False), "Health": Place("h", 1, here=True)},
    )
    assert set(shown(apart).values()) == {"Admin@health"}


def test_peers_that_show_none_to_their_orderers_are_refused(tmp_path: Path) -> None:
    assert plan_of(tmp_path, network=KEY, tax=f", {KEY}").topology.client_auth_required
    for given in ({"tax": f", {KEY}"}, {"network": KEY, "health": ", client_auth_required: false"}):
        with pytest.raises(TopologyError, match="orderers of Tax demand client") as caught:
            topology(tmp_path, **given)
        assert caught.value.key == "departments.Health.client_auth_required"
    off = plan_of(tmp_path, network=KEY, tax=", client_auth_required: false")
    assert shown(off)["orderer0.tax"] is None
    assert shown(off)["peer0.health"] == "Admin@health"


def test_a_network_can_be_switched(tmp_path: Path) -> None:
    before, after = topology(tmp_path), topology(tmp_path, network=KEY)
    for old, new in ((before, after), (after, before)):
        check_change(old, new, Path("x.yaml"), base_port=old.base_port)


def test_nodes_are_configured_by_fabrics_keys(tmp_path: Path) -> None:
    with_it, without = plan_of(tmp_path, network=KEY), plan_of(tmp_path)
    peer, orderer = with_it.peers[0], with_it.orderers[0]
    core = peer_config(with_it, peer, data=tmp_path, builder=tmp_path)["peer"]["tls"]
    assert core["clientAuthRequired"] is True
    assert core["clientRootCAs"] == {"files": [str(peer.member.tls_roots)]}
    general = orderer_config(with_it, orderer, data=tmp_path)["General"]["TLS"]
    assert general["ClientAuthRequired"] is True
    assert general["ClientRootCAs"] == [str(orderer.member.tls_roots)]
    plain = peer_config(without, without.peers[0], data=tmp_path, builder=tmp_path)["peer"]["tls"]
    assert plain.keys() == {"enabled", "cert", "key", "rootcert"}
    bare = orderer_config(without, without.orderers[0], data=tmp_path)["General"]["TLS"]
    assert bare.keys() == {"Enabled", "Certificate", "PrivateKey", "RootCAs"}


def test_containers_have_the_same_as_variables(tmp_path: Path) -> None:
    services = compose_project(plan_of(tmp_path, network=KEY, containers=True))["services"]
    peer, orderer = (services[name]["environment"] for name in ("peer0.tax", "orderer0.tax"))
    assert peer["CORE_PEER_TLS_CLIENTAUTHREQUIRED"] == "true"
    assert peer["CORE_PEER_TLS_CLIENTROOTCAS_FILES"] == "/etc/pyfabric/tls/ca.crt"
    assert orderer["ORDERER_GENERAL_TLS_CLIENTAUTHREQUIRED"] == "true"
    assert orderer["ORDERER_GENERAL_TLS_CLIENTROOTCAS"] == "[/etc/pyfabric/tls/ca.crt]"
    plain = compose_project(plan_of(tmp_path, containers=True))["services"]
    assert not any(name.startswith("CORE_PEER_TLS_") for name in plain["peer0.tax"]["environment"])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    plan = plan_of(tmp_path_factory.mktemp("made"), network=KEY)
    make_material(plan, now=datetime(2026, 11, 25, tzinfo=UTC))
    write_profiles(plan)
    return plan


def test_endpoints_and_fabrics_own_programs_have_the_pair(made: Plan) -> None:
    tax = made.department("Tax")
    found = endpoint(tax.peers[0])
    assert found.client_certificate == tax.admin.tls_certificate.read_bytes()
    assert found.client_key == tax.admin.tls_key.read_bytes()
    variables = program_environment(made, tax)
    assert variables["CORE_PEER_TLS_CLIENTAUTHREQUIRED"] == "true"
    assert variables["CORE_PEER_TLS_CLIENTCERT_FILE"] == str(tax.admin.tls_certificate)
    assert "Admin@ordering.tax" in variables["ORDERER_CLIENT_KEY"]


def test_the_development_ledger_has_the_same(made: Plan) -> None:
    config = ledger_config(made)
    assert config.peers[0].tls.client_roots == made.peers[0].member.tls_roots
    assert config.orderers[0].tls.client_roots == made.orderers[0].member.tls_roots


def test_a_profile_shows_the_users_own_pair(made: Plan, tmp_path: Path) -> None:
    tax = made.department("Tax")
    profile = load_profile(profile_file(made, tax))
    first, head = tax.users["clerk"], tax.users["head"]
    for found, user in (
        (profile, first),
        (profile.as_user("head"), head),
        (profile.as_user(str(head.msp)), head),
        (profile.as_user("somebody"), first),
        (profile.as_user(str(tmp_path)), first),
    ):
        for node in (*found.peers, *found.orderers):
            assert node.client_certificate == user.tls_certificate.read_bytes()
            assert node.client_key == user.tls_key.read_bytes()
    assert profile.as_user("head").user("clerk").msp_id == "TaxMSP"


def test_a_key_that_is_missing_is_named(made: Plan, tmp_path: Path) -> None:
    head = made.department("Tax").users["head"]
    moved = tmp_path / "head"
    (moved / "tls").mkdir(parents=True)
    (moved / "msp").mkdir()
    (moved / "tls/client.crt").write_bytes(head.tls_certificate.read_bytes())
    profile = load_profile(profile_file(made, made.department("Tax"))).as_user(str(moved / "msp"))
    with pytest.raises(NetworkError, match=r"head/tls/client\.key: No such file"):
        _ = profile.peers
