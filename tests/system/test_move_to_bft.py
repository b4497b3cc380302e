"""All channels of a network move from Raft to BFT by one command, and the backup leads back."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.network.programs import skip_without_fabric
from tests.support.network.site import Site, started_site

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


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("native", marks=pytest.mark.fabric)]
)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Provide a running network with three orderers of Raft on each runtime."""
    if request.param != "embedded":
        skip_without_fabric()
    with started_site(tmp_path_factory.mktemp(request.param), request.param, TOPOLOGY) as site:
        yield site


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
