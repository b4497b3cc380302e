"""CA servers of departments: which there are, where they listen, and what they start with."""

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from pyfabric_network.material.ca_server import (
    REGISTRAR,
    registrar_secret,
    server_configs,
)
from pyfabric_network.material.keys import make_material, missing_material
from pyfabric_network.profile.writing import connection_profile
from pyfabric_network.runtimes.embedded import ledger_config
from pyfabric_network.runtimes.programs import find_ca_server
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan, make_plan

from pyfabric.errors import NetworkError
from pyfabric.identity.certificates import load_certificate
from pyfabric.messages.addresses import Address

TOPOLOGY = """\
name: small
ca_server: true
departments:
  Tax: { intermediate_ca: true }
  Land: {}
  Ops: { peers: 0 }
  Health: { ca_server: false }
ordering: { nodes: [Tax, Ops] }
channels: { bills: { departments: [Tax, Land, Health] } }
"""
NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


def plan_of(folder: Path, text: str = TOPOLOGY, *, every_ca: bool = False) -> Plan:
    file = folder / "small.yaml"
    file.write_text(text)
    return make_plan(load_topology(file), folder / "net", base_port=20000, every_ca=every_ca)


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return plan_of(tmp_path)


def server_of(plan: Plan, department: str) -> CAServer:
    found = plan.departments[department].cas
    assert found is not None
    return found


def test_a_server_has_the_cas_of_both_organisations(plan: Plan) -> None:
    tax = server_of(plan, "Tax")
    assert [(ca.name, ca.msp_id, ca.tls) for ca in tax.served] == [
        ("ca.tax", "TaxMSP", False),
        ("tlsca.tax", "TaxMSP", True),
        ("ca.ordering.tax", "TaxOrdererMSP", False),
        ("tlsca.ordering.tax", "TaxOrdererMSP", True),
    ]
    assert [ca.name for ca in server_of(plan, "Land").served] == ["ca.land", "tlsca.land"]
    ops = server_of(plan, "Ops")
    assert ops.name == "ca.ordering.ops"
    assert [ca.msp_id for ca in ops.served] == ["OpsOrdererMSP", "OpsOrdererMSP"]
    assert plan.departments["Health"].cas is None


def test_a_server_listens_at_its_department_s_two_ports_on_this_machine_alone(plan: Plan) -> None:
    land = server_of(plan, "Land")
    assert land.listening() == {
        "ca.land": Address("127.0.0.1", 20068),
        "ca.land (operations)": Address("127.0.0.1", 20069),
    }
    assert land.listening().items() <= plan.listening().items()
    assert not land.listening().items() <= plan.listening(running=["ca.land"]).items()


def test_the_embedded_runtime_serves_the_cas_of_every_department(tmp_path: Path) -> None:
    text = TOPOLOGY.replace("ca_server: true\n", "")
    assert plan_of(tmp_path, text).own_ca_servers == ()
    plan = plan_of(tmp_path, text, every_ca=True)
    names = ["ca.tax", "ca.land", "ca.ordering.ops", "ca.health"]
    assert [server.name for server in plan.own_ca_servers] == names
    make_material(plan, now=NOW)
    assert [server.name for server in ledger_config(plan).cas] == names


def test_the_registrar_s_secret_is_made_once_and_private(plan: Plan) -> None:
    make_material(plan, now=NOW)
    tax, land = server_of(plan, "Tax"), server_of(plan, "Land")
    secret = registrar_secret(tax)
    assert len(secret) >= 32
    assert secret != registrar_secret(land)
    assert stat.S_IMODE(tax.registrar_secret.stat().st_mode) == 0o600
    assert missing_material(plan) == []
    make_material(plan, now=NOW)
    assert registrar_secret(tax) == secret
    tax.registrar_secret.unlink()
    with pytest.raises(NetworkError, match=r"registrar.secret: No such file.*makes another"):
        registrar_secret(tax)


def test_a_server_s_tls_certificate_is_of_its_first_organisation(plan: Plan) -> None:
    make_material(plan, now=NOW)
    for department, authority in (("Tax", "tlsca.tax"), ("Ops", "tlsca.ordering.ops")):
        member = server_of(plan, department).member
        issuer = load_certificate(member.tls_certificate.read_bytes()).issuer
        assert authority in issuer.rfc4514_string()


def test_an_intermediate_ca_sends_its_root_too(plan: Plan) -> None:
    make_material(plan, now=NOW)
    tax, tls, *_ = server_of(plan, "Tax").served
    assert tax.chain.read_bytes() == tax.certificate.read_bytes() + tax.roots.read_bytes()
    assert tax.roots == plan.departments["Tax"].root_ca / "ca.pem"
    assert tls.chain == tls.roots == tls.certificate


def test_the_configurations_of_fabric_s_server(plan: Plan) -> None:
    make_material(plan, now=NOW)
    tax = server_of(plan, "Tax")
    inside, member = Path("/cas"), Path("/server")
    found = server_configs(
        tax,
        listen=Address("0.0.0.0", 7054),
        operations=Address("127.0.0.1", 9443),
        inside=inside,
        member=member,
    )
    configs = {name: yaml.safe_load(text) for name, text in found.items()}
    own = configs["fabric-ca-server-config.yaml"]
    others = [f"{ca.name}/fabric-ca-server-config.yaml" for ca in tax.served[1:]]
    assert own["cafiles"] == others == list(configs)[1:]
    assert (own["address"], own["port"]) == ("0.0.0.0", 7054)
    assert own["ca"] == {
        "name": "ca.tax",
        "certfile": "/cas/ca/ca.pem",
        "keyfile": "/cas/ca/ca.key",
        "chainfile": "/server/ca.tax/chain.pem",
    }
    assert configs[others[-1]]["ca"]["certfile"] == "/cas/ordering/tlsca/ca.pem"
    for ca, config in zip(tax.served, configs.values(), strict=True):
        (registrar,) = config["registry"]["identities"]
        assert (registrar["name"], registrar["pass"]) == (REGISTRAR, registrar_secret(tax))
        usages = config["signing"]["default"]["usage"]
        assert ("server auth" in usages) is ca.tls


def test_profiles_name_the_department_s_cas(plan: Plan) -> None:
    make_material(plan, now=NOW)
    profile = connection_profile(plan, plan.departments["Tax"])
    tax = server_of(plan, "Tax")
    organization = profile["organizations"]["Tax"]
    assert organization["certificateAuthorities"] == ["ca.tax", "tlsca.tax"]
    assert list(profile["certificateAuthorities"]) == [ca.name for ca in tax.served]
    entry = profile["certificateAuthorities"]["ca.ordering.tax"]
    assert entry["url"] == f"https://{tax.address}"
    assert entry["caName"] == "ca.ordering.tax"
    assert entry["tlsCACerts"]["pem"] == [tax.member.tls_roots.read_text()]
    assert registrar_secret(tax) not in str(profile)
    assert "certificateAuthorities" not in connection_profile(plan, plan.departments["Health"])


def test_a_missing_program_is_named_with_the_key_that_wants_it(tmp_path: Path) -> None:
    with pytest.raises(
        NetworkError,
        match=rf"^Fabric's program fabric-ca-server is not in {tmp_path}: `ca_server` in the topology needs it",
    ):
        find_ca_server(tmp_path)


def test_an_old_program_is_refused(tmp_path: Path) -> None:
    program = tmp_path / "fabric-ca-server"
    program.write_text("#!/bin/sh\nprintf 'fabric-ca-server:\\n Version: 1.4.9\\n'\n")
    program.chmod(0o755)
    with pytest.raises(NetworkError, match=r"is Fabric CA 1\.4; this network needs 1\.5 or later"):
        find_ca_server(tmp_path)
