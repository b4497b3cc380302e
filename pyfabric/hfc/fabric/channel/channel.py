"""Channels as a client knows them."""

import re
from typing import TYPE_CHECKING, Final

from pyfabric.hfc._gone import attributes, gone
from pyfabric.hfc._running import Runner
from pyfabric.hfc.fabric.channel.channel_eventhub import ChannelEventHub
from pyfabric.hfc.fabric.orderer import Orderer
from pyfabric.hfc.fabric.peer import Peer
from pyfabric.hfc.fabric.user import User
from pyfabric.hfc.util.consts import SYSTEM_CHANNEL_NAME
from pyfabric.hfc.util.keyvaluestore import KeyValueStore

if TYPE_CHECKING:
    from pyfabric.hfc._network_client import NetworkClient

__all__ = ["SYSTEM_CHANNEL_NAME", "Channel", "create_app_channel"]

__getattr__ = attributes(__name__)

_NAME: Final = re.compile(r"[a-z][a-z0-9.-]*")


class Channel:
    """A channel: where events come from. `Client.new_channel` makes it."""

    is_dev_mode = False
    """What a program notes; it changes nothing."""

    def __init__(self, name: str, client: "NetworkClient | None") -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot be a channel's name: it must match {_NAME.pattern}")
        self._name = name
        self._client = client
        self._orderers: dict[str, Orderer] = {}
        self._peers: dict[str, Peer] = {}
        self._hubs: dict[str, list[ChannelEventHub]] = {}

    @property
    def name(self) -> str:
        """The channel's name."""
        return self._name

    @property
    def orderers(self) -> dict[str, Orderer]:
        """The orderers that were added, by address."""
        return self._orderers

    @property
    def peers(self) -> dict[str, Peer]:
        """The peers that were added, by address."""
        return self._peers

    @property
    def is_sys_chan(self) -> bool:
        """False: Fabric 3.0 has no system channel."""
        return False

    def add_orderer(self, orderer: Orderer) -> None:
        """Add an orderer to `orderers`."""
        self._orderers[orderer.endpoint] = orderer

    def remove_orderer(self, orderer: Orderer) -> None:
        """Remove an orderer from `orderers`."""
        self._orderers.pop(orderer.endpoint, None)

    def add_peer(self, peer: Peer) -> None:
        """Add a peer to `peers`."""
        self._peers[peer.endpoint] = peer

    def remove_peer(self, peer: Peer) -> None:
        """Remove a peer from `peers`."""
        self._peers.pop(peer.endpoint, None)

    def state_store(self) -> KeyValueStore | None:
        """Return the store of the client."""
        return self._client.state_store if self._client is not None else None

    def newChannelEventHub(self, peer: Peer, requestor: User) -> ChannelEventHub:
        """Return an event hub of a peer, for a user who may read the channel."""
        runner = self._client.runner if self._client else Runner()
        made = ChannelEventHub(peer, self._name, requestor, runner=runner)
        self._hubs.setdefault(requestor.msp_id or requestor.org, []).append(made)
        return made

    def getChannelEventHubsForOrg(
        self, requestor: User, mspid: str | None = None
    ) -> list[ChannelEventHub]:
        """Return the connected hubs that users of an MSP have, by default of the user's own."""
        return [one for one in self._hubs.get(mspid or requestor.msp_id or "", []) if one.connected]

    is_readonly = gone("fabric.channel.channel.Channel.is_readonly")
    join_channel = gone("fabric.channel.channel.Channel.join_channel")
    get_block_between = gone("fabric.channel.channel.Channel.get_block_between")
    get_channel_config = gone("fabric.channel.channel.Channel.get_channel_config")
    get_channel_config_with_orderer = gone(
        "fabric.channel.channel.Channel.get_channel_config_with_orderer"
    )
    send_install_proposal = gone("fabric.channel.channel.Channel.send_install_proposal")
    send_instantiate_proposal = gone("fabric.channel.channel.Channel.send_instantiate_proposal")
    send_upgrade_proposal = gone("fabric.channel.channel.Channel.send_upgrade_proposal")
    send_tx_proposal = gone("fabric.channel.channel.Channel.send_tx_proposal")
    query_instantiated_chaincodes = gone(
        "fabric.channel.channel.Channel.query_instantiated_chaincodes"
    )
    query_transaction = gone("fabric.channel.channel.Channel.query_transaction")
    query_block = gone("fabric.channel.channel.Channel.query_block")
    query_block_by_hash = gone("fabric.channel.channel.Channel.query_block_by_hash")
    query_block_by_txid = gone("fabric.channel.channel.Channel.query_block_by_txid")
    query_info = gone("fabric.channel.channel.Channel.query_info")


def create_app_channel(client: "NetworkClient", name: str) -> Channel:
    """Return a channel of a client."""
    return Channel(name, client)
