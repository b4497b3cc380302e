"""One peer's private data: given to others when it is endorsed, taken in when it is committed, fetched
from other members when it was missed.

Sources: gossip/privdata (distributor.go, coordinator.go, pvtdataprovider.go) and
core/ledger/pvtdatastorage of Fabric 3.1; texts are those. Peers of one process reach each other in
process. Settling a block is idempotent: a value is taken in only if it belongs to the hash that the
channel's state has after the block, so that a block may be settled again after a crash, or late.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import ContractError, IdentityError, ValidationCode
from pyfabric.identity.msp import MemberIdentity
from pyfabric.ledger.channel.block_contents import Transaction, transactions
from pyfabric.ledger.channel.channel import ChannelLedger
from pyfabric.ledger.private.private_store import Place, PrivateStore, WriteSet
from pyfabric.messages.decoding import decode
from pyfabric.rules.collections import Collection, Collections
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.state.expiry import expiring_block
from pyfabric.rules.state.rwset import CollectionSet
from pyfabric.rules.state.versions import StateReader, Version, hashed_namespace

RETENTION = 1000
"""After so many blocks a peer forgets private data that was endorsed and did not commit."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a transaction wrote in a collection."""

    place: Place
    version: Version
    transaction_id: str
    valid: bool
    hashes: CollectionSet


class PrivateData:
    """The private data of one peer over the channels that it joined.

    `members` answers the private data of all peers of a channel, this one included.
    """

    def __init__(
        self,
        store: PrivateStore,
        serialized: bytes,
        msp_id: str,
        channel: Callable[[str], ChannelLedger | None],
        members: Callable[[str], "Sequence[PrivateData]"],
    ) -> None:
        self.store = store
        self.msp_id = msp_id
        self._serialized = serialized
        self._channel = channel
        self._members = members

    def collection(self, place: Place) -> Collection | None:
        """A collection as the channel has agreed on it."""
        channel = self._channel(place.channel)
        if channel is None:
            return None
        known = Collections(channel.config, channel.definition, self.msp_id)
        return known.find(place.namespace, place.collection)

    def collection_before(self, place: Place, number: int) -> Collection | None:
        """A collection as a block found it."""
        channel = self._channel(place.channel)
        if channel is None:
            return None
        found = partial(channel.definition_before, number)
        known = Collections(channel.config, found, self.msp_id)
        return known.find(place.namespace, place.collection)

    def keeps(self, place: Place) -> bool:
        """Whether this peer belongs to a collection, so that it keeps its values."""
        collection, identity = self.collection(place), self._identity(place.channel)
        return collection is not None and identity is not None and collection.stored_by(identity)

    def distribute(
        self, channel_id: str, transaction_id: str, private_set: bytes, height: int, *, keep: bool
    ) -> None:
        """Give the write sets of a transaction to members of their collections.

        Raises ContractError if there are not as many as a collection requires. Without `keep` nothing
        is given: the transaction was only evaluated.
        """
        given = list(_write_sets(private_set))
        chosen = [
            (peer, one)
            for one in given
            for peer in self._chosen(channel_id, transaction_id, one.namespace, one.collection)
        ]
        if not keep:
            return
        for peer in {id(peer): peer for peer, _ in chosen}.values():
            own = [one for receiver, one in chosen if receiver is peer]
            peer.store.keep(channel_id, transaction_id, own, height)
        self.store.keep(channel_id, transaction_id, given, height)

    def settle(self, channel_id: str, number: int, found: Sequence[Transaction]) -> None:
        """Take in what a committed block means for this peer."""
        channel = self._channel(channel_id)
        if channel is None:
            return
        written = list(_written(channel_id, number, found))
        taken = [(one, data) for one in written if (data := self._obtain(one)) is not None]
        settled = [
            one.transaction_id for one in found if self.store.holds(channel_id, one.transaction_id)
        ]
        purges = [one for one in written if one.valid and _purged(one)]
        if taken or settled or purges or self.store.expires(channel_id, number):
            with channel.snapshot() as state, self.store.changes():
                for one, data in taken:
                    self._take_in(one, data, state)
                for one in purges:
                    for key_hash in _purged(one):
                        self.store.purge(one.place, key_hash, one.version)
                self.store.expire(channel_id, number)
                self.store.release(channel_id, settled)
        if number % RETENTION == 0 and number > RETENTION:
            self.store.release_below(channel_id, number - RETENTION)

    def recover(self, channel_id: str) -> None:
        """Settle again what a crash may have left: the newest block, and what is still waiting."""
        channel = self._channel(channel_id)
        if channel is None:
            return
        numbers = {channel.height - 1}
        for name, transaction_id in self.store.pending():
            record = channel.transaction(transaction_id) if name == channel_id else None
            if record is not None:
                numbers.add(record.block_number)
        for number in sorted(numbers):
            self._settle_again(channel, number)

    def in_block(self, channel_id: str, number: int) -> list[tuple[int, WriteSet]]:
        """The write sets of a block that this peer keeps, each with its transaction's place."""
        channel = self._channel(channel_id)
        if channel is not None and self._misses(channel, number):
            self._settle_again(channel, number)
        return self.store.in_block(channel_id, number)

    def others(self, place: Place) -> "Iterator[PrivateData]":
        """The other members of a collection that give this peer what it missed.

        A peer whose department a policy names keeps what was endorsed at it; others give it values only
        if it satisfies the policy itself.
        """
        collection = self.collection(place)
        if collection is None or not self.satisfies(place.channel, collection):
            return
        for peer in self._members(place.channel):
            if peer is not self and peer.keeps(place):
                yield peer

    def expiry(self, place: Place, block: int) -> int | None:
        """The block with which goes what a block wrote in a collection."""
        collection = self.collection(place)
        return None if collection is None else expiring_block(block, collection.block_to_live)

    def satisfies(self, channel_id: str, collection: Collection) -> bool:
        """Whether this peer is one to which members give a collection's values."""
        identity = self._identity(channel_id)
        return identity is not None and collection.includes(identity)

    def offer(self, written: Written) -> bytes | None:
        """What this peer has of a transaction's values in a collection, for another member."""
        place, write_hash = written.place, written.hashes.private_hash
        held = self.store.held(place, written.transaction_id, write_hash)
        if held is not None:
            return held
        committed = self.store.committed(place, written.version)
        if committed is None or not _belongs(committed, written.hashes):
            return None
        return committed

    def _chosen(
        self, channel_id: str, transaction_id: str, namespace: str, name: str
    ) -> "list[PrivateData]":
        """Whom to give a collection's write set to: each department first, up to the maximum."""
        collection = self.collection(Place(channel_id, namespace, name))
        if collection is None:
            raise ContractError(
                'failed to obtain collections config: no collection config for chaincode "'
                f'{namespace}"'
            )
        eligible = [
            peer
            for peer in self._members(channel_id)
            if peer is not self and peer.satisfies(channel_id, collection)
        ]
        if len(eligible) < collection.required_peer_count:
            raise ContractError(
                "failed to distribute private collection, txID "
                f"{transaction_id}, channel {channel_id}: could not build private data dissemination "
                f"plan for chaincode {namespace} and collection {name}: required to disseminate to at "
                f"least {collection.required_peer_count} peers, but know of only {len(eligible)} "
                "eligible peers"
            )
        firsts = {peer.msp_id: peer for peer in reversed(eligible)}.values()
        rest = [peer for peer in eligible if peer not in firsts]
        return [*firsts, *rest][: collection.maximum_peer_count]

    def _obtain(self, written: Written) -> bytes | None:
        """The values of a transaction in a collection: kept here, or with another member."""
        if not self.keeps(written.place):
            return None
        own = self.offer(written)
        if own is not None:
            return own
        expires = self.expiry(written.place, written.version.block)
        channel = self._channel(written.place.channel)
        if channel is not None and expires is not None and expires < channel.height:
            return None
        offers = (peer.offer(written) for peer in self.others(written.place))
        return next((one for one in offers if one is not None), None)

    def _take_in(self, written: Written, data: bytes, state: StateReader) -> None:
        place, version = written.place, written.version
        self.store.record(place, version, data, self.expiry(place, version.block))
        if not written.valid:
            return
        message = decode(kv_rwset_pb2.KVRWSet, data)
        values = {one.key: one.value for one in message.writes}
        for key in [*values, *(one.key for one in message.metadata_writes)]:
            self._update(place, key, values.get(key), state)

    def _update(self, place: Place, key: str, value: bytes | None, state: StateReader) -> None:
        """Bring a key's value in line with its hash in the state, if the value is there."""
        stored = hashed_namespace(place.namespace, place.collection)
        hashed = state.get(stored, sha256(key.encode()).hexdigest())
        if hashed is None:
            self.store.delete(place, key)
            return
        own = self.store.get(place, key)
        for candidate in (value, None if own is None else own[0]):
            if candidate is not None and sha256(candidate).digest() == hashed.value:
                expires = self.expiry(place, hashed.version.block)
                self.store.put(place, key, candidate, hashed.version, expires)
                return

    def _misses(self, channel: ChannelLedger, number: int) -> bool:
        block = channel.block(number)
        if block is None:
            return False
        return any(
            self.store.committed(one.place, one.version) is None and self.keeps(one.place)
            for one in _written(channel.channel_id, number, transactions(block))
        )

    def _settle_again(self, channel: ChannelLedger, number: int) -> None:
        block = channel.block(number)
        if block is not None:
            self.settle(channel.channel_id, number, transactions(block))

    def _identity(self, channel_id: str) -> MemberIdentity | None:
        channel = self._channel(channel_id)
        return None if channel is None else _deserialize(channel.config, self._serialized)


def _deserialize(config: ChannelConfig, serialized: bytes) -> MemberIdentity | None:
    try:
        return config.msp_manager.deserialize(serialized)
    except IdentityError:
        return None


def _write_sets(private_set: bytes) -> Iterator[WriteSet]:
    for namespace in decode(rwset_pb2.TxPvtReadWriteSet, private_set).ns_pvt_rwset:
        for collection in namespace.collection_pvt_rwset:
            yield WriteSet(namespace.namespace, collection.collection_name, collection.rwset)


def _written(channel_id: str, number: int, found: Sequence[Transaction]) -> Iterator[Written]:
    for position, transaction in enumerate(found):
        for namespace in transaction.namespaces:
            for hashes in namespace.collections:
                if hashes.hashed.hashed_writes or hashes.hashed.metadata_writes:
                    yield Written(
                        Place(channel_id, namespace.namespace, hashes.name),
                        Version(number, position),
                        transaction.transaction_id,
                        transaction.code == ValidationCode.VALID,
                        hashes,
                    )


def _purged(written: Written) -> list[bytes]:
    return [one.key_hash for one in written.hashes.hashed.hashed_writes if one.is_purge]


def _belongs(data: bytes, hashes: CollectionSet) -> bool:
    """Whether every write of a set, from which some may have been purged, is one of a transaction's."""
    if sha256(data).digest() == hashes.private_hash:
        return True
    known = {(one.key_hash, one.value_hash) for one in hashes.hashed.hashed_writes}
    return all(
        (sha256(one.key.encode()).digest(), sha256(one.value).digest() if one.value else b"")
        in known
        for one in decode(kv_rwset_pb2.KVRWSet, data).writes
    )
