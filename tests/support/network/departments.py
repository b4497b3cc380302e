"""Departments with machines of their own: each has a folder, and a host on loopback."""

from datetime import UTC, datetime
from pathlib import Path

import yaml
from pyfabric_network.members.acceptance import Review, review_bundle
from pyfabric_network.members.membership import Membership
from pyfabric_network.network import Network
from pyfabric_network.ports import free_base
from pyfabric_network.runtimes.runtime import RuntimeName

from tests.support.network.network import write_topology
from tests.support.network.programs import fabric_programs

# Each department runs an orderer; what goes on in `seals` is nothing to Land.
TOPOLOGY = """\
name: small
departments: { Tax: {}, Health: {}, Land: { intermediate_ca: true }, Mail: {} }
ordering: { nodes: [Tax, Health, Land], batch: { timeout: 50ms } }
channels:
  bills: { departments: [Tax, Health, Land], contracts: [sample] }
  seals: { departments: [Health, Mail], contracts: [sample] }
contracts:
  sample: { version: "1.0", classes: ["sample:Sample"] }
"""
_MEGABYTE = 1024**2


def now() -> datetime:
    return datetime.now(UTC)


def private_keys(folder: Path) -> set[bytes]:
    """Return the content of every file that has a private key in it; ledgers are too big to be one."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    held = {path.read_bytes() for path in files if path.stat().st_size < _MEGABYTE}
    return {content for content in held if b"PRIVATE KEY-----" in content}


class City:
    """A coordinator and departments, below `folder`; what goes between them are files.

    In containers all departments are at the one address of this machine that containers reach.
    """

    def __init__(
        self, folder: Path, topology: str = TOPOLOGY, *, containers_reach: str | None = None
    ) -> None:
        self.folder = folder
        self._containers_reach = containers_reach
        self.departments = tuple(yaml.safe_load(topology)["departments"])
        ports = range(50 * len(self.departments))
        self.topology = f"{topology}base_port: {free_base(ports)}\n"

    def machine(self, name: str) -> Path:
        """Return the folder that is somebody's machine, with the topology on it."""
        place = self.folder / name
        place.mkdir(exist_ok=True)
        write_topology(place, self.topology)
        return place

    def state(self, name: str) -> Path:
        """Return the state folder on somebody's machine."""
        return self.folder / name / "state"

    def members(self, name: str) -> Membership:
        """Return the network as it is known on somebody's machine."""
        runtime = RuntimeName.COMPOSE if self._containers_reach else RuntimeName.NATIVE
        return Membership.open(self.machine(name) / "small.yaml", self.state(name), runtime=runtime)

    def host(self, name: str) -> str:
        """Return the host of a department."""
        return self._containers_reach or f"127.0.0.{self.departments.index(name) + 2}"

    def send(self, name: str) -> Path:
        """Create a department's keys; returns the file that it sends."""
        definition = self.members(name).make(name, self.host(name), None, now=now())
        file = self.folder / f"{name}.json"
        file.write_bytes(definition.to_bytes())
        return file

    def collect(self) -> None:
        """Send every department's definition to the coordinator, who adds them."""
        sent = [self.send(name) for name in self.departments]
        self.members("coordinator").add(sent, now=now())

    def bundle(self, name: str, title: str = "bundle") -> Path:
        """Make a department's bundle at the coordinator; returns the copy on the department's machine."""
        self.machine("coordinator")
        target = self.machine(name) / title
        Network.reopen(self.state("coordinator")).bundle(name, target)
        return target

    def accept(self, name: str, title: str = "bundle") -> None:
        """Accept a department's bundle on its machine."""
        self.review(name, title).accept()

    def review(self, name: str, title: str = "bundle") -> Review:
        """Check a department's bundle on its machine."""
        bundle = self.folder / name / title
        return review_bundle(bundle, self.state(name), runtime=None, now=now())

    def network(self, name: str) -> Network:
        """Return a department's part of the network."""
        return Network.reopen(self.state(name), programs=fabric_programs())
