"""A contract of a network."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyfabric.hfc._gone import attributes
from pyfabric.hfc.fabric.user import User

if TYPE_CHECKING:
    from pyfabric.hfc.fabric_network.gateway import Gateway
    from pyfabric.hfc.fabric_network.network import Network

__all__ = ["Contract"]

__getattr__ = attributes(__name__)


class Contract:
    """A chaincode, called at all peers that the gateway knows; `Network.get_contract` gives it.

    As in fabric-sdk-py, the function that is called is `invoke` or `query`, whatever `name` is: the name of a function
    is the first of `args` of such a chaincode. For other functions call `Client.chaincode_invoke` with `fcn`.
    """

    def __init__(self, network: "Network", cc_name: str, gateway: "Gateway") -> None:
        self.network = network
        self.channel = network.channel
        self.cc_name = cc_name
        self.gateway = gateway

    def get_network(self) -> "Network":
        """Return the network."""
        return self.network

    def get_cc_name(self) -> str:
        """Return the chaincode's name."""
        return self.cc_name

    def get_options(self) -> Mapping[str, Any]:
        """Return the gateway's options."""
        return self.gateway.get_options()

    async def submit_transaction(
        self, name: str, args: Sequence[str | bytes], requestor: User
    ) -> str:
        """Submit a transaction, wait until all peers have committed it, and return the chaincode's answer.

        Returns and raises what `Client.chaincode_invoke` does.
        """
        client = self.gateway.get_client()
        return await client.chaincode_invoke(
            requestor, self.network.name, client.peers, args, self.cc_name, wait_for_event=True
        )

    async def evaluate_transaction(
        self, name: str, args: Sequence[str | bytes], requestor: User
    ) -> str:
        """Return the chaincode's answer, without a transaction; raises what `Client.chaincode_query` does."""
        client = self.gateway.get_client()
        return await client.chaincode_query(
            requestor, self.network.name, client.peers, args, self.cc_name
        )
