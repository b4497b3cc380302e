"""A scenario's world: who calls, on which surface, and what came of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pyfabric_network.steps import endpoint

from pyfabric.identity.signing import Identity, SigningIdentity
from tests.support.running import Running
from tests.support.surfaces import Surface


@pytest.fixture(scope="session", params=["gateway", "aio"])
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    """Each surface in turn."""
    made = Surface(request.param)
    yield made
    made.close()


@dataclass
class World:
    """What one scenario has done so far. `$key` stands for a key that no other scenario uses."""

    running: Running
    surface: Surface
    folder: Path
    key: str = field(default_factory=lambda: f"k{uuid4().hex[:12]}")
    identity: SigningIdentity | None = None
    department: str = "EconInfo"
    offline: bool = False
    gateways: list[Any] = field(default_factory=list)
    streams: list[Any] = field(default_factory=list)
    result: bytes | None = None
    error: Exception | None = None
    status: Any = None
    statuses: list[Any] = field(default_factory=list)
    submitted: list[Any] = field(default_factory=list)
    endorsed: Any = None
    proposal: Any = None
    package: Any = None
    definition: Any = None
    meanwhile: Any = None

    def fill(self, text: str) -> str:
        """The text with this scenario's own key in it."""
        return text.replace("$key", self.key)

    def peers(self, department: str) -> Any:
        """The endpoints of a department's peers."""
        return [endpoint(peer) for peer in self.running.department(department).peers]

    def gateway(self, department: str, identity: SigningIdentity | Identity | None = None) -> Any:
        """A gateway at a department's peers."""
        who = identity or self.running.user(department)
        made = self.surface.connect(who, self.peers(department))
        self.gateways.append(made)
        return made

    def mine(self) -> Any:
        """My gateway: my department's peers, my identity."""
        if self.offline:
            assert self.identity is not None
            return self.gateway(self.department, self.identity.identity)
        return self.gateway(self.department, self.identity)

    def contract(self, gateway: Any, channel: str = "conformance", chaincode: str = "conformance"):
        """The conformance contract through a gateway."""
        return gateway.network(channel).contract(chaincode)

    def close(self) -> None:
        """End streams and gateways."""
        for item in (*self.streams, *self.gateways):
            item.close()


@pytest.fixture(autouse=True)  # so that pytest sees that each scenario runs on each surface
def world(running: Running, surface: Surface, tmp_path: Path) -> Iterator[World]:
    """A fresh world for each scenario and surface."""
    made = World(running, surface, tmp_path)
    yield made
    made.close()
