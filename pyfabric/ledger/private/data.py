"""One peer's private data on one channel: what it has, what it gives to other members and gets from them.

Sources: gossip/privdata (distributor.go, pvtdataprovider.go) and core/ledger/pvtdatastorage of Fabric 3.1; texts
are Fabric's. Peers of one process reach each other in process.
"""

from collections.abc import Collection as SizedIterable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from weakref import WeakKeyDictionary

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import IdentityError
from pyfabric.identity.msp import MemberIdentity
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.private.store import Place, PrivateStore
from pyfabric.messages.decoding import decode
from pyfabric.rules.collections import Collection, Collections
from pyfabric.rules.requests.dissemination import CollectionWrites, collection_writes, recipients
from pyfabric.rules.state.expiry import expiring_block
from pyfabric.rules.state.rwset import CollectionSet
from pyfabric.rules.state.versions import Version


@dataclass(frozen=True, slots=True)
class Written:
    """What a transaction wrote in a collection."""

    place: Place
    version: Version
    transaction_id: str
    valid: bool
    hashes: CollectionSet


class PrivateData:
    """The private data of one peer on a channel that it has joined.

    `members` has the private data of all peers of the channel, this one included, as they come and go.
    """

    def __init__(
        self,
        store: PrivateStore,
        channel: Channel,
        serialized: bytes,
        msp_id: str,
        members: "SizedIterable[PrivateData]",
    ) -> None:
        self.store = store
        self.channel = channel
        self.msp_id = msp_id
        self.members = members
        self._serialized = serialized

    def place(self, namespace: str, name: str) -> Place:
        """Return where a collection of a chaincode on this channel is stored."""
        return Place(self.channel.channel_id, namespace, name)

    def collection(self, place: Place) -> Collection | None:
        """Return a collection as the channel has agreed on it."""
        known = Collections(self.channel.config, self.channel.definition, self.msp_id)
        return known.find(place.namespace, place.collection)

    def collection_before(self, place: Place, number: int) -> Collection | None:
        """Return a collection as a block found it."""
        found = partial(self.channel.definition_before, number)
        known = Collections(self.channel.config, found, self.msp_id)
        return known.find(place.namespace, place.collection)

    def keeps(self, place: Place) -> bool:
        """Return whether this peer belongs to a collection, so that it keeps its values."""
        collection, identity = self.collection(place), self._identity()
        return collection is not None and identity is not None and collection.stored_by(identity)

    def satisfies(self, collection: Collection) -> bool:
        """Return whether members give this peer a collection's values."""
        identity = self._identity()
        return identity is not None and collection.includes(identity)

    def others(self, place: Place) -> "Iterator[PrivateData]":
        """Yield the other members of a collection that give this peer what it missed.

        A peer whose department a policy names keeps what was endorsed at it; others give it values only
        if it satisfies the policy itself.
        """
        collection = self.collection(place)
        if collection is None or not self.satisfies(collection):
            return
        for peer in self.members:
            if peer is not self and peer.keeps(place):
                yield peer

    def expiry(self, place: Place, block: int) -> int | None:
        """Return the block with which what a block wrote in a collection expires."""
        collection = self.collection(place)
        return None if collection is None else expiring_block(block, collection.block_to_live)

    def offer(self, written: Written) -> bytes | None:
        """Return what this peer has of a transaction's values in a collection, for another member."""
        place, write_hash = written.place, written.hashes.private_hash
        held = self.store.held(place, written.transaction_id, write_hash)
        if held is not None:
            return held
        committed = self.store.committed(place, written.version)
        if committed is None or not _belongs(committed, written.hashes):
            return None
        return committed

    def _identity(self) -> MemberIdentity | None:
        try:
            return self.channel.config.msp_manager.deserialize(self._serialized)
        except IdentityError:
            return None


class PrivateExchange:
    """The private data of all peers of this process, by channel; it takes the place of Fabric's gossip."""

    def __init__(self) -> None:
        self._members: WeakKeyDictionary[Channel, dict[bytes, PrivateData]] = WeakKeyDictionary()

    def join(
        self, store: PrivateStore, channel: Channel, serialized: bytes, msp_id: str
    ) -> PrivateData:
        """Return the private data of one more peer of a channel."""
        members = self._members.setdefault(channel, {})
        data = PrivateData(store, channel, serialized, msp_id, members.values())
        members[serialized] = data
        return data

    def leave(self, channel: Channel, serialized: bytes) -> None:
        """Remove a peer of a channel."""
        self._members[channel].pop(serialized)


def _belongs(data: bytes, hashes: CollectionSet) -> bool:
    """Return whether a transaction has every write of a set, from which some may have been purged."""
    if sha256(data).digest() == hashes.private_hash:
        return True
    known = {(one.key_hash, one.value_hash) for one in hashes.hashed.hashed_writes}
    return all(
        (sha256(one.key.encode()).digest(), sha256(one.value).digest() if one.value else b"")
        in known
        for one in decode(kv_rwset_pb2.KVRWSet, data).writes
    )


def distribute(
    data: PrivateData, transaction_id: str, private_set: bytes, height: int, *, keep: bool
) -> None:
    """Give the write sets of a transaction to members of their collections, and keep them.

    Raises ContractError if there are not as many as a collection requires. Without `keep` nothing
    is given or kept: the transaction was only evaluated.
    """
    written = list(collection_writes(private_set))
    chosen = [(peer, one) for one in written for peer in _recipients(data, transaction_id, one)]
    if not keep:
        return
    channel_id = data.channel.channel_id
    for peer in {id(peer): peer for peer, _ in chosen}.values():
        own = [one for receiver, one in chosen if receiver is peer]
        peer.store.keep(channel_id, transaction_id, own, height)
    data.store.keep(channel_id, transaction_id, written, height)


def _recipients(
    data: PrivateData, transaction_id: str, written: CollectionWrites
) -> list[PrivateData]:
    collection = data.collection(data.place(written.namespace, written.collection))
    others = [] if collection is None else [peer for peer in data.members if peer is not data]
    return recipients(
        collection,
        [peer for peer in others if collection is not None and peer.satisfies(collection)],
        channel_id=data.channel.channel_id,
        transaction_id=transaction_id,
        namespace=written.namespace,
    )
