"""A network whose nodes demand a TLS certificate of every client: who is served, and what the others learn."""

import asyncio
import json
import shlex
import shutil
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fabric_protos.discovery import protocol_pb2
from pyfabric_network.connections import endpoint
from pyfabric_network.diagnosis.facts import Encounter
from pyfabric_network.diagnosis.probing import probe
from pyfabric_network.network import Network
from pyfabric_network.profile import Profile, load_profile, profile_file
from pyfabric_network.topology.plan import Plan

from pyfabric.client.envelopes import tls_certificate_hash
from pyfabric.errors import GatewayError, StatusCode
from pyfabric.gateway import Admin, Endpoint, connect
from pyfabric.identity.folders import load_ca
from pyfabric.identity.issuing import CertificateAuthority
from pyfabric.identity.keys import generate_private_key, private_key_pem
from pyfabric.identity.signing import SigningIdentity
from tests.support.ledger.raw_gateway import RawGateway
from tests.support.network.programs import fabric_programs, needs_fabric
from tests.support.network.site import Site, sites, writing
from tests.unit.discovery.test_service import raw as discover
from tests.unit.ledger_peer.test_streams import deliver, kinds, seek

TOPOLOGY = """\
name: small
client_auth_required: true
departments:
  Tax: { users: { clerk: {} } }
  Health: {}
  Land: {}
ordering:
  nodes: [Tax, Health, Land]
  batch: { timeout: 50ms }
times: { publish_interval: 250ms }
channels:
  bills:
    departments: [Tax, Health]
    contracts: [sample]
contracts:
  sample:
    version: "1.0"
    classes: ["sample:Sample"]
"""


site = sites(TOPOLOGY)


def plan_of(site: Site) -> Plan:
    return Network.open(site.folder / "state", programs=fabric_programs()).plan


def profile_of(site: Site, department: str) -> Profile:
    plan = plan_of(site)
    return load_profile(profile_file(plan, plan.department(department)))


def peer_of(site: Site, department: str) -> Endpoint:
    """Return a department's peer, without a certificate to show."""
    found = endpoint(plan_of(site).department(department).peers[0])
    return replace(found, client_certificate=None, client_key=None)


def showing(node: Endpoint, authority: CertificateAuthority) -> Endpoint:
    """Return a node that is shown a new certificate of a CA."""
    key = generate_private_key()
    certificate = authority.issue(
        "program", now=datetime.now(UTC), public_key=key.public_key(), tls=True
    )
    return replace(node, client_certificate=certificate, client_key=private_key_pem(key))


def tls_ca(site: Site, department: str, *, ordering: bool = False) -> CertificateAuthority:
    found = plan_of(site).department(department)
    owner = found.ordering if ordering else found
    assert owner is not None
    return load_ca(owner.tls_ca)


def refusal(site: Site, node: Endpoint) -> str:
    """Return how a peer refuses a client, which asks for the chain of `bills` as the clerk of Tax."""
    with (
        Admin(profile_of(site, "Tax").user("clerk")) as admin,
        pytest.raises(GatewayError) as caught,
    ):
        admin.chain_info(node, "bills")
    assert caught.value.code is StatusCode.UNAVAILABLE
    return str(caught.value)


def test_everybody_shows_a_certificate_of_their_own(site: Site) -> None:
    site.submit("bills", "Tax", "plot", "7")
    assert site.read("bills", "Health", "plot") == "7"
    document = json.loads(profile_file(plan_of(site), plan_of(site).department("Tax")).read_bytes())
    pair = document["client"]["tlsCerts"]["client"]
    assert "PRIVATE KEY" not in json.dumps(document)
    folder = plan_of(site).root / "profiles"
    for user in ("clerk", "Admin"):
        tls = plan_of(site).department("Tax").users[user].tls
        assert stat.S_IMODE((tls / "client.key").stat().st_mode) == 0o600
        shown = profile_of(site, "Tax").as_user(user).peers[0]
        assert shown.client_certificate == (tls / "client.crt").read_bytes()
    assert (folder / pair["key"]["path"]).samefile(
        plan_of(site).department("Tax").users["clerk"].tls_key
    )
    profile = profile_of(site, "Tax")
    with connect(profile.user("clerk"), profile.peers) as gateway:
        assert gateway.network("bills").contract("sample").evaluate("get", "plot") == b"7"
        with gateway.network("bills").block_events(start_block=0) as stream:
            assert next(stream).number == 0


def test_a_client_without_a_certificate_is_told_what_to_do(site: Site) -> None:
    text = refusal(site, peer_of(site, "Tax"))
    assert "demands a TLS client certificate, and was shown none" in text
    assert "client.tlsCerts.client" in text
    assert "client_auth_required" in text


def test_only_certificates_of_members_are_taken(site: Site) -> None:
    now = datetime.now(UTC)
    stranger = CertificateAuthority.create("tlsca.tax", "Tax", now=now)
    peer = peer_of(site, "Tax")
    for other in (stranger, tls_ca(site, "Land"), tls_ca(site, "Tax", ordering=True)):
        assert "refuses the TLS client certificate" in refusal(site, showing(peer, other))
    with Admin(profile_of(site, "Tax").user("clerk")) as admin:
        for member in ("Tax", "Health"):
            found = admin.chain_info(showing(peer, tls_ca(site, member)), "bills")
            assert found.height > 1


def test_requests_are_bound_to_the_certificate(site: Site) -> None:
    peer = showing(peer_of(site, "Tax"), tls_ca(site, "Tax"))
    orderer = replace(
        endpoint(plan_of(site).orderers[0]),
        client_certificate=peer.client_certificate,
        client_key=peer.client_key,
    )
    clerk = profile_of(site, "Tax").user("clerk")
    own, other = (tls_certificate_hash(one) for one in (peer, endpoint_of_admin(site)))
    assert asyncio.run(seen_with(peer, orderer, clerk, own)) == ("block", "block", "config_result")
    for wrong in (other, b""):
        assert asyncio.run(seen_with(peer, orderer, clerk, wrong)) == (400, 400, "config_result")


def endpoint_of_admin(site: Site) -> Endpoint:
    return endpoint(plan_of(site).department("Tax").peers[0])


async def seen_with(
    peer: Endpoint, orderer: Endpoint, who: SigningIdentity, certificate_hash: bytes
) -> tuple[Any, ...]:
    """Return what Deliver of a peer and an orderer, and discovery, answer to requests with this hash."""
    authentication = protocol_pb2.AuthInfo(
        client_identity=who.serialized(), client_tls_cert_hash=certificate_hash
    )
    query = protocol_pb2.Query(channel="bills", config_query={})
    asked = seek(who, 0, 0, channel="bills", certificate_hash=certificate_hash)
    found: list[Any] = []
    for node, service in ((peer, "protos.Deliver"), (orderer, "orderer.AtomicBroadcast")):
        gateway = RawGateway(node)
        found.append(kinds(await deliver(gateway, asked, service=service))[0])
        await gateway.close()
    answer = await discover(peer, who, [query], authentication=authentication)
    return *found, answer.results[0].WhichOneof("result")


def test_a_newcomer_is_taken_once_the_channel_has_it(site: Site) -> None:
    peer, newcomer = peer_of(site, "Tax"), tls_ca(site, "Land")
    assert "refuses" in refusal(site, showing(peer, newcomer))
    with writing(site) as traffic:
        site.run("channel", "add-member", "bills", "Land", "--yes")
    assert not traffic.outages
    site.run("chaincode", "deploy")
    site.submit("bills", "Land", "field", "9")
    assert site.read("bills", "Tax", "field") == "9"
    with Admin(profile_of(site, "Tax").user("clerk")) as admin:
        assert admin.chain_info(showing(peer, newcomer), "bills").height > 1


@needs_fabric
def test_fabrics_own_programs_are_served_with_the_certificate(site: Site, tmp_path: Path) -> None:
    exports = [
        line.removeprefix("export ") for line in site.run("network", "env", "Health").splitlines()
    ]
    known = dict(shlex.split(line)[0].split("=", 1) for line in exports)
    pair = ("--certfile", known["ORDERER_CLIENT_CERT"], "--keyfile", known["ORDERER_CLIENT_KEY"])
    orderer = ("-o", known["ORDERER_ADDRESS"], "--tls", "--cafile", known["ORDERER_CA"])
    fetch = ("channel", "fetch", "newest", str(tmp_path / "block"), "-c", "bills")

    def ends(*command: str, **changed: str) -> int:
        program, *arguments = command
        done = subprocess.run(
            [f"{fabric_programs() or '/usr/bin'}/{program}", *arguments],
            env={**known, **changed}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode

    off = {"CORE_PEER_TLS_CLIENTAUTHREQUIRED": "false"}
    for command in (
        ("channel", "list"),
        ("lifecycle", "chaincode", "querycommitted", "-C", "bills"),
        fetch,
    ):
        assert ends("peer", *command) == 0, command
        assert ends("peer", *command, **off) != 0, command
    assert ends("peer", *fetch, *orderer, "--clientauth", *pair) == 0
    assert ends("peer", *fetch, *orderer) != 0
    user = plan_of(site).department("Health").admin
    (key,) = (user.msp / "keystore").iterdir()
    who = ("--userKey", str(key), "--userCert", str(user.certificate), "--MSP", "HealthMSP")
    peer = ("--server", known["CORE_PEER_ADDRESS"], "--channel", "bills")
    roots = ("--peerTLSCA", known["CORE_PEER_TLS_ROOTCERT_FILE"])
    own = ("--tlsCert", str(user.tls_certificate), "--tlsKey", str(user.tls_key))
    assert ends("discover", *roots, *own, *who, "peers", *peer) == 0
    assert ends("discover", *roots, *who, "peers", *peer) != 0


def test_the_doctor_finds_a_profile_without_the_right_certificate(
    site: Site, tmp_path: Path
) -> None:
    assert site.rows("doctor")["findings"] == []
    file = profile_file(plan_of(site), plan_of(site).department("Tax"))
    wrong = showing(peer_of(site, "Tax"), tls_ca(site, "Tax", ordering=True))
    pair = {
        "cert": {"pem": (wrong.client_certificate or b"").decode()},
        "key": {"pem": (wrong.client_key or b"").decode()},
    }
    for shown, met in (
        ({}, Encounter.WANTS_CERTIFICATE),
        ({"client": pair}, Encounter.REFUSES_CERTIFICATE),
    ):
        document = json.loads(file.read_bytes())
        document["client"]["tlsCerts"] = shown
        other = file.with_name("other.json")
        other.write_text(json.dumps(document))
        user = str(plan_of(site).department("Tax").users["clerk"].msp)
        # Without the certificate that is beside it.
        copied = shutil.copytree(user, tmp_path / met.name)
        site.run(
            "context",
            "set",
            "other",
            "--profile",
            str(other),
            "--user",
            str(copied),
            "--channel",
            "bills",
        )
        assert probe(load_profile(other).peers[0]).encounter is met
        assert "wrong: tls-client;" in site.run("doctor", "--context", "other", expect=4)
        said = site.run(
            "chaincode", "query", "sample", "get", "plot", "--context", "other", expect=7
        )
        assert "TLS client certificate" in said
        assert "--check tls-client" in said
        other.unlink()


def test_it_is_switched_off_and_on_again(site: Site) -> None:
    plan = plan_of(site)
    cas = {one.cas.name for one in plan.own if one.cas is not None}
    names = {node.name for node in plan.own_nodes} | cas
    with Admin(profile_of(site, "Tax").user("clerk")) as admin:
        peer = peer_of(site, "Tax")
        for before, after in (("true", "false"), ("false", "true")):
            key = "client_auth_required: "
            text = site.topology.read_text().replace(f"{key}{before}", f"{key}{after}")
            site.topology.write_text(text)
            steps = site.rows("network", "up", str(site.topology), "--dry-run")
            assert {one["subject"] for one in steps if one["action"] == "start"} == names
            site.run("network", "up", str(site.topology))
            assert site.read("bills", "Health", "plot") == "7"
            profile = json.loads(
                profile_file(plan_of(site), plan_of(site).department("Tax")).read_bytes()
            )
            assert ("tlsCerts" in profile["client"]) == (after == "true")
            if after == "false":
                assert admin.chain_info(peer, "bills").height > 1
        assert "demands" in refusal(site, peer)
