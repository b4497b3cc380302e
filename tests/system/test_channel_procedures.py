"""The life of a channel by command: created, joined, left, changed, while transactions flow and none is lost."""

import os
import shutil
import subprocess
import sys

import pytest
from pyfabric_network.network import Network

from pyfabric.local.waiting import poll
from tests.support.extent import takes_long
from tests.support.network.containers import lose_data
from tests.support.network.programs import fabric_programs
from tests.support.network.site import Site, Traffic, sites, writing

TOPOLOGY = """\
name: small
fabric: "2.5"
departments:
  Tax: { peers: 2 }
  Health: {}   # and its clinics
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


site = sites(TOPOLOGY)


def test_a_channel_is_created_on_the_running_network(site: Site) -> None:
    members = ("--department", "Tax", "--department", "Land")
    made = site.rows("channel", "create", "archive", *members, "--contract", "sample")
    assert [(one["channel"], one["departments"]) for one in made] == [("archive", ["Tax", "Land"])]
    line = "  archive: {departments: [Tax, Land], contracts: [sample]}\n"
    assert site.topology.read_text() == TOPOLOGY.replace("contracts:\n", f"{line}contracts:\n")
    site.run("chaincode", "deploy")
    site.submit("archive", "Land", "plot", "7")
    assert site.read("archive", "Tax", "plot") == "7"
    assert site.channels("peer0.health").keys() == {"bills"}
    assert site.run("channel", "create") == ""
    assert site.rows("network", "up", "--dry-run") == []


def test_what_is_no_channel_is_not_created(site: Site) -> None:
    before = site.topology.read_text()
    unknown = site.run("channel", "create", "other", "--department", "Nobody", expect=3)
    assert "channels.other.departments.0" in unknown
    site.run("channel", "create", "other", "--contract", "sample", expect=2)
    again = site.run("channel", "create", "archive", "--department", "Health", expect=2)
    assert "pyfabric channel add-member archive DEPARTMENT" in again
    assert "no channel named other" in site.run("channel", "create", "other", expect=4)
    assert site.topology.read_text() == before


def test_a_peer_leaves_a_channel_and_comes_back(site: Site) -> None:
    if site.runtime != "embedded":
        running = site.run("channel", "leave", "archive", "peer1.tax", "--yes", expect=4)
        assert "only while it is stopped: `pyfabric network stop peer1.tax` first" in running
    site.stop("peer1.tax")
    site.run("channel", "leave", "archive", "peer1.tax", "--yes")
    site.run("channel", "leave", "archive", "peer1.tax", "--yes", expect=4)
    site.start("peer1.tax")
    assert site.channels("peer1.tax").keys() == {"bills"}
    assert site.rows("network", "up", "--dry-run") == []
    site.submit("archive", "Tax", "plot", "8")
    joined = site.rows("channel", "join", "archive")
    assert joined == [{"channel": "archive", "node": "peer1.tax"}]
    assert site.channels("peer1.tax").keys() == {"archive", "bills"}


def test_what_may_not_leave_or_join_is_refused(site: Site) -> None:
    consenter = site.run("channel", "leave", "archive", "orderer0.tax", "--yes", expect=4)
    assert "orderer0.tax is a consenter of archive" in consenter
    assert "pyfabric channel orderer remove orderer0.tax" in consenter
    assert "neither a peer nor an orderer" in site.run(
        "channel", "leave", "archive", "contracts.tax", "--yes", expect=4
    )
    outside = site.run("channel", "join", "archive", "peer0.health", expect=4)
    assert "pyfabric channel add-member archive Health" in outside
    assert "archive" not in site.channels("peer0.health")


def test_up_names_the_updates_that_the_channels_lack(site: Site) -> None:
    site.change("timeout: 50ms", "timeout: 50ms, max_messages: 77")
    refused = site.run("network", "up", expect=3)
    assert "bills: BatchSize of Orderer: max_message_count 500 → 77" in refused
    assert "pyfabric channel apply" in refused
    steps = site.rows("channel", "apply", "--dry-run")
    assert [(one["action"], one["subject"]) for one in steps] == [
        ("update", "bills"),
        ("update", "archive"),
    ]
    assert "77" in site.run("network", "up", expect=3)


def test_a_batch_size_an_acl_and_a_policy_change_while_transactions_flow(site: Site) -> None:
    site.change(
        "    departments: [Tax, Health]\n",
        "    departments: [Tax, Health]\n    policies: { Audit: ANY Admins }\n    acls: { event/Block: Audit }\n",
    )
    with writing(site) as traffic:
        site.run("channel", "apply", "--yes")
    assert traffic.outages == []
    groups = site.config("bills")
    assert groups["Orderer"]["values"]["BatchSize"]["value"]["max_message_count"] == 77
    acls = groups["Application"]["values"]["ACLs"]["value"]["acls"]
    assert acls == {"event/Block": {"policy_ref": "Audit"}}
    assert "Audit" in groups["Application"]["policies"]
    assert site.rows("channel", "apply", "--dry-run") == []
    assert site.rows("network", "up", "--dry-run") == []


def test_a_fourth_department_joins_a_running_channel_and_endorses(site: Site) -> None:
    site.change("  Land: {}\n", "  Land: {}\n  Zoo: {}\n")
    site.change("    departments: [Tax, Health]\n", "    departments: [Tax, Health, Zoo]\n")
    with writing(site) as traffic:
        site.run("channel", "apply", "--yes")
    assert traffic.outages == []
    site.submit("bills", "Zoo", "lion", "1")
    assert site.read("bills", "Zoo", "lion") == "1"
    assert site.channels("peer0.zoo").keys() == {"bills"}
    assert "ZooMSP" in site.config("bills")["Application"]["groups"]


def test_an_orderer_joins_and_is_counted_on(site: Site) -> None:
    site.change("nodes: [Tax, Health, Land]", "nodes: [Tax, Health, Land, Zoo]")
    with writing(site) as traffic:
        site.run("channel", "apply", "--yes")
    assert traffic.outages == []
    assert site.channels("orderer0.zoo").keys() == {"archive", "bills"}
    endpoints = site.config("bills")["Orderer"]["groups"]["ZooOrdererMSP"]["values"]["Endpoints"]
    assert not endpoints["value"]["addresses"][0].endswith(":9")
    site.submit("archive", "Tax", "plot", "9")


def test_a_department_and_an_orderer_are_taken_out_when_that_is_asked_for(site: Site) -> None:
    site.change("nodes: [Tax, Health, Land, Zoo]", "nodes: [Tax, Health, Land]")
    site.change("    departments: [Tax, Health, Zoo]\n", "    departments: [Tax, Health]\n")
    assert "add --remove" in site.run("channel", "apply", "--yes", expect=4)
    with writing(site) as traffic:
        site.run("channel", "apply", "--yes", "--remove")
    assert traffic.outages == []
    assert "ZooMSP" not in site.config("bills")["Application"]["groups"]
    target = ("--channel", "bills", "--context", "Zoo")
    site.run("chaincode", "invoke", "sample", "put", "lion", "2", *target, expect=6)
    assert site.read("bills", "Tax", "lion") == "1"
    site.stop("peer0.zoo")
    site.run("channel", "leave", "bills", "peer0.zoo", "--yes")
    site.start("peer0.zoo")
    assert site.channels("peer0.zoo") == {}


def test_an_interrupted_command_is_finished_by_the_next(site: Site) -> None:
    site.change("max_messages: 77", "max_messages: 78")
    site.change("    departments: [Tax, Health]\n", "    departments: [Tax, Health, Land]\n")
    environment = {**os.environ, "PYFABRIC_STATE": str(site.folder / "state")}
    command = [sys.executable, "-m", "pyfabric_cli", "channel", "apply", "--yes"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as killed:
        assert killed.stderr is not None
        for line in killed.stderr:
            if line.startswith(
                "apply: archive:"
            ):  # the first channel is changed, the second is not
                break
        killed.kill()
    assert [one["subject"] for one in site.rows("channel", "apply", "--dry-run")][:1] != ["bills"]
    with writing(site) as traffic:
        site.run("channel", "apply", "--yes")
    assert traffic.outages == []
    site.submit("bills", "Land", "plot", "12")
    assert site.rows("channel", "apply", "--dry-run") == []
    site.run("channel", "remove-member", "bills", "Land", "--yes")


def test_proposals_are_written_for_others_to_sign(site: Site) -> None:
    site.change("max_messages: 78", "max_messages: 77")
    folder = site.folder / "proposals"
    rows = site.rows("channel", "apply", "--to", str(folder))
    assert [(one["channel"], one["missing"]) for one in rows] == [("bills", []), ("archive", [])]
    for channel in ("bills", "archive"):
        site.run(
            "channel",
            "update",
            "submit",
            str(folder / f"{channel}.json"),
            "--channel",
            channel,
        )
        batch = site.config(channel)["Orderer"]["values"]["BatchSize"]["value"]
        assert batch["max_message_count"] == 77
    assert site.rows("channel", "apply", "--dry-run") == []
    site.run("channel", "apply", "--yes")


def test_members_come_and_go_by_name(site: Site) -> None:
    with writing(site) as traffic:
        site.run("channel", "add-member", "bills", "Land", "--yes")
        site.submit("bills", "Land", "plot", "12")
        site.run("channel", "remove-member", "bills", "Land", "--yes")
    assert traffic.outages == []
    assert "    departments: [Tax, Health]\n" in site.topology.read_text()
    assert site.read("bills", "Tax", "plot") == "12"
    unknown = site.run("channel", "add-member", "bills", "Nobody", "--yes", expect=4)
    assert "no department named Nobody" in unknown


def test_an_orderer_gets_another_tls_certificate(site: Site) -> None:
    before = certificates(site, "bills")
    with writing(site) as traffic:
        site.run("channel", "orderer", "renew", "orderer0.health", "--yes")
    _only_elections(traffic)
    after = certificates(site, "bills")
    assert len(before - after) == len(after - before) == 1
    assert certificates(site, "archive") == after
    site.submit("archive", "Tax", "plot", "10")
    assert site.run("network", "status")


def test_a_lost_orderer_is_replaced(site: Site) -> None:
    lost = "orderer0.land"
    network = Network.open(site.folder / "state", programs=fabric_programs())
    (node,) = (one for one in network.plan.own_orderers if one.name == lost)
    site.stop(lost)
    shutil.rmtree(node.member.folder)
    if site.runtime == "native":
        shutil.rmtree(network.root / "nodes" / lost / "data")
    elif site.runtime == "compose":
        lose_data("small", lost)
    before = certificates(site, "bills")
    with writing(site) as traffic:
        site.run("channel", "orderer", "replace", lost, "--yes")
    _only_elections(traffic)
    assert len(before - certificates(site, "bills")) == 1
    assert len(certificates(site, "bills")) == 3
    heights = site.channels(lost)
    assert heights.keys() == {"archive", "bills"}
    site.submit("bills", "Tax", "after", "1")
    assert poll(
        lambda: site.channels(lost)["bills"] > heights["bills"], until=bool, every=0.2, timeout=30
    )


def test_without_a_quorum_no_orderer_is_touched(site: Site) -> None:
    if site.runtime == "embedded":
        pytest.skip("its nodes are one process: no orderer stops alone")
    before = site.config("bills")
    site.stop("orderer0.land")
    try:
        refused = site.run("channel", "orderer", "renew", "orderer0.tax", "--yes", expect=4)
        assert "orderer0.land does not run" in refused
        site.stop("orderer0.health")
        refused = site.run("channel", "orderer", "replace", "orderer0.land", "--yes", expect=4)
        assert "the ordering service stands still" in refused
    finally:
        site.run("network", "start", "orderer0.land", "orderer0.health")
    assert site.config("bills") == before


@takes_long
def test_capabilities_are_raised(site: Site) -> None:
    site.change('fabric: "2.5"\n', "")
    with writing(site) as traffic:
        site.run("channel", "apply", "--yes")
    if site.runtime == "embedded":  # Fabric's peers are started again with the settings of Fabric 3
        assert traffic.outages == []
    for channel in ("bills", "archive"):
        capabilities = site.rows("channel", "show", "--channel", channel, "--json")
        shown = capabilities["channel_group"]["values"]["Capabilities"]["value"]["capabilities"]
        assert shown.keys() == {"V3_0"}
    site.submit("archive", "Tax", "plot", "11")


def _only_elections(traffic: Traffic) -> None:
    """Require that calls failed only while no orderer took a transaction: while Raft elects a leader.

    What the orderers that refused have said is not in the answer of Fabric's gateway, only which it did not reach.
    """
    none = "no orderers could successfully process transaction"
    assert [one for one in traffic.outages if none not in one] == []


def certificates(site: Site, channel: str) -> set[str]:
    """Return the TLS certificates of a Raft channel's consenters."""
    metadata = site.config(channel)["Orderer"]["values"]["ConsensusType"]["value"]["metadata"]
    return {one["server_tls_cert"] for one in metadata["consenters"]}
