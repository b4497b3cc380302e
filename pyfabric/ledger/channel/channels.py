"""The channels of this process and the peers that have joined each of them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING
from weakref import WeakSet

from pyfabric.ledger.channel.channel import ChannelLedger, CommittedBlock
from pyfabric.ledger.channel.commits import CommitWaiters
from pyfabric.ledger.channel.ledgers import Ledgers
from pyfabric.ledger.traces import Traces
from pyfabric.messages.blocks import parse_block
from pyfabric.messages.lifecycle import LIFECYCLE

if TYPE_CHECKING:
    from pyfabric.ledger.peer.peer import Peer


class Channels:
    """What the peers of a process share.

    `generation` changes whenever plans for endorsing on a channel may have become stale.
    """

    def __init__(self, ledgers: Ledgers, traces: Traces) -> None:
        self._ledgers = ledgers
        self.traces = traces
        self._peers: list[Peer] = []
        self._generations: dict[str, int] = defaultdict(int)
        self.waiters = CommitWaiters()
        self._followed: WeakSet[ChannelLedger] = WeakSet()
        for ledger in ledgers.channels.values():
            self.follow(ledger)

    def add(self, peer: "Peer") -> None:
        """Make a peer known to the others."""
        self._peers.append(peer)

    @property
    def peers(self) -> "Sequence[Peer]":
        """All peers of this process."""
        return tuple(self._peers)

    def joined(self, name: str) -> Sequence[str]:
        """The channels that a peer has joined, by name."""
        return [
            channel_id
            for channel_id, ledger in sorted(self._ledgers.channels.items())
            if name in ledger.members
        ]

    def get(self, channel_id: str, name: str) -> ChannelLedger | None:
        """A channel that a peer has joined."""
        ledger = self._ledgers.channels.get(channel_id)
        return ledger if ledger is not None and name in ledger.members else None

    def join(self, block: bytes, name: str) -> None:
        """Record, durably, that a peer joins the channel of a genesis block; raises FabricError."""
        ledger = self._ledgers.create(parse_block(block))
        ledger.join(name)
        self.follow(ledger)
        self.changed(ledger.channel_id)

    def members(self, channel_id: str) -> "list[Peer]":
        """The peers of a channel."""
        ledger = self._ledgers.channels.get(channel_id)
        members = frozenset() if ledger is None else ledger.members
        return [peer for peer in self._peers if peer.name in members]

    def generation(self, channel_id: str) -> int:
        """A number that is another when who can endorse what may have changed."""
        return self._generations[channel_id]

    def changed(self, channel_id: str) -> None:
        """Say that a peer joined or installed something."""
        self._generations[channel_id] += 1

    def restored(self, ledger: ChannelLedger) -> None:
        """Take a ledger that was set back for the one that was there."""
        self.follow(ledger)
        self.changed(ledger.channel_id)
        self.waiters.end(ledger.channel_id, f"channel {ledger.channel_id} has been set back")

    def follow(self, ledger: ChannelLedger) -> None:
        """Have the peers take part in what a ledger commits."""
        if ledger not in self._followed:
            self._followed.add(ledger)
            ledger.subscribe(lambda block: self._committed(ledger, block))

    def _committed(self, ledger: ChannelLedger, block: CommittedBlock) -> None:
        channel_id = ledger.channel_id
        names = {one.chaincode for one in block.transactions}
        if LIFECYCLE in names or "" in names:
            self.changed(channel_id)
        for peer in self.members(channel_id):
            peer.committed(channel_id, block)
        self.waiters.committed(channel_id, block)
