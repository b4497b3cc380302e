"""Taking the state of the whole network, and setting it back, while everything listens."""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

from pyfabric.errors import LedgerError
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.development.images import Image, PeerImage
from pyfabric.ledger.ordering.orderer import Chains, Orderer


class Restoring:
    """Takes images of one ledger process and puts them back.

    An image that is being put is in the file `pending`, so that a killed ledger finishes the work when it
    starts again. While it works the orderers take nothing, and what they took is in blocks; so an image has all that
    clients were told is ordered. Calls under way end on the state that they began with.
    """

    def __init__(
        self, chains: Chains, channels: Channels, orderers: Sequence[Orderer], pending: Path
    ) -> None:
        self._chains = chains
        self._channels = channels
        self._orderers = orderers
        self._pending = pending
        self._lock = asyncio.Lock()

    async def take(self) -> Image:
        """The state as it is."""
        async with self._lock, self._chains.held():
            ledgers = self._chains.ledgers.channels
            return Image(
                self._network(),
                {name: ledger.image() for name, ledger in ledgers.items()},
                {
                    peer.name: PeerImage(peer.private.store.image(), peer.packages.image())
                    for peer in self._channels.peers
                },
            )

    async def put(self, image: Image) -> None:
        """Make the state what it was; raises LedgerError if the image is of another network.

        Streams of blocks and events end, and who waits for a transaction is told so.
        """
        peers = {peer.name for peer in self._channels.peers}
        if (image.network, set(image.peers)) != (self._network(), peers):
            raise LedgerError(
                "this state is of a network with other keys: only the network that it was taken of, or "
                "a copy of its folder, can go back to it"
            )
        async with self._lock, self._chains.held():
            image.save(self._pending, compressed=False)
            for channel_id in set(self._chains.ledgers.channels) - set(image.channels):
                await self._chains.remove(channel_id)
            for peer in self._channels.peers:
                own = image.peers[peer.name]
                peer.restore(own.private_data, own.packages)
            for channel_id, data in image.channels.items():
                ledger = self._chains.ledgers.restore(channel_id, data)
                self._channels.restored(ledger)
            for orderer in self._orderers:
                orderer.take_part()
            self._pending.unlink()

    async def finish(self) -> None:
        """Put the image that a killed ledger was putting, if there is one; raises LedgerError."""
        if self._pending.exists():
            await self.put(Image.load(self._pending))

    def _network(self) -> str:
        peers = sorted((peer.name, peer.serialized) for peer in self._channels.peers)
        return hashlib.sha256(repr(peers).encode()).hexdigest()
