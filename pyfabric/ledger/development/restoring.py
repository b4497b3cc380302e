"""Taking the state of the whole network, and setting it back, while everything listens."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from pyfabric.errors import LedgerError
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.development.images import Image, PeerImage
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.peer.peers import Peers


class Restoring:
    """Takes images of one ledger process and puts them back.

    An image that is being put is in the file `pending`, so that a killed ledger finishes the work when it
    starts again. Meanwhile the orderers take nothing, and what they took is in blocks: an image has all
    messages that the orderers acknowledged. Calls under way finish on the state that they began with.
    """

    def __init__(
        self,
        chains: Chains,
        peers: Peers,
        orderers: Callable[[], Sequence[Orderer]],
        pending: Path,
    ) -> None:
        self._chains = chains
        self._channels = chains.channels
        self._peers = peers
        self._orderers = orderers
        self._pending = pending
        self._lock = asyncio.Lock()

    async def take(self) -> Image:
        """Return the state as it is."""
        async with self._lock, self._chains.held():
            return Image(
                self._network(),
                {name: channel.image() for name, channel in self._channels.items()},
                {
                    peer.name: PeerImage(peer.private_store.image(), peer.packages.image())
                    for peer in self._peers
                },
            )

    async def put(self, image: Image) -> None:
        """Set the network back to an image; raises LedgerError if it is of another network.

        Streams of blocks and events are closed, and calls that wait for a transaction fail.
        """
        peers = {peer.name for peer in self._peers}
        if (image.network, set(image.peers)) != (self._network(), peers):
            raise LedgerError(
                "this state is of a network with other keys: only the network that it was taken of, or "
                "a copy of its folder, can go back to it"
            )
        async with self._lock, self._chains.held():
            image.save(self._pending, compressed=False)
            gone = [self._channels[name] for name in set(self._channels) - set(image.channels)]
            for channel in gone:
                await self._chains.stop(channel)
            self._restore(image, gone)
            for orderer in self._orderers():
                await orderer.restored()
            self._pending.unlink()

    def _restore(self, image: Image, gone: Sequence[Channel]) -> None:
        """Set channels and peers back at once: no call sees some of them as they were."""
        for channel in gone:
            self._channels.remove(channel.channel_id)
        for channel_id, data in image.channels.items():
            self._channels.restore(channel_id, data)
        for peer in self._peers:
            own = image.peers[peer.name]
            peer.restore(own.private_data, own.packages)

    async def finish(self) -> None:
        """Put the image that a killed ledger was putting, if there is one; raises LedgerError."""
        if self._pending.exists():
            await self.put(Image.load(self._pending))

    def _network(self) -> str:
        peers = sorted((peer.name, peer.serialized) for peer in self._peers)
        return hashlib.sha256(repr(peers).encode()).hexdigest()
