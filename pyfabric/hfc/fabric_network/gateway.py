"""A gateway: a client of a profile, and the networks that it has looked at."""

from collections.abc import Mapping
from typing import Any

from pyfabric.errors import ClientError
from pyfabric.hfc._gone import attributes
from pyfabric.hfc.fabric.client import Client
from pyfabric.hfc.fabric.user import User
from pyfabric.hfc.fabric_network.network import Network

__all__ = ["Gateway"]

__getattr__ = attributes(__name__)


class Gateway:
    """The way to networks and contracts. Nothing is connected before a network is asked for."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.wallet: object = None
        self.networks: dict[str, Network] = {}
        self.options: dict[str, Any] = {}
        self.current_identity: User | None = None

    def mergeOptions(
        self, currentOptions: dict[str, Any], additionalOptions: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Put options over others, dicts in them likewise, and return the result."""
        for name, value in additionalOptions.items():
            known = currentOptions.get(name)
            if isinstance(known, dict) and isinstance(value, Mapping):
                self.mergeOptions(known, value)
            else:
                currentOptions[name] = value
        return currentOptions

    async def connect(self, net_profile: str | None, options: Mapping[str, Any]) -> None:
        """Read a connection profile; the option `identity` names the user, by `org_name` and `name`."""
        self.client = Client(net_profile)
        self.options, self.wallet = dict(options), options.get("wallet")
        if "identity" in options:
            user = options["identity"]
            self.current_identity = self.client.get_user(user["org_name"], user["name"])

    def get_current_identity(self) -> User | None:
        """Return the user that the options name."""
        return self.current_identity

    def get_client(self) -> Client:
        """Return the client. Raises ClientError before `connect`."""
        if self.client is None:
            raise ClientError("the gateway has no client: connect first")
        return self.client

    def get_options(self) -> dict[str, Any]:
        """Return the options."""
        return self.options

    def disconnect(self) -> None:
        """Forget the networks; `Client.close_grpc_channels` closes the connections."""
        self.networks.clear()

    async def get_network(self, network_name: str, requestor: User) -> Network:
        """Return the network of a channel, with the peers that discovery finds for a user."""
        if network_name not in self.networks:
            network = Network(self, network_name)
            await network.discover(requestor)
            self.networks[network_name] = network
        return self.networks[network_name]
