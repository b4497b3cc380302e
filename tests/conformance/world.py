"""A scenario's world: its caller and surface, and the results so far."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyfabric_network.connections import endpoint

from pyfabric.errors import FabricError, GatewayError
from pyfabric.identity.signing import Identity, SigningIdentity
from tests.support.client.surfaces import Surface
from tests.support.network.running import Running

CALL = r'"(?P<name>[^"]*)"(?: with (?P<arguments>"[^"]*"(?:, "[^"]*")*))?'


@dataclass
class World:
    """What one scenario has done so far. `$key` stands for a key that no other scenario uses."""

    running: Running
    surface: Surface
    folder: Path
    key: str = field(default_factory=lambda: f"k{uuid4().hex[:12]}")
    identity: SigningIdentity | None = None
    department: str = "EconInfo"
    channel: str = "conformance"
    chaincode: str = "conformance"
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
    found: Any = None

    def fill(self, text: str) -> str:
        """Return the text with this scenario's own key in it."""
        return text.replace("$key", self.key)

    def peers(self, department: str) -> Any:
        """Return the endpoints of a department's peers."""
        return [endpoint(peer) for peer in self.running.department(department).peers]

    def gateway(self, department: str, identity: SigningIdentity | Identity | None = None) -> Any:
        """Return a gateway at a department's peers."""
        who = identity or self.running.user(department)
        made = self.surface.connect(who, self.peers(department))
        self.gateways.append(made)
        return made

    def mine(self) -> Any:
        """Return the gateway of the scenario's own department and user."""
        if self.offline:
            assert self.identity is not None
            return self.gateway(self.department, self.identity.identity)
        return self.gateway(self.department, self.identity)

    def contract(self, gateway: Any, channel: str | None = None, chaincode: str | None = None):
        """Return a contract through a gateway: the named one, or else the scenario's own."""
        return gateway.network(channel or self.channel).contract(chaincode or self.chaincode)

    def catch_up(self, department: str) -> None:
        """Wait until a department's peer has every block that my peer has."""
        admin = self.surface.Admin(self.running.user(department))
        self.gateways.append(admin)
        height = admin.chain_info(self.peers(self.department)[0], self.channel).height
        network = self.gateway(department).network(self.channel)
        self.streams.append(network.filtered_block_events(start_block=height - 1))
        take(self.streams[-1])

    def all_catch_up(self) -> None:
        """Wait until every peer of the channel has every block that my peer has."""
        for department in self.running.network.plan.channels[self.channel].departments:
            if department.name != self.department:
                self.catch_up(department.name)

    def close(self) -> None:
        """Close streams and gateways."""
        for item in (*self.streams, *self.gateways):
            item.close()


def arguments_of(world: World, text: str | None) -> list[str]:
    return re.findall(r'"([^"]*)"', world.fill(text or ""))


def attempt(world: World, action: Callable[[], Any]) -> Any:
    """Do it; what fails is kept for a later step to look at."""
    world.result = world.error = None
    try:
        return action()
    except FabricError as error:
        world.error = error
        return None


def take(stream: Any) -> Any:
    """Return the next item of a stream; fails if none comes."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(next, stream)
        try:
            return future.result(timeout=30)
        except NotInTime:
            stream.close()
            raise AssertionError("nothing came in 30 s") from None


def succeeded(world: World) -> None:
    if world.error is not None:
        raise world.error


def failure(world: World) -> GatewayError:
    assert isinstance(world.error, GatewayError), repr(world.error)
    return world.error
