"""Certificates renewed by command, while transactions flow and none is lost."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pyfabric.identity.certificates import load_certificate
from tests.support.extent import takes_long
from tests.support.network.site import Site, Traffic, sites, writing

TOPOLOGY = """\
name: small
departments:
  Tax: { peers: 2, users: { ann: {} } }
  Health: { peers: 2, intermediate_ca: true }
  Land: {}
ordering:
  nodes: [Tax, Health, Land]
  batch: { timeout: 50ms }
channels:
  bills:
    departments: [Tax, Health]
    contracts: [sample]
contracts:
  sample:
    version: "1.0"
    classes: ["sample:Sample"]
"""

CONTRACTS = "could not launch chaincode"
"""While a contract host starts again, which is said before."""

STARTING = "no peer combination can satisfy the endorsement policy"
"""A peer of Fabric that has just started refuses for a moment, until it knows the others."""


site = sites(TOPOLOGY)


def serials(site: Site) -> dict[tuple[str, str], int]:
    """Return the serial number of each certificate in use, by its holder and use."""
    return {
        (one["holder"], one["use"]): load_certificate(Path(one["place"]).read_bytes()).serial_number
        for one in site.rows("identity", "expiring")
        if Path(one["place"]).is_file()
    }


def changed(site: Site, before: dict[tuple[str, str], int]) -> set[tuple[str, str]]:
    """Return whose certificates have changed since."""
    after = serials(site)
    assert after.keys() == before.keys()
    return {key for key, serial in after.items() if before[key] != serial}


def keys(site: Site, name: str) -> list[bytes]:
    """Return the keys of a member."""
    folder = next(site.folder.glob(f"state/small/organizations/**/{name}"))
    return [
        file.read_bytes()
        for file in sorted(folder.glob("*/**/*key")) + sorted(folder.glob("msp/keystore/*"))
    ]


def renew(site: Site, *arguments: str) -> Traffic:
    """Renew while transactions flow."""
    with writing(site) as traffic:
        site.run("network", "renew", *arguments, "--yes")
    return traffic


def test_a_user_gets_a_new_certificate(site: Site) -> None:
    before, held = serials(site), keys(site, "ann@tax")
    steps = site.rows("network", "renew", "ann@tax", "--dry-run")
    assert [(one["action"], one["subject"], one["away"]) for one in steps] == [
        ("renew", "ann@tax", "")
    ]
    assert changed(site, before) == set()
    site.run("network", "renew", "ann@tax", "--yes")
    assert changed(site, before) == {("ann@tax", "identity"), ("ann@tax", "TLS")}
    assert keys(site, "ann@tax") == held
    site.run("chaincode", "invoke", "sample", "put", "a", "1", "--context", "Tax", "--user", "ann")
    site.run("network", "renew", "ann@tax", "--new-keys", "--yes")
    assert keys(site, "ann@tax") != held
    site.run("chaincode", "invoke", "sample", "put", "a", "2", "--context", "Tax", "--user", "ann")
    assert site.rows("network", "up", "--dry-run") == []


def test_peers_get_new_certificates(site: Site) -> None:
    before = serials(site)
    traffic = renew(site, "peer0.tax", "peer1.tax", "--new-keys")
    without_outage(traffic)
    assert {holder for holder, _ in changed(site, before)} == {"peer0.tax", "peer1.tax"}
    assert site.rows("network", "up", "--dry-run") == []


@takes_long
def test_a_contract_host_and_what_peers_show_to_it_are_renewed(site: Site) -> None:
    before = serials(site)
    steps = site.rows("network", "renew", "contracts.tax", "contract-client.tax", "--dry-run")
    assert "the contracts of Tax start again" in steps[0]["away"]
    traffic = renew(site, "contracts.tax", "contract-client.tax", "--new-keys")
    without_outage(traffic, CONTRACTS)
    assert {holder for holder, _ in changed(site, before)} == {
        "contracts.tax",
        "contract-client.tax",
    }
    site.submit("bills", "Tax", "after-hosts", "1")
    assert site.rows("network", "up", "--dry-run") == []


def test_an_orderer_gets_new_certificates_with_the_same_key_and_with_new_ones(site: Site) -> None:
    for options in ((), ("--new-keys",)):
        before, known = serials(site), consenters(site)
        traffic = renew(site, "orderer0.tax", *options)
        without_outage(traffic)
        assert {holder for holder, _ in changed(site, before)} == {"orderer0.tax"}
        assert len(consenters(site) - known) == 1
        assert [one for one in site.rows("identity", "expiring") if one["note"]] == []
        addresses = site.config("bills")["Orderer"]["groups"]["TaxOrdererMSP"]["values"]
        assert len(addresses["Endpoints"]["value"]["addresses"]) == 1
    assert site.rows("network", "up", "--dry-run") == []


@pytest.mark.parametrize(
    "authority",
    [
        "ca.tax",
        *(
            pytest.param(authority, marks=takes_long)
            for authority in (
                "tlsca.tax",
                "tlsca.ordering.health",
                "rootca.health",
                "ca.ordering.land",
            )
        ),
    ],
)
def test_an_authority_is_replaced_with_all_that_it_issued(site: Site, authority: str) -> None:
    before = serials(site)
    traffic = renew(site, authority, "--prepare")
    without_outage(traffic)
    assert changed(site, before) == set()
    traffic = renew(site)  # whose programs have read the profiles that have the new CA
    without_outage(traffic, CONTRACTS)
    assert (authority, "issuing") in changed(site, before)
    former = [one for one in site.rows("identity", "expiring") if one["note"]]
    assert {(one["holder"], one["note"]) for one in former} >= {
        (authority, "former, nothing chains to it")
    }
    site.submit("bills", "Tax", authority, "1")
    with writing(site) as traffic:
        site.run("network", "renew", "--drop-former", authority, "--yes")
    without_outage(traffic)
    assert authority not in [
        one["holder"] for one in site.rows("identity", "expiring") if one["note"]
    ]
    site.submit("bills", "Tax", authority, "2")
    assert site.rows("network", "up", "--dry-run") == []


def test_what_may_not_be_renewed_is_refused_and_nothing_is_changed(site: Site) -> None:
    before, config = serials(site), site.config("bills")
    unknown = site.run("network", "renew", "nobody@tax", "--yes", expect=4)
    assert "nobody named nobody@tax" in unknown
    assert "nothing to renew is named" in site.run("network", "renew", "--yes", expect=4)
    assert "peer0.tax is no CA" in site.run(
        "network", "renew", "--drop-former", "peer0.tax", "--yes", expect=4
    )
    if site.runtime != "embedded":
        site.stop("orderer0.land")
        lost = site.run("network", "renew", "orderer0.tax", "--yes", expect=4)
        assert "orderer0.land does not run" in lost
        site.start("orderer0.land")
    assert changed(site, before) == set()
    assert site.config("bills") == config
    assert not list(site.folder.glob("state/small/organizations/**/next"))
    assert "no renewal was interrupted" in site.run("network", "renew", "--yes", expect=4)


@takes_long
def test_a_renewal_that_is_killed_at_every_step_is_continued(site: Site) -> None:
    """Kill the command as soon as it prints its next step, until there is nothing left to do."""
    if site.runtime != "embedded":
        pytest.skip("the same steps take ten times as long on Fabric's programs")
    before = serials(site)
    first = interrupted(site, "ca.tax", "--yes")
    steps = [first, *iter(lambda: interrupted(site, "--yes"), "")]
    assert len(steps) >= 8
    renewed = {holder for holder, use in changed(site, before) if use != "TLS"}
    assert renewed == {"ca.tax", "peer0.tax", "peer1.tax", "Admin@tax", "ann@tax"}
    site.submit("bills", "Tax", "after-kills", "1")
    assert site.rows("network", "up", "--dry-run") == []
    site.run("network", "renew", "--drop-former", "ca.tax", "--yes")


def interrupted(site: Site, *arguments: str) -> str:
    """Begin a renewal and kill it in its second step; return that step, or nothing if there was none."""
    environment = {**os.environ, "PYFABRIC_STATE": str(site.folder / "state")}
    command = [sys.executable, "-m", "pyfabric_cli", "network", "renew", *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as killed:
        assert killed.stderr is not None
        steps = (line for line in killed.stderr if line.startswith("renew: "))
        next(steps, "")
        second = next(steps, "")
        killed.kill()
    return second


def without_outage(traffic: Traffic, *announced: str) -> None:
    """Require that calls failed only with texts of what was announced, or while Raft elected a leader."""
    allowed = ("no Raft leader", STARTING, *announced)
    assert [one for one in traffic.outages if not any(text in one for text in allowed)] == []


def consenters(site: Site) -> set[str]:
    """Return the TLS certificates by which the channel knows its orderers."""
    metadata = site.config("bills")["Orderer"]["values"]["ConsensusType"]["value"]["metadata"]
    return {one["server_tls_cert"] for one in metadata["consenters"]}


BFT = TOPOLOGY.replace("name: small", "name: small-bft").replace(
    "Land]", "Land, Land]\n  consensus: bft"
)


bft = sites(BFT)


@takes_long
def test_an_orderer_of_bft_gets_new_certificates(bft: Site) -> None:
    for options in ((), ("--new-keys",)):
        before, known = serials(bft), mapping(bft)
        traffic = renew(bft, "orderer1.land", *options)
        without_outage(traffic)
        assert changed(bft, before) == {("orderer1.land", "identity"), ("orderer1.land", "TLS")}
        ((old, new),) = [
            pair for pair in zip(known, mapping(bft), strict=True) if pair[0] != pair[1]
        ]
        assert old["identity"] != new["identity"]
        assert old["server_tls_cert"] != new["server_tls_cert"]
    bft.submit("bills", "Tax", "after-bft", "1")
    assert bft.rows("network", "up", "--dry-run") == []


@takes_long
def test_the_root_of_an_orderer_of_bft_is_replaced(bft: Site) -> None:
    traffic = renew(bft, "ca.ordering.tax")
    without_outage(traffic)
    bft.run("network", "renew", "--drop-former", "ca.ordering.tax", "--yes")
    bft.submit("bills", "Tax", "after-root", "1")


def mapping(site: Site) -> list[dict[str, str]]:
    """Return the consenters of the BFT channel."""
    found = site.config("bills")["Orderer"]["values"]["Orderers"]["value"]["consenter_mapping"]
    assert isinstance(found, list)
    return found
