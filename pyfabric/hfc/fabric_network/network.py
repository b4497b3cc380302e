"""A channel as a gateway's network."""

from typing import TYPE_CHECKING

from pyfabric.errors import ClientError, FabricError
from pyfabric.hfc._gone import attributes
from pyfabric.hfc.fabric.channel.channel import Channel
from pyfabric.hfc.fabric.user import User
from pyfabric.hfc.fabric_network.contract import Contract

if TYPE_CHECKING:
    from pyfabric.hfc.fabric_network.gateway import Gateway

__all__ = ["Network"]

__getattr__ = attributes(__name__)


class Network:
    """A channel, with the peers that discovery found; `Gateway.get_network` gives it."""

    def __init__(self, gateway: "Gateway", channel: str) -> None:
        self.gateway = gateway
        self.name = channel
        self.channel: Channel | str = channel
        self.contracts: dict[str, Contract] = {}
        self.initialized = False

    async def discover(self, requestor: User) -> None:
        """Ask the gateway's peers in turn for the channel's nodes. Raises the last one's error when none answers."""
        client = self.gateway.get_client()
        failure: FabricError = ClientError("the profile has no peer that could be asked for others")
        for peer in list(client.peers.values()):
            try:
                await client.init_with_discovery(requestor, peer, self.name)
            except FabricError as error:
                failure = error
                continue
            self.channel, self.initialized = client.new_channel(self.name), True
            return
        raise failure

    def get_contract(self, chaincode_id: str) -> Contract:
        """Return the contract of a chaincode."""
        if chaincode_id not in self.contracts:
            self.contracts[chaincode_id] = Contract(self, chaincode_id, self.gateway)
        return self.contracts[chaincode_id]
