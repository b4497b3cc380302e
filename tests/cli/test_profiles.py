"""Contexts with connection profiles of other tools, on a running network."""

from pathlib import Path

import yaml
from pyfabric_network.network import Network

from tests.cli.conftest import Run


def foreign(network: Network, file: Path) -> None:
    """Write a profile as Fabric's Node SDK has it: two organisations, no client, no users."""
    peers = {
        peer.name: {
            "url": f"grpcs://{peer.outside}",
            "tlsCACerts": {"path": str(peer.member.tls_roots)},
            "grpcOptions": {"ssl-target-name-override": peer.name},
        }
        for peer in network.plan.peers
    }
    organizations = {
        one.name: {"mspid": one.msp_id, "peers": [peer.name for peer in one.peers]}
        for one in network.plan.departments.values()
    }
    file.write_text(yaml.safe_dump({"organizations": organizations, "peers": peers}))


def test_a_foreign_profile_connects_with_an_msp_folder(
    run: Run, network: Network, state: Path, tmp_path: Path
) -> None:
    foreign(network, tmp_path / "network.yaml")
    folder = str(network.plan.department("Tax").admin.msp)
    given = ("--profile", str(tmp_path / "network.yaml"), "--user", folder, "--channel", "land")
    channel = next(iter(network.plan.channels))
    given = (*given[:-1], channel)
    refused = run("context", "set", "foreign", *given)
    assert refused.code == 4
    assert "client.organization: field required" in refused.err
    assert "foreign" not in run("context", "list").out
    assert run("context", "set", "foreign", *given, "--organization", "Tax").code == 0
    try:
        height = run("ledger", "height", "--context", "foreign", "-o", "json")
        assert height.json()["height"] >= 1
        shown = run("context", "show", "foreign", "-o", "json").json()
        assert (shown["msp_id"], shown["users"]) == ("TaxMSP", [])
    finally:
        run("context", "remove", "foreign")


def test_what_profile_prints_is_a_profile(
    run: Run, network: Network, state: Path, tmp_path: Path
) -> None:
    file = tmp_path / "printed.yaml"
    file.write_text(run("network", "profile", "Tax", "--format", "yaml").out)
    assert "PRIVATE KEY" not in file.read_text()
    assert "      pem: |\n        -----BEGIN CERTIFICATE-----\n" in file.read_text()
    as_json = run("network", "profile", "Tax", "--format", "json").json()
    assert yaml.safe_load(file.read_text()) == as_json
    channel = next(iter(network.plan.channels))
    given = ("--profile", str(file), "--user", "Admin", "--channel", channel)
    assert run("context", "set", "printed", *given).code == 0
    try:
        assert run("ledger", "height", "--context", "printed", "-o", "json").code == 0
    finally:
        run("context", "remove", "printed")
