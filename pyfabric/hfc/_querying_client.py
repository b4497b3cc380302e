"""What a client asks peers: channels, blocks, transactions, chaincodes, other peers."""

from collections.abc import Iterable, Mapping
from typing import Any

from pyfabric.admin import discovery, lifecycle
from pyfabric.admin import peers as peer_flows
from pyfabric.admin.lifecycle import InstalledChaincode
from pyfabric.client.system_chaincodes import ask
from pyfabric.errors import ClientError
from pyfabric.hfc._discovering import peers_by_organization
from pyfabric.hfc._network_client import NetworkClient
from pyfabric.hfc.answers import (
    BlockchainInfo,
    ChaincodeInfo,
    ChaincodeQueryResponse,
    ChannelInfo,
    ChannelQueryResponse,
)
from pyfabric.hfc.fabric.block_decoder import BlockDecoder, Decoded
from pyfabric.hfc.fabric.peer import Peer
from pyfabric.hfc.fabric.user import User, signing_identity

Peers = Iterable[Peer | str]


class QueryingClient(NetworkClient):
    """Questions to peers; the first of the named peers that can be reached answers.

    With `decode=False` the bytes that the peer sent are returned. A peer's refusal raises PeerResponseError, a call
    that fails GatewayError.
    """

    async def query_channels(
        self,
        requestor: User,
        peers: Peers,
        transient_map: Mapping[str, Any] | None = None,
        decode: bool = True,
    ) -> Any:
        """Return the channels that a peer has joined, as a ChannelQueryResponse."""
        identity = signing_identity(requestor)
        if not decode:
            return await self._payload(requestor, peers, "", "cscc", b"GetChannels")
        names = await self.at_any(peers, lambda peer: peer_flows.channels(peer, identity))
        return ChannelQueryResponse(tuple(ChannelInfo(name) for name in names))

    async def query_info(
        self, requestor: User, channel_name: str, peers: Peers, decode: bool = True
    ) -> Any:
        """Return the height and the last hashes of a peer's copy of a channel, as a BlockchainInfo."""
        identity, channel = signing_identity(requestor), channel_name
        if not decode:
            return await self._ledger(requestor, channel, peers, b"GetChainInfo")
        found = await self.at_any(
            peers, lambda peer: peer_flows.chain_info(peer, identity, channel)
        )
        return BlockchainInfo(found.height, found.current_hash, found.previous_hash)

    async def query_block(
        self,
        requestor: User,
        channel_name: str,
        peers: Peers,
        block_number: int | str,
        decode: bool = True,
    ) -> Any:
        """Return a block by its number, decoded by BlockDecoder."""
        number = str(block_number).encode()
        raw = await self._ledger(requestor, channel_name, peers, b"GetBlockByNumber", number)
        return BlockDecoder.decode(raw) if decode else raw

    async def query_block_by_hash(
        self,
        requestor: User,
        channel_name: str,
        peers: Peers,
        block_hash: bytes,
        decode: bool = True,
    ) -> Any:
        """Return a block by its hash, decoded by BlockDecoder."""
        raw = await self._ledger(requestor, channel_name, peers, b"GetBlockByHash", block_hash)
        return BlockDecoder.decode(raw) if decode else raw

    async def query_block_by_txid(
        self, requestor: User, channel_name: str, peers: Peers, tx_id: str, decode: bool = True
    ) -> Any:
        """Return the block that holds a transaction, decoded by BlockDecoder."""
        key = tx_id.encode()
        raw = await self._ledger(requestor, channel_name, peers, b"GetBlockByTxID", key)
        return BlockDecoder.decode(raw) if decode else raw

    async def query_transaction(
        self, requestor: User, channel_name: str, peers: Peers, tx_id: str, decode: bool = True
    ) -> Any:
        """Return a transaction and its validation code, decoded by BlockDecoder."""
        key = tx_id.encode()
        raw = await self._ledger(requestor, channel_name, peers, b"GetTransactionByID", key)
        return BlockDecoder.decode_transaction(raw) if decode else raw

    async def query_instantiated_chaincodes(
        self,
        requestor: User,
        channel_name: str,
        peers: Peers,
        transient_map: Mapping[str, Any] | None = None,
        decode: bool = True,
    ) -> list[ChaincodeQueryResponse]:
        """Return for each peer the chaincodes that are defined on a channel: definitions took the place of instantiation."""
        _only_decoded("query_instantiated_chaincodes", decode)
        identity = signing_identity(requestor)
        found = await self.at_each(
            peers, lambda peer: lifecycle.committed(peer, identity, channel_name)
        )
        return [
            ChaincodeQueryResponse(
                tuple(
                    ChaincodeInfo(
                        one.name,
                        one.version,
                        escc=one.endorsement_plugin,
                        vscc=one.validation_plugin,
                    )
                    for one in definitions
                )
            )
            for definitions in found
        ]

    async def query_installed_chaincodes(
        self,
        requestor: User,
        peers: Peers,
        transient_map: Mapping[str, Any] | None = None,
        decode: bool = True,
    ) -> list[ChaincodeQueryResponse]:
        """Return for each peer the chaincodes that are installed, under the names by which channels use them, or their labels."""
        _only_decoded("query_installed_chaincodes", decode)
        identity = signing_identity(requestor)
        found = await self.at_each(peers, lambda peer: lifecycle.installed(peer, identity))
        return [
            ChaincodeQueryResponse(tuple(info for one in packages for info in _infos(one)))
            for packages in found
        ]

    async def query_peers(
        self,
        requestor: User,
        peer: Peer | str,
        channel: str | None = None,
        local: bool = True,
        decode: bool = True,
    ) -> Decoded:
        """Return the peers that a peer knows, by MSP id below `local_peers`: all, or those of a channel with `local=False`."""
        identity = signing_identity(requestor)
        (asked,) = self.endpoints([peer])
        if local:
            found = await self.runner.run(discovery.discover_local_peers(asked, identity))
        elif channel is None:
            raise ClientError("name a channel, or ask for local peers")
        else:
            found = await self.runner.run(discovery.discover_peers(asked, identity, channel))
        return {"local_peers": peers_by_organization(found)} if decode else {}

    async def _payload(
        self, requestor: User, peers: Peers, channel: str, chaincode: str, *arguments: bytes
    ) -> bytes:
        identity = signing_identity(requestor)
        return await self.at_any(
            peers, lambda peer: ask(peer, identity, channel, chaincode, arguments)
        )

    async def _ledger(
        self, requestor: User, channel: str, peers: Peers, function: bytes, *arguments: bytes
    ) -> bytes:
        return await self._payload(
            requestor, peers, channel, "qscc", function, channel.encode(), *arguments
        )


def _only_decoded(call: str, decode: bool) -> None:
    if not decode:
        raise ClientError(
            f"{call}: decode=False is gone: it returned a message of the peers' lscc, which Fabric 2.0 replaced; leave it out"
        )


def _infos(installed: InstalledChaincode) -> list[ChaincodeInfo]:
    digest = bytes.fromhex(installed.package_id.rpartition(":")[2])
    used = sorted({(name, version) for _, name, version in installed.references})
    return [
        ChaincodeInfo(name, version, id=digest) for name, version in used or [(installed.label, "")]
    ]
