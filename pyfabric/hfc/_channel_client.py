"""What a client does to channels: peers join, configurations are read, updates are signed and sent."""

from collections.abc import Iterable
from typing import Any

from pyfabric.admin import peers as peer_flows
from pyfabric.admin.config.update import config_signature, signature_header
from pyfabric.admin.ordered_blocks import ordered_block, ordered_config_block
from pyfabric.errors import ClientError, PeerResponseError
from pyfabric.hfc._gone import gone
from pyfabric.hfc._querying_client import Peers, QueryingClient
from pyfabric.hfc._updating import config_envelope, read_update, update_channel
from pyfabric.hfc.answers import ProposalResponse, Response
from pyfabric.hfc.fabric.block_decoder import BlockDecoder
from pyfabric.hfc.fabric.orderer import Orderer
from pyfabric.hfc.fabric.transaction.tx_context import TXContext
from pyfabric.hfc.fabric.user import User, signing_identity
from pyfabric.hfc.util import utils
from pyfabric.hfc.util.crypto.crypto import ecies

_OK = ProposalResponse(Response(200))


class ChannelClient(QueryingClient):
    """Channels of the network: joined, read and changed. Creating one is `pyfabric channel create`."""

    async def channel_join(
        self, requestor: User, channel_name: str, peers: Peers, orderer: Orderer | str
    ) -> list[ProposalResponse] | str:
        """Join peers to a channel, by the genesis block that an orderer has; `requestor` is their administrator.

        Returns an answer for each peer, or the text of the first that refuses. Raises DeliverError when the orderer refuses.
        """
        identity, asked = signing_identity(requestor), self._target_orderer(orderer)
        block = await self.runner.run(ordered_block(asked, identity, channel_name, 0))
        targets = self.endpoints(peers)
        self.new_channel(channel_name)
        for peer in targets:
            try:
                await self.runner.run(peer_flows.join_channel(peer, identity, block))
            except PeerResponseError as error:
                return error.message
        return [_OK] * len(targets)

    async def channel_update(
        self,
        orderer: Orderer | str,
        channel_name: str,
        requestor: User,
        config_yaml: str | None = None,
        channel_profile: str | None = None,
        config_tx: str | None = None,
        signatures: Iterable[bytes] | None = None,
    ) -> bool:
        """Send the update in the file `config_tx`, signed by `requestor` and with the signatures of others; return True.

        It is in force when the peers have committed its block. Raises OrdererError when the orderer refuses it.
        """
        if config_tx is None:
            raise ClientError(
                "config_tx is required: the file of an update, as `pyfabric proposal` and configtxlator write it; one made "
                "of config_yaml and channel_profile is gone with the system channel"
            )
        identity, asked = signing_identity(requestor), self._target_orderer(orderer)
        update = read_update(config_tx)
        await self.runner.run(
            update_channel(asked, identity, channel_name, update, list(signatures or ()))
        )
        return True

    async def get_channel_config(
        self, requestor: User, channel_name: str, peers: Peers, decode: bool = True
    ) -> list[Any]:
        """Return for each peer the newest configuration, as a common.ConfigEnvelope of the official bindings.

        With `decode=False` each is a ProposalResponse with the configuration block in its payload.
        """
        identity = signing_identity(requestor)
        blocks = await self.at_each(
            peers, lambda peer: peer_flows.config_block(peer, identity, channel_name)
        )
        if decode:
            return [config_envelope(block) for block in blocks]
        return [ProposalResponse(Response(200, payload=block)) for block in blocks]

    async def get_channel_config_with_orderer(
        self,
        requestor: User,
        channel_name: str,
        orderer: Orderer | str | None = None,
        decode: bool = True,
    ) -> Any:
        """Return the newest configuration that an orderer has, as BlockDecoder decodes it; its block with `decode=False`."""
        identity, asked = signing_identity(requestor), self._target_orderer(orderer)
        block = await self.runner.run(ordered_config_block(asked, identity, channel_name))
        if not decode:
            return block
        return BlockDecoder.decode(block)["data"]["data"][0]["payload"]["data"]

    def extract_channel_config(self, config_envelope: bytes) -> bytes:
        """Return the update in the file of an update, ready to be signed; see `utils.extract_channel_config`."""
        return utils.extract_channel_config(config_envelope)

    def sign_channel_config(self, config: bytes, to_string: bool = True) -> bytes:
        """Return the signature of the user of `tx_context` over an update (bytes of common.ConfigSignature)."""
        if not to_string:
            raise ClientError(
                "to_string=False is gone: it returned a protobuf object; leave it out"
            )
        if self.tx_context is None:
            raise ClientError("nobody is to sign: set tx_context, or call channel_signconfigtx")
        header = signature_header(self.tx_context.identity, self.tx_context.nonce)
        return config_signature(header, self.tx_context.sign(header + config))

    def channel_signconfigtx(self, config_tx_file: str, requestor: User) -> bytes:
        """Return a user's signature over the update in a file, for `channel_update`'s signatures."""
        update = read_update(config_tx_file)
        self.tx_context = TXContext(requestor, requestor.cryptoSuite or ecies(), {})
        return self.sign_channel_config(update)

    channel_create = gone("fabric.client.Client.channel_create")
    generate_channel_tx = gone("fabric.client.Client.generate_channel_tx")
