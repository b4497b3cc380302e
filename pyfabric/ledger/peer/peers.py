"""The peers of this process: they know each other at once, where Fabric's learn of each other by gossip."""

from collections.abc import Iterator

from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.peer.peer import JoinedChannel, Peer


class Peers:
    """All peers of the process, in the order of their start."""

    def __init__(self) -> None:
        self._peers: list[Peer] = []

    def __iter__(self) -> Iterator[Peer]:
        return iter(self._peers)

    def add(self, peer: Peer) -> None:
        """Make a peer known to the others."""
        self._peers.append(peer)
        _plan_again(peer)

    def remove(self, peer: Peer) -> None:
        """Remove a peer, which the others no longer know then."""
        self._peers.remove(peer)
        _plan_again(peer)

    def members(self, channel: Channel) -> list[JoinedChannel]:
        """Return the channel as each of its peers has it."""
        return [
            joined
            for peer in self._peers
            if (joined := peer.joined.get(channel.channel_id)) is not None
        ]


def _plan_again(peer: Peer) -> None:
    """Make gateways work out again whom they ask for endorsements on the channels of a peer."""
    for joined in peer.joined.values():
        joined.channel.generation += 1
