"""A peer's private data as one simulation sees it, at the height of its snapshot.

The channel may grow while a contract runs: a value that a later block has replaced is still found in
the write set that brought it. What this peer missed is asked of other members at once (Fabric's
reconciliation asks once a minute).
"""

from collections.abc import Iterable
from hashlib import sha256

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.ledger.private.data import PrivateData
from pyfabric.ledger.private.store import Place, PrivateStore
from pyfabric.messages.decoding import decode
from pyfabric.rules.state.versions import StateReader, Version, VersionedValue, hashed_namespace


class PrivateView:
    """A `PrivateReader` over the private data of a peer; `state` is the channel's at `height`."""

    def __init__(self, data: PrivateData, state: StateReader, height: int) -> None:
        self._data = data
        self._state = state
        self._height = height

    def read(
        self, namespace: str, collection: str, key: str, hashed: VersionedValue | None
    ) -> tuple[bytes | None, Version | None]:
        """Return the value that belongs to a committed hash, else at best what the peer has."""
        place = self._data.place(namespace, collection)
        own = self._data.store.get(place, key)
        if hashed is None:
            return (None, None) if own is None or self._is_later(own[1]) else (None, own[1])
        if own is not None and own[1] == hashed.version:
            return own
        value = self._find(place, key, hashed)
        if value is not None:
            return value, hashed.version
        return None, None if own is None else own[1]

    def newest(
        self, namespace: str, collection: str, key: str
    ) -> tuple[bytes | None, Version | None]:
        """Return what the peer has, whether or not it belongs to the committed hash."""
        found = self._data.store.get(self._data.place(namespace, collection), key)
        return (None, None) if found is None else found

    def range(
        self, namespace: str, collection: str, start: str, end: str
    ) -> Iterable[tuple[str, bytes]]:
        """Return the keys and values of a range."""
        place = self._data.place(namespace, collection)
        if self._data.keeps(place):
            self._complete(place, start, end)
        return [(key, value) for key, value, _ in self._data.store.range(place, start, end)]

    def _is_later(self, version: Version) -> bool:
        return version.block >= self._height

    def _find(self, place: Place, key: str, hashed: VersionedValue) -> bytes | None:
        value = _value(self._data.store, place, key, hashed)
        if value is not None or not self._data.keeps(place):
            return value
        for other in self._data.others(place):
            value = _value(other.store, place, key, hashed)
            if value is not None:
                self._adopt(place, key, value, hashed.version)
                return value
        return None

    def _complete(self, place: Place, start: str, end: str) -> None:
        """Take over from other members what this peer missed."""
        own = {key: version for key, _, version in self._data.store.range(place, start, end)}
        for other in self._data.others(place):
            for key, value, version in other.store.range(place, start, end):
                if own.get(key) != version and self._is_committed(place, key, value, version):
                    self._adopt(place, key, value, version)
                    own[key] = version

    def _is_committed(self, place: Place, key: str, value: bytes, version: Version) -> bool:
        stored = hashed_namespace(place.namespace, place.collection)
        hashed = self._state.get(stored, sha256(key.encode()).hexdigest())
        return (
            hashed is not None
            and hashed.version == version
            and hashed.value == sha256(value).digest()
        )

    def _adopt(self, place: Place, key: str, value: bytes, version: Version) -> None:
        newest = self._data.store.get(place, key)
        if newest is None or newest[1] < version:
            expires = self._data.expiry(place, version.block)
            self._data.store.put(place, key, value, version, expires)


def _value(store: PrivateStore, place: Place, key: str, hashed: VersionedValue) -> bytes | None:
    """Return the value with a hash, in a store's state or in the write set of its version.

    An older version does not do, though its value be the same.
    """
    found = store.get(place, key)
    candidates = [found[0]] if found is not None and found[1] == hashed.version else []
    data = store.committed(place, hashed.version)
    if data is not None:
        writes = decode(kv_rwset_pb2.KVRWSet, data).writes
        candidates.extend(one.value for one in writes if one.key == key)
    return next((one for one in candidates if sha256(one).digest() == hashed.value), None)
