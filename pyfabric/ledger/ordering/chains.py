"""The running chains of this process's channels, shared by its orderers."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.channels import Channels
from pyfabric.ledger.ordering.chain import Chain
from pyfabric.ledger.ordering.participants import OrderingNode
from pyfabric.ledger.traces import Traces
from pyfabric.rules.consensus.cutter import Cutting


class Chains:
    """The chain of each channel that an orderer has joined, from the first one that joins to the last that leaves."""

    def __init__(self, channels: Channels, nonce: Callable[[], bytes], traces: Traces) -> None:
        self.channels = channels
        self.traces = traces
        self.cutting = Cutting()
        self.nonce = nonce
        self._chains: dict[Channel, Chain] = {}

    def start(self, channel: Channel, node: OrderingNode) -> Chain:
        """Add an orderer to the ordering of a channel; returns the channel's chain."""
        chain = self._chains.get(channel)
        if chain is None:
            chain = self._chains[channel] = Chain(channel, self.nonce, self.cutting)
        chain.participants.add(node)
        return chain

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Write what was taken, and take nothing more inside."""
        try:
            for chain in tuple(self._chains.values()):
                await chain.hold()
            yield
        finally:
            for chain in self._chains.values():
                chain.resume()

    async def stop(self, channel: Channel) -> None:
        """Stop the chain of a channel, if it has one."""
        chain = self._chains.pop(channel, None)
        if chain is not None:
            await chain.stop()

    async def leave(self, chain: Chain, name: str) -> None:
        """Remove an orderer; the last one writes what was taken and stops the chain."""
        if chain.participants.alone(name):
            await self.stop(chain.channel)
        chain.participants.remove(name)

    async def close(self) -> None:
        """Stop all chains; the messages that they took are in blocks then."""
        while self._chains:
            _, chain = self._chains.popitem()
            await chain.stop()
