"""All channels of a network move from Raft to BFT by one command, and the backup leads back."""

from pathlib import Path

from tests.support.extent import takes_long
from tests.support.network.site import Site, sites

TOPOLOGY = """\
name: small
departments:
  Tax: {}
  Health: {}
ordering:
  nodes: [Tax, Tax, Health]
  batch: { timeout: 50ms }
channels:
  bills:
    departments: [Tax, Health]
    contracts: [sample]
  archive:
    departments: [Tax]
    contracts: [sample]
contracts:
  sample:
    version: "1.0"
    classes: ["sample:Sample"]
"""


site = sites(TOPOLOGY)


def test_what_cannot_move_is_refused_before_anything_is_changed(site: Site) -> None:
    before = site.config("bills")
    backup = str(site.folder / "first.backup")
    few = site.run("channel", "move-to-bft", "--backup", backup, "--yes", expect=3)
    assert "needs at least 4 orderers" in few
    text = site.topology.read_text()
    site.topology.write_text(
        text.replace("nodes:", "consensus: bft\n  nodes:").replace("Tax, Tax", "Tax, Tax, Health")
    )
    other = site.run("channel", "apply", "--yes", expect=3)
    assert "pyfabric channel move-to-bft" in other
    site.topology.write_text(text)
    assert site.config("bills") == before
    assert not Path(backup).exists()


def test_the_channels_move_with_all_that_they_have(site: Site) -> None:
    site.submit("bills", "Tax", "before", "1")
    site.run("channel", "orderer", "add", "Health", "--yes")
    backup = site.folder / "raft.backup"
    site.run("channel", "move-to-bft", "--backup", str(backup), "--yes")
    assert backup.stat().st_mode & 0o777 == 0o600
    for channel in ("bills", "archive"):
        values = site.config(channel)["Orderer"]["values"]
        assert values["ConsensusType"]["value"]["type"] == "BFT"
        assert values["ConsensusType"]["value"]["state"] == "STATE_NORMAL"
        numbers = [one["id"] for one in values["Orderers"]["value"]["consenter_mapping"]]
        assert numbers == [1, 2, 3, 4]
    assert site.read("bills", "Health", "before") == "1"
    site.submit("bills", "Tax", "after", "2")
    site.submit("archive", "Tax", "after", "3")
    assert "consensus: bft" in site.topology.read_text()
    assert site.rows("network", "up", "--dry-run") == []
    assert site.rows("channel", "apply", "--dry-run") == []


def test_the_move_has_been_made_once(site: Site) -> None:
    before = site.config("bills")
    site.run("channel", "move-to-bft", "--backup", str(site.folder / "again.backup"), "--yes")
    assert site.config("bills") == before
    assert not (site.folder / "again.backup").exists()


def test_a_lost_orderer_is_replaced_under_bft(site: Site) -> None:
    site.stop("orderer1.health")
    site.run("channel", "orderer", "replace", "orderer1.health", "--yes")
    mapping = site.config("bills")["Orderer"]["values"]["Orderers"]["value"]["consenter_mapping"]
    assert len({one["id"] for one in mapping}) == 4
    site.submit("bills", "Tax", "replaced", "4")
    assert site.read("bills", "Health", "replaced") == "4"


@takes_long
def test_the_backup_leads_back_to_raft(site: Site) -> None:
    """Transactions that BFT ordered are lost; nothing was ordered between the backup and BFT."""
    backup = str(site.folder / "raft.backup")
    site.run("network", "down")
    site.run("network", "restore", backup, "--yes")
    up = site.ended("network", "up")
    assert up.code == 0
    command = f"`pyfabric channel move-to-bft --backup {backup}` was interrupted"
    assert command in up.err
    target = ("--channel", "bills", "--context", "Tax")
    site.run("chaincode", "invoke", "sample", "put", "a", "1", *target, expect=8)
    site.run("channel", "move-to-bft", "--back")
    for channel in ("bills", "archive"):
        consensus = site.config(channel)["Orderer"]["values"]["ConsensusType"]["value"]
        assert (consensus["type"], consensus["state"]) == ("etcdraft", "STATE_NORMAL")
    assert site.read("bills", "Health", "before") == "1"
    assert site.read("bills", "Health", "replaced") == ""
    site.submit("bills", "Tax", "again", "5")
    assert site.read("bills", "Health", "again") == "5"
    assert "interrupted" not in site.ended("network", "status").err
    assert site.rows("doctor")["findings"] == []
    site.run("channel", "move-to-bft", "--back")
    site.run("channel", "move-to-bft", expect=2)
