"""The private data that each organisation's peer of a test ledger keeps.

Sources: gossip/privdata (coordinator.go, pvtdataprovider.go) of Fabric 3.1. An endorser gives what is
written to members of the collection; at commit, a member that was not given it fetches it from another.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.chaincode.testing.members import TestMembers
from pyfabric.messages.decoding import decode
from pyfabric.rules.collections import Collection, Collections
from pyfabric.rules.lifecycle.definitions import Definition
from pyfabric.rules.requests.dissemination import CollectionWrites, collection_writes, recipients
from pyfabric.rules.state.expiry import expiring_block
from pyfabric.rules.state.rwset import NamespaceSet
from pyfabric.rules.state.versions import KeyReader, Version, VersionedValue, hashed_namespace

Place: TypeAlias = tuple[str, str]
"""A namespace, and a collection in it."""


@dataclass(frozen=True, slots=True)
class Disseminated:
    """Writes in a collection, and the organisations whose peers have them before the commit."""

    writes: CollectionWrites
    holders: frozenset[str]


@dataclass(frozen=True, slots=True)
class PrivateView:
    """The private values of one peer (a `PrivateReader`)."""

    values: dict[Place, dict[str, tuple[bytes, Version]]]

    def read(
        self, namespace: str, collection: str, key: str, _hashed: VersionedValue | None
    ) -> tuple[bytes | None, Version | None]:
        """Return what the peer has: a value and its version."""
        return self.newest(namespace, collection, key)

    def newest(
        self, namespace: str, collection: str, key: str
    ) -> tuple[bytes | None, Version | None]:
        """Return what the peer has: a value and its version."""
        return self.values.get((namespace, collection), {}).get(key, (None, None))

    def range(
        self, namespace: str, collection: str, start: str, end: str
    ) -> Iterable[tuple[str, bytes]]:
        """Return the keys and values of a range."""
        values = self.values.get((namespace, collection), {})
        return [
            (key, values[key][0])
            for key in sorted(values)
            if start <= key and (not end or key < end)
        ]


class PrivateStates:
    """The private values of all peers of a channel, one peer an organisation."""

    def __init__(
        self,
        members: TestMembers,
        state: KeyReader,
        definition: Callable[[str], Definition | None],
    ) -> None:
        self._members = members
        self._state = state
        self._definition = definition
        self._views: dict[str, PrivateView] = {}

    def fork(
        self,
        members: TestMembers,
        state: KeyReader,
        definition: Callable[[str], Definition | None],
    ) -> "PrivateStates":
        """Return the same values on a fork of the channel."""
        copy = PrivateStates(members, state, definition)
        for msp_id, view in self._views.items():
            copy.view(msp_id).values.update({at: dict(kept) for at, kept in view.values.items()})
        return copy

    def view(self, msp_id: str) -> PrivateView:
        """Return the private values of an organisation's peer."""
        return self._views.setdefault(msp_id, PrivateView({}))

    def disseminate(
        self, transaction_id: str, private_set: bytes, endorser: str
    ) -> tuple[Disseminated, ...]:
        """Give what a transaction writes to members; raises ContractError if they are too few."""
        return tuple(
            Disseminated(
                writes,
                frozenset({endorser, *self._recipients(transaction_id, writes, endorser)}),
            )
            for writes in collection_writes(private_set)
        )

    def take_in(self, written: Sequence[Disseminated]) -> None:
        """Store, at the members of each collection, what a valid transaction that was just committed wrote."""
        for one in written:
            for msp_id in self._obtaining(one):
                self._update(msp_id, one.writes)

    def purge(self, namespaces: Sequence[NamespaceSet], version: Version) -> None:
        """Delete from all peers what a valid transaction purged, unless it was written again since."""
        for namespace in namespaces:
            for collection in namespace.collections:
                purged = {one.key_hash for one in collection.hashed.hashed_writes if one.is_purge}
                for values in self._everywhere((namespace.namespace, collection.name)):
                    for key, (_, written) in tuple(values.items()):
                        if written <= version and sha256(key.encode()).digest() in purged:
                            del values[key]

    def expire(self, number: int, lifetimes: Mapping[Place, int]) -> None:
        """Delete from all peers what expires with a block; `lifetimes` has each blockToLive."""
        for place, block_to_live in lifetimes.items():
            for values in self._everywhere(place):
                for key, (_, written) in tuple(values.items()):
                    expires = expiring_block(written.block, block_to_live)
                    if expires is not None and expires <= number:
                        del values[key]

    def _everywhere(self, place: Place) -> list[dict[str, tuple[bytes, Version]]]:
        return [view.values.get(place, {}) for view in self._views.values()]

    def _recipients(
        self, transaction_id: str, writes: CollectionWrites, endorser: str
    ) -> list[str]:
        collection = self._collection(writes, endorser)
        eligible = [
            peer
            for msp_id in self._members.application_organizations
            if msp_id != endorser and collection is not None
            if collection.includes(peer := self._members.peer(msp_id))
        ]
        chosen = recipients(
            collection,
            eligible,
            channel_id=self._members.channel_id,
            transaction_id=transaction_id,
            namespace=writes.namespace,
        )
        return [peer.msp_id for peer in chosen]

    def _obtaining(self, one: Disseminated) -> list[str]:
        """Return the members that have the writes, or fetch them from a member that has them."""
        members = {}
        for msp_id in self._members.application_organizations:
            peer, collection = self._members.peer(msp_id), self._collection(one.writes, msp_id)
            if collection is not None and collection.stored_by(peer):
                members[msp_id] = collection.includes(peer)
        fetchable = not one.holders.isdisjoint(members)
        return [
            msp_id
            for msp_id, included in members.items()
            if msp_id in one.holders or (included and fetchable)
        ]

    def _collection(self, writes: CollectionWrites, msp_id: str) -> Collection | None:
        known = Collections(self._members, self._definition, msp_id)
        return known.find(writes.namespace, writes.collection)

    def _update(self, msp_id: str, writes: CollectionWrites) -> None:
        """Bring the written keys in line with their hashes in the state."""
        place = (writes.namespace, writes.collection)
        kept = self.view(msp_id).values.setdefault(place, {})
        message = decode(kv_rwset_pb2.KVRWSet, writes.data)
        written = {one.key: one.value for one in message.writes}
        for key in {*written, *(one.key for one in message.metadata_writes)}:
            hashed = self._state.get(hashed_namespace(*place), sha256(key.encode()).hexdigest())
            if hashed is None:
                kept.pop(key, None)
                continue
            for value in (written.get(key), kept.get(key, (None,))[0]):
                if value is not None and sha256(value).digest() == hashed.value:
                    kept[key] = (value, hashed.version)
                    break
