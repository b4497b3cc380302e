"""The life of a channel by command: created, joined, left, changed, while transactions flow and none is lost."""

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from pyfabric_cli.main import main
from pyfabric_network.network import Network

from tests.support.network.network import SAMPLE
from tests.support.network.programs import fabric_programs, skip_without_fabric

TOPOLOGY = """\
name: small
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


@dataclass(frozen=True)
class Site:
    """A folder in which an administrator works, and the runtime of the network in it."""

    folder: Path
    runtime: str

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run `pyfabric` in this process; return what it prints, or its error output if it is to fail."""
        out, err = io.StringIO(), io.StringIO()
        with (
            mock.patch.object(sys, "argv", ["pyfabric", *arguments]),
            mock.patch.dict(os.environ, PYFABRIC_STATE=str(self.folder / "state")),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        assert int(ended.value.code or 0) == expect, (
            f"{arguments}\n{out.getvalue()}{err.getvalue()}"
        )
        return err.getvalue() if expect else out.getvalue()

    @property
    def topology(self) -> Path:
        """The topology file."""
        return self.folder / "small.yaml"

    def rows(self, *arguments: str) -> Any:
        """Run `pyfabric` and return its JSON."""
        return json.loads(self.run(*arguments, "-o", "json"))

    def stop(self, node: str) -> None:
        """Stop a node, where the runtime can stop one alone."""
        if self.runtime != "embedded":
            self.run("network", "stop", node)

    def start(self, node: str) -> None:
        """Start a node that `stop` has stopped."""
        if self.runtime != "embedded":
            self.run("network", "start", node)

    def channels(self, node: str) -> dict[str, int]:
        """Return the heights of a node's channels."""
        (found,) = (
            one["channels"] for one in self.rows("network", "status") if one["node"] == node
        )
        assert isinstance(found, dict)
        return found

    def submit(self, channel: str, department: str, key: str, value: str) -> None:
        """Write a value on a channel as a department."""
        target = ("--channel", channel, "--context", department)
        self.run("chaincode", "invoke", "sample", "put", key, value, *target)

    def read(self, channel: str, department: str, key: str) -> str:
        """Return a value as a department's peer has it."""
        target = ("--channel", channel, "--context", department)
        return self.run("chaincode", "query", "sample", "get", key, *target).strip()


@pytest.fixture(
    scope="module", params=["embedded", pytest.param("native", marks=pytest.mark.fabric)]
)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Provide a running network of three departments on each runtime."""
    if request.param != "embedded":
        skip_without_fabric()
    site = Site(tmp_path_factory.mktemp(request.param), request.param)
    (site.folder / "sample.py").write_text(SAMPLE, encoding="utf-8")
    site.topology.write_text(TOPOLOGY, encoding="utf-8")
    try:
        site.run(
            "network", "up", str(site.topology), "--base-port", "0", "--runtime", request.param
        )
        site.run("chaincode", "deploy")
        yield site
    finally:
        Network.open(site.folder / "state", programs=fabric_programs()).down(delete=True)


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
