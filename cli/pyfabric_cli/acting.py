"""Who acts: a user of a context's department, through its peers, on a channel."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from pyfabric_network.contexts import Language

from pyfabric.errors import ClientError
from pyfabric_cli import options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.token_pin import ask_pin

if TYPE_CHECKING:  # each is loaded by the command that uses it
    from pyfabric_network.contexts import Context
    from pyfabric_network.profile import Profile

    from pyfabric.admin.definitions import ChaincodeDefinition
    from pyfabric.admin.peers import ChainInfo
    from pyfabric.gateway import Admin, Endpoint, Gateway
    from pyfabric.identity.signing import SigningIdentity

T = TypeVar("T")


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

    def ask(self, question: "Callable[[Admin, Endpoint], T]") -> T:
        """Return what a question to the department's first peer comes to."""
        from pyfabric.gateway import Admin

        with Admin(self.identity) as admin:
            return question(admin, self.peers[0])

    def chain_info(self) -> "ChainInfo":
        """Ask the department's first peer for the channel's height and last hashes."""
        return self.ask(lambda admin, peer: admin.chain_info(peer, self.channel))

    def config(self) -> bytes:
        """Ask the department's first peer for the channel's configuration (bytes of common.Config)."""
        return self.ask(lambda admin, peer: admin.config(peer, self.channel))

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
        return self.ask(lambda admin, peer: admin.channel_config(peer, self.channel))

    def definitions(self) -> "tuple[ChaincodeDefinition, ...]":
        """Ask the department's first peer for the chaincode definitions committed on the channel."""
        return self.ask(lambda admin, peer: admin.committed(peer, self.channel))


@dataclass(frozen=True)
class Acting(Invocation):
    """One run of a command that acts as a user of a context's department, on a channel."""

    context: options.ContextName = None
    user: options.User = None
    channel: options.Channel = None

    @cached_property
    def found(self) -> "Context":
        """The chosen context; raises ConfigError."""
        return self.contexts.find(self.context or self.settings.context)[1]

    @cached_property
    def actor(self) -> Actor:
        """Who acts; raises ConfigError, NetworkError, or IdentityError for an expired one too."""
        from pyfabric.identity.loading import check_not_expired

        profile = self.found.load_profile(self.user, pin=ask_pin)
        identity = profile.user(self.user or self.found.user)
        check_not_expired(identity.identity, datetime.now(UTC))
        return Actor(identity, profile, self.channel or self.found.channel, self.address)

    @property
    def address(self) -> str | None:
        """The address of the peer that alone is asked."""
        return None

    @property
    def language(self) -> Language:
        """The language of what contracts say: of the environment, the context, or the locale."""
        return self.settings.language or self.found.language or self.settings.locale


@dataclass(frozen=True)
class Calling(Acting):
    """One run of a command that calls a contract."""

    lang: options.Lang = None

    @property
    def language(self) -> Language:
        """The language of what contracts say: the wanted one, or else the one that `Acting` has."""
        return self.lang or super().language


@dataclass(frozen=True)
class AskingPeer(Acting):
    """One run of a command that asks a peer of the department: the one at an address, or its first."""

    peer: options.Peer = None

    @property
    def address(self) -> str | None:
        """The address of the peer that alone is asked."""
        return self.peer
