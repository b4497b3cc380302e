"""Procedures on channels that are killed after each of their effects: the same command finishes them, nothing is lost.

What is said in between is true. Embedded, some of the effects; on Fabric's own programs all of them.
"""

import shutil
from collections.abc import Iterator

import pytest

from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll
from pyfabric.messages.addresses import Address
from tests.support.commands import Ended
from tests.support.extent import takes_long
from tests.support.network.killed import run_killed
from tests.support.network.site import Site, sites, writing

TOPOLOGY = """\
name: small
departments:
  Tax: {}
  Health: {}
  Land: {}
ordering:
  nodes: [Tax, Tax, Health, Land]
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
EMBEDDED = {"renew": (4,), "replace": (4,), "member": (1,), "orderer": (3,), "move": (2, 5)}
"""After how many effects a procedure is killed on the development ledger, where the tests have a minute."""

site = sites(TOPOLOGY)


def numbers(site: Site, procedure: str) -> Iterator[int]:
    """Yield after how many effects a procedure is killed; on Fabric, all until it comes to its end."""
    yield from EMBEDDED[procedure] if site.runtime == "embedded" else range(1, 100)


def killed(site: Site, after: int, *command: str) -> bool:
    """Return whether a command had that number of effects, after which it is killed."""
    return run_killed(site.folder / "state", after, *command)


def status_is_true(site: Site) -> str:
    """Wait until `status` says of each node what listens at its address; return its error output.

    On a busy machine a node may take longer to answer than `status` waits.
    """
    ended = poll(
        lambda: site.ended("network", "status", "-o", "json"),
        until=_is_true,
        every=1,
        timeout=60,
    )
    assert _is_true(ended), ended.out
    return ended.err


def _is_true(status: Ended) -> bool:
    rows = status.json()
    nodes = [one for one in rows if one["node"].startswith(("orderer", "peer"))]
    return status.code == (0 if all(one["state"] == "up" for one in rows) else 4) and all(
        (one["state"] == "up") == listens(Address.parse(one["address"])) for one in nodes
    )


def doctor_names(site: Site, command: str) -> None:
    """Require that all that the doctor finds may follow from a command that was interrupted."""
    found = site.ended("doctor", "-o", "json").json()["findings"]
    roots = [one for one in found if not one["may follow from"]]
    assert {one["check"] for one in roots} == {"unfinished"}, found
    assert [one["subject"] for one in roots] == [f"`pyfabric {command}`"]


def all_is_well(site: Site, value: str) -> None:
    """Require a network that works, with nothing left to do."""
    assert "interrupted" not in status_is_true(site)
    assert site.rows("network", "up", "--dry-run") == []
    assert site.rows("channel", "apply", "--dry-run") == []
    findings = site.ended("doctor", "-o", "json").json()["findings"]
    assert findings == []
    site.submit("bills", "Tax", "key", value)
    assert site.read("bills", "Health", "key") == value


@takes_long
@pytest.mark.parametrize(
    ("procedure", "orderer"), [("renew", "orderer0.health"), ("replace", "orderer0.land")]
)
def test_a_renewal_or_replacement_is_finished(site: Site, procedure: str, orderer: str) -> None:
    command = ("channel", "orderer", procedure, orderer)
    with writing(site):
        for number in numbers(site, procedure):
            if not killed(site, number, *command, "--yes"):
                break
            said = status_is_true(site)
            if "interrupted" in said:  # else it was killed before the first step, or after the last
                assert f"`pyfabric {' '.join(command)}` was interrupted" in said
                doctor_names(site, " ".join(command))
                up = site.ended("network", "up")
                assert up.code in (0, 4)
                assert f"`pyfabric {' '.join(command)}` was interrupted" in up.err
            site.run(*command, "--yes")
            all_is_well(site, f"{procedure} {number}")


def has_come(site: Site, back: tuple[str, ...]) -> bool:
    """Return whether there is what a command takes away: a node of that name, or a member of the topology."""
    nodes = {one["node"] for one in site.ended("network", "status", "-o", "json").json()}
    return bool(nodes & set(back)) or "Land" in back


@takes_long
@pytest.mark.parametrize(
    ("procedure", "there", "back"),
    [
        (
            "member",
            ("channel", "add-member", "bills", "Land", "--yes"),
            ("channel", "remove-member", "bills", "Land", "--yes"),
        ),
        (
            "orderer",
            ("channel", "orderer", "add", "Land", "--yes"),
            ("channel", "orderer", "remove", "orderer1.land", "--yes"),
        ),
    ],
)
def test_members_and_orderers_come_and_go(
    site: Site, procedure: str, there: tuple[str, ...], back: tuple[str, ...]
) -> None:
    with writing(site):
        for number in numbers(site, procedure):
            reached = []
            for command in (there, back):
                if command is back and not has_come(site, back):
                    site.run(*there)  # it was killed before anything was noted
                reached.append(killed(site, number, *command))
                status_is_true(site)
                between = site.ended("network", "up", "--dry-run")
                assert between.code == 0 or "pyfabric channel apply" in between.err, between.err
                site.run("channel", "apply", "--yes", "--remove")
                all_is_well(site, f"{command[1]} {number}")
            if not any(reached):
                break


@takes_long
def test_the_move_to_bft_is_finished_or_given_up(site: Site) -> None:
    """Killed again and again, each time some effects later: `--back` undoes it as long as Raft is everywhere."""
    backup = str(site.folder / "raft.backup")
    command = ("channel", "move-to-bft", "--backup", backup)
    given_up = False
    for number in numbers(site, "move"):
        if not killed(site, number, *command, "--yes"):
            break
        said = status_is_true(site)
        if "interrupted" not in said:
            continue
        assert f"`pyfabric {' '.join(command)}` was interrupted" in said
        doctor_names(site, " ".join(command))
        if not given_up:
            given_up = True
            site.run("channel", "move-to-bft", "--back")
            all_is_well(site, "given up")
    site.run(*command, "--yes")
    all_is_well(site, "moved")
    consensus = site.config("bills")["Orderer"]["values"]["ConsensusType"]["value"]
    assert (consensus["type"], consensus["state"]) == ("BFT", "STATE_NORMAL")
    site.run("channel", "move-to-bft", "--back", expect=4)
    assert shutil.disk_usage(backup)
