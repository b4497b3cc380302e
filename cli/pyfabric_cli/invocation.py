"""What one run of the command works with: settings, results' printer, networks, and who acts."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pyfabric_network.contexts import Contexts

from pyfabric.errors import ClientError
from pyfabric_cli.output import Printer
from pyfabric_cli.settings import OutputFormat, Settings, read_settings

if TYPE_CHECKING:  # each is loaded by the command that uses it
    from pyfabric_network.network import Network
    from pyfabric_network.profile import Profile

    from pyfabric.admin.definitions import ChaincodeDefinition
    from pyfabric.admin.peers import ChainInfo
    from pyfabric.gateway import Endpoint, Gateway
    from pyfabric.identity.signing import SigningIdentity


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run of the command: the settings with the command line's options over them."""

    settings: Settings
    printer: Printer

    @classmethod
    def start(cls, state: Path | None, output: OutputFormat | None = None) -> Self:
        """Read the settings; raise ConfigError."""
        settings = read_settings()
        settings = replace(
            settings, state=state or settings.state, output=output or settings.output
        )
        return cls(settings, Printer(settings.output))

    @property
    def contexts(self) -> Contexts:
        """The contexts in the state folder."""
        return Contexts(self.settings.state)

    def network(self, name: str | None) -> "Network":
        """Open a network that exists; raise NetworkError."""
        from pyfabric_network.network import Network

        settings = self.settings
        return Network.open(settings.state, name or settings.network, programs=settings.programs)

    def actor(
        self,
        context: str | None,
        user: str | None,
        channel: str | None,
        peer: str | None = None,
    ) -> "Actor":
        """Return who acts, through all peers or the one at an address; raise ConfigError, NetworkError, or IdentityError for an expired one too."""
        from pyfabric.identity.loading import check_not_expired

        _, found = self.contexts.find(context or self.settings.context)
        profile = found.load_profile()
        identity = profile.user(user or found.user)
        check_not_expired(identity.identity, datetime.now(UTC))
        return Actor(identity, profile, channel or found.channel, peer)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, through which peers of the department (all, or the one at `address`), on which channel."""

    identity: "SigningIdentity"
    profile: "Profile"
    channel: str
    address: str | None = None

    @property
    def peers(self) -> "tuple[Endpoint, ...]":
        """The department's peers; raises ClientError if none has the address."""
        every = self.profile.peers
        found = tuple(peer for peer in every if self.address in (None, peer.address))
        if not found:
            known = ", ".join(peer.address for peer in every)
            raise ClientError(f"the department has no peer {self.address}, only {known}")
        return found

    def gateway(self) -> "Gateway":
        """Connect to the gateway of the department's peers."""
        from pyfabric.gateway import connect

        return connect(self.identity, self.peers)

    def chain_info(self) -> "ChainInfo":
        """Ask the department's first peer for the channel's height and last hashes."""
        from pyfabric.gateway import Admin

        with Admin(self.identity) as admin:
            return admin.chain_info(self.peers[0], self.channel)

    def config(self) -> bytes:
        """Ask the department's first peer for the channel's configuration (bytes of common.Config)."""
        from pyfabric.gateway import Admin

        with Admin(self.identity) as admin:
            return admin.config(self.peers[0], self.channel)

    def newest_config(self) -> bytes:
        """Return the configuration that the next update changes (bytes of common.Config).

        Orderers are asked, if one of the department's administrators may; then its first peer.
        """
        from pyfabric_network.updating import newest_config

        profile = self.profile
        return newest_config(
            self.channel, profile.administrators, profile.orderers, self.peers, self.identity
        )

    def channel_config(self) -> bytes:
        """Ask the department's first peer for the configuration in its state (bytes of common.Config)."""
        from pyfabric.gateway import Admin

        with Admin(self.identity) as admin:
            return admin.channel_config(self.peers[0], self.channel)

    def definitions(self) -> "tuple[ChaincodeDefinition, ...]":
        """Ask the department's first peer for the chaincode definitions committed on the channel."""
        from pyfabric.gateway import Admin

        with Admin(self.identity) as admin:
            return admin.committed(self.peers[0], self.channel)
