"""An administrator's folder with a running network: everything is done by the command `pyfabric`, in this process."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.network import Network
from pyfabric_network.ports import free_base
from pyfabric_network.profile import load_profile, profile_file

from pyfabric.errors import CommitError, GatewayError
from pyfabric.gateway import Contract, connect
from tests.support.commands import Ended, run_command
from tests.support.network.network import SAMPLE
from tests.support.network.programs import RUNTIMES, fabric_programs, skip_without_runtime

_ROOM = 400
"""Ports: departments are added while the network runs."""


@dataclass(frozen=True)
class Site:
    """A folder in which an administrator works, and the runtime of the network in it."""

    folder: Path
    runtime: str

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run `pyfabric` in this process; return what it prints, or its error output if it is to fail."""
        ended = self.ended(*arguments)
        assert ended.code == expect, f"{arguments}\n{ended.out}{ended.err}"
        return ended.err if expect else ended.out

    @property
    def topology(self) -> Path:
        """The topology file."""
        return self.folder / "small.yaml"

    def change(self, old: str, new: str) -> None:
        """Change the topology file, as a person does."""
        text = self.topology.read_text()
        assert text.count(old) == 1
        self.topology.write_text(text.replace(old, new))

    def ended(self, *arguments: str) -> Ended:
        """Run `pyfabric`, and return how it ended."""
        return run_command(*arguments, PYFABRIC_STATE=str(self.folder / "state"))

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

    def config(self, channel: str) -> Any:
        """Return the groups of a channel's configuration, as Fabric's JSON."""
        return self.rows("channel", "show", "--channel", channel, "--json")["channel_group"][
            "groups"
        ]

    def submit(self, channel: str, department: str, key: str, value: str) -> None:
        """Write a value on a channel as a department."""
        target = ("--channel", channel, "--context", department)
        self.run("chaincode", "invoke", "sample", "put", key, value, *target)

    def read(self, channel: str, department: str, key: str) -> str:
        """Return a value as a department's peer has it."""
        target = ("--channel", channel, "--context", department)
        return self.run("chaincode", "query", "sample", "get", key, *target).strip()


def sites(topology: str) -> Any:
    """Return the fixture of a running network with this topology, for all tests of a module, on each runtime."""

    @pytest.fixture(scope="module", params=RUNTIMES)
    def site(
        request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
    ) -> Iterator[Site]:
        skip_without_runtime(request)
        folder = tmp_path_factory.mktemp(request.param)
        with started_site(folder, request.param, topology) as started:
            yield started

    return site


@contextmanager
def started_site(folder: Path, runtime: str, topology: str) -> Iterator[Site]:
    """Yield a network that is up with its contract deployed; deleted afterwards."""
    site = Site(folder, runtime)
    (folder / "sample.py").write_text(SAMPLE, encoding="utf-8")
    site.topology.write_text(topology, encoding="utf-8")
    try:
        port = str(free_base(range(_ROOM)))
        site.run("network", "up", str(site.topology), "--base-port", port, "--runtime", runtime)
        site.run("chaincode", "deploy")
        yield site
    finally:
        Network.open(folder / "state", programs=fabric_programs()).down(delete=True)


@dataclass
class Traffic:
    """What was written meanwhile, and the calls that found no network."""

    written: list[str] = field(default_factory=list)
    outages: list[str] = field(default_factory=list)


@contextmanager
def writing(site: Site, channel: str = "bills", department: str = "Tax") -> Iterator[Traffic]:
    """Write one value after the other meanwhile, and find all of them afterwards.

    As in an application, what did not become valid is sent again: a department that endorsed may have been taken out
    a moment later.
    """
    found = Network.open(site.folder / "state", programs=fabric_programs())
    profile = load_profile(profile_file(found.plan, found.plan.department(department)))
    stopping, traffic = threading.Event(), Traffic()

    def write(contract: Contract) -> None:
        while not stopping.is_set():
            key = f"{department}-{secrets.token_hex(4)}"
            while key not in traffic.written:
                try:
                    contract.submit("put", key, key)
                    traffic.written.append(key)
                except CommitError:
                    continue
                except GatewayError as error:
                    traffic.outages.append(f"{time.monotonic():.1f} {error} {error.details}")

    with connect(profile.user("Admin"), profile.peers) as gateway:
        contract = gateway.network(channel).contract("sample")
        thread = threading.Thread(target=write, args=(contract,))
        thread.start()
        try:
            yield traffic
        finally:
            stopping.set()
            thread.join(60)
        assert traffic.written
        assert [
            key for key in traffic.written if contract.evaluate("get", key).decode() != key
        ] == []
