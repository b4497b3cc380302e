"""What a command works with: the settings, the chosen context, and the doors that it opens."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeVar

from pyfabric_network.contexts import Contexts
from pyfabric_network.network import Network

from pyfabric._grpc.driver import Driver
from pyfabric.client.effects import Endpoint, Flow
from pyfabric.gateway import Gateway, connect
from pyfabric.identity.signing import SigningIdentity
from pyfabric_cli.output import Printer
from pyfabric_cli.settings import OutputFormat, Settings, read_settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Session:
    """Settings with the options of the command line over them."""

    settings: Settings
    printer: Printer

    @classmethod
    def start(cls, state: Path | None, output: OutputFormat | None) -> Self:
        """Read the settings; raises ConfigError."""
        given = {"state": state, "output": output}
        update = {name: value for name, value in given.items() if value is not None}
        settings = read_settings().model_copy(update=update)
        return cls(settings, Printer(settings.output))

    @property
    def contexts(self) -> Contexts:
        """The contexts in the state folder."""
        return Contexts(self.settings.state)

    def network(self, name: str | None) -> Network:
        """A network that exists; raises NetworkError."""
        settings = self.settings
        return Network.open(settings.state, name or settings.network, programs=settings.programs)

    def member(self, context: str | None, user: str | None, channel: str | None) -> "Member":
        """Whom the command acts as; raises ConfigError, NetworkError or IdentityError."""
        _, found = self.contexts.find(context or self.settings.context)
        profile = found.load_profile()
        identity = profile.user(user or found.user)
        return Member(identity, profile.peers, channel or found.channel)


@dataclass(frozen=True, slots=True)
class Member:
    """An identity of a department, the department's peers, and a channel."""

    identity: SigningIdentity
    peers: tuple[Endpoint, ...]
    channel: str

    def gateway(self) -> Gateway:
        """A gateway to the department's peers."""
        return connect(self.identity, self.peers)

    def ask(self, flow: Flow[T]) -> T:
        """Run a flow of `pyfabric.admin`."""
        with closing(Driver()) as driver:
            return driver.run(flow)
