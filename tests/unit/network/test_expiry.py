"""Certificates that expire within 30 days are reported, once each and with their file."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pyfabric_network.material.expiry import expiry_warnings
from pyfabric_network.material.keys import make_material
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import make_plan

from pyfabric.identity.certificates import load_certificate
from tests.support.network.network import write_topology

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def test_what_expires_within_30_days_is_told(tmp_path: Path) -> None:
    plan = make_plan(load_topology(write_topology(tmp_path)), tmp_path / "root", base_port=20000)
    assert expiry_warnings(plan, now=NOW) == ()  # there is nothing yet
    make_material(plan, now=NOW)
    member = plan.peers[0].member
    end = load_certificate(member.certificate.read_bytes()).not_valid_after_utc
    assert expiry_warnings(plan, now=end - timedelta(days=31)) == ()
    soon = expiry_warnings(plan, now=end - timedelta(days=29))
    assert (
        f"the certificate of peer0.tax expires on {end:%Y-%m-%d %H:%M} UTC: "
        + str(member.certificate)
        in soon
    )
    assert (
        f"the TLS certificate of contracts.health expires on {end:%Y-%m-%d %H:%M} UTC: "
        + str(plan.department("Health").contract_host.tls_certificate)
        in soon
    )
    assert any("TLS certificate of contract-client.tax expires on" in warning for warning in soon)
    assert not any(warning.startswith("the CA of") for warning in soon)  # it renews the others
    assert any(warning.startswith("the certificate of orderer0.tax expires on") for warning in soon)
    assert any("TLS certificate of Admin@ordering.tax expires on" in warning for warning in soon)
    late = expiry_warnings(plan, now=end + timedelta(days=1))
    assert [warning for warning in late if "the certificate of peer0.tax expired on" in warning]
    assert len(late) == len(set(late))
    (authority,) = [
        load_certificate((one.ca / "ca.pem").read_bytes()).not_valid_after_utc
        for one in plan.own_organizations
        if one.name == "Tax (ordering)"
    ]
    warnings = expiry_warnings(plan, now=authority - timedelta(days=29))
    assert any(one.startswith("the CA of Tax (ordering) expires on") for one in warnings)
