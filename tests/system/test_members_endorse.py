"""Members that come to a channel and leave it, where contracts name the departments that endorse and keep data."""

from tests.support.network.site import Site, sites

TWO = "OR('TaxMSP.peer', 'HealthMSP.peer')"
THREE = "OR('TaxMSP.peer', 'HealthMSP.peer', 'LandMSP.peer')"
WITH_LAND = "AND('TaxMSP.peer', 'LandMSP.peer')"
TOPOLOGY = f"""\
name: small
departments:
  Tax: {{}}
  Health: {{}}
  Land: {{}}
ordering:
  nodes: [Tax]
  batch: {{ timeout: 50ms }}
channels:
  bills:
    departments: [Tax, Health]
    contracts: [sample]
contracts:
  sample:
    version: "1.0"
    sequence: 1
    classes: ["sample:Sample"]
    endorsement: "{TWO}"
    collections:
      letters: {{ members: [Tax, Health] }}
"""

site = sites(TOPOLOGY)


def committed(site: Site) -> tuple[int, str]:
    """Return the sequence and the endorsement policy of the contract that is in force."""
    (found,) = site.rows("chaincode", "list", "--channel", "bills", "--context", "Tax")
    return found["sequence"], found["endorsement"]


def test_what_a_new_member_cannot_endorse_is_named(site: Site) -> None:
    ended = site.ended("channel", "add-member", "bills", "Land", "--yes")
    assert ended.code == 0, ended.err
    for part in f"the endorsement policy {TWO} of sample", "collection letters of ":
        assert f"Land has come to bills and has no part in {part}" in ended.err
    assert "with sequence: 2, then `pyfabric chaincode deploy sample`" in ended.err
    assert committed(site) == (1, TWO)
    site.run("channel", "remove-member", "bills", "Land", "--yes")


def test_policies_that_the_topology_has_for_a_new_member_are_committed(site: Site) -> None:
    site.change(TWO, THREE)
    site.change("sequence: 1", "sequence: 2")
    steps = site.rows("channel", "add-member", "bills", "Land", "--dry-run")
    assert steps[-1] == {
        "action": "commit",
        "subject": "sample",
        "detail": "bills: sequence 2, with other policies or collections",
    }
    ended = site.ended("channel", "add-member", "bills", "Land", "--yes")
    assert ended.code == 0, ended.err
    assert "the endorsement policy" not in ended.err
    assert "Land has come to bills and has no part in collection letters" in ended.err
    assert committed(site) == (2, THREE)
    site.submit("bills", "Land", "plot", "1")
    assert site.read("bills", "Tax", "plot") == "1"
    assert site.rows("channel", "apply", "--dry-run") == []


def test_a_member_that_a_contract_in_force_needs_does_not_leave(site: Site) -> None:
    site.change(THREE, WITH_LAND)
    site.change("sequence: 2", "sequence: 3")
    site.run("chaincode", "deploy")
    site.change(WITH_LAND, TWO)
    site.change("sequence: 3", "sequence: 4")
    before = site.config("bills"), site.topology.read_text()
    for more in (), ("--dry-run",):
        refused = site.run("channel", "remove-member", "bills", "Land", "--yes", *more, expect=4)
        assert "Land cannot leave bills yet, where sample is in force with sequence 3" in refused
        assert WITH_LAND in refused
        assert "sequence: 4, then `pyfabric chaincode deploy sample`" in refused
    assert (site.config("bills"), site.topology.read_text()) == before
    site.run("chaincode", "deploy")
    assert committed(site) == (4, TWO)
    ended = site.ended("channel", "remove-member", "bills", "Land", "--yes")
    assert ended.code == 0, ended.err
    assert "keys of bills whose own endorsement policy asks for Land" in ended.err
    site.submit("bills", "Health", "plot", "2")
    assert site.read("bills", "Tax", "plot") == "2"
