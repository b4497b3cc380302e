"""Accepting private data when a block is committed, and again after a crash or when it was missed.

Source: gossip/privdata/coordinator.go of Fabric 3.1. Settling a block is idempotent: a value is accepted
only if it belongs to the hash that the channel's state has after the block, so that a block may be settled
again after a crash, or late.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

from fabric_protos.ledger.rwset.kvrwset import kv_rwset_pb2

from pyfabric.errors import ValidationCode
from pyfabric.ledger.private.data import PrivateData, Written
from pyfabric.ledger.private.store import Place
from pyfabric.messages.decoding import decode
from pyfabric.rules.blocks.contents import Transaction, transactions
from pyfabric.rules.requests.dissemination import CollectionWrites
from pyfabric.rules.state.versions import StateReader, Version, hashed_namespace

RETENTION = 1000
"""The number of blocks after which a peer forgets private data that was endorsed and did not commit."""


def settle(data: PrivateData, number: int, found: Sequence[Transaction]) -> None:
    """Accept what the transactions of a committed block bring to a peer."""
    store, channel_id = data.store, data.channel.channel_id
    written = list(_written(data, number, found))
    taken = [(one, values) for one in written if (values := _obtain(data, one)) is not None]
    settled = [one.transaction_id for one in found if store.holds(channel_id, one.transaction_id)]
    purges = [one for one in written if one.valid and _purged(one)]
    if taken or settled or purges or store.expires(channel_id, number):
        with data.channel.snapshot() as state, store.changes():
            for one, values in taken:
                _accept(data, one, values, state)
            for one in purges:
                for key_hash in _purged(one):
                    store.purge(one.place, key_hash, one.version)
            store.expire(channel_id, number)
            store.release(channel_id, settled)
    if number % RETENTION == 0 and number > RETENTION:
        store.release_below(channel_id, number - RETENTION)


def recover(data: PrivateData) -> None:
    """Settle again what a crash may have left: the newest block, and what is still waiting."""
    numbers = {data.channel.height - 1}
    for name, transaction_id in data.store.pending():
        waits = name == data.channel.channel_id
        record = data.channel.transaction(transaction_id) if waits else None
        if record is not None:
            numbers.add(record.block_number)
    for number in sorted(numbers):
        _settle_again(data, number)


def in_block(data: PrivateData, number: int) -> list[tuple[int, CollectionWrites]]:
    """Return the write sets of a block that a peer keeps, each with its transaction's place."""
    if _misses(data, number):
        _settle_again(data, number)
    return data.store.in_block(data.channel.channel_id, number)


def _obtain(data: PrivateData, written: Written) -> bytes | None:
    """Return the values of a transaction in a collection: kept here, or with another member."""
    if not data.keeps(written.place):
        return None
    own = data.offer(written)
    if own is not None:
        return own
    expires = data.expiry(written.place, written.version.block)
    if expires is not None and expires < data.channel.height:
        return None
    offers = (peer.offer(written) for peer in data.others(written.place))
    return next((one for one in offers if one is not None), None)


def _accept(data: PrivateData, written: Written, values: bytes, state: StateReader) -> None:
    place, version = written.place, written.version
    data.store.record(place, version, values, data.expiry(place, version.block))
    if not written.valid:
        return
    message = decode(kv_rwset_pb2.KVRWSet, values)
    by_key = {one.key: one.value for one in message.writes}
    for key in [*by_key, *(one.key for one in message.metadata_writes)]:
        _update(data, place, key, by_key.get(key), state)


def _update(
    data: PrivateData, place: Place, key: str, value: bytes | None, state: StateReader
) -> None:
    """Bring a key's value in line with its hash in the state, if the value is there."""
    stored = hashed_namespace(place.namespace, place.collection)
    hashed = state.get(stored, sha256(key.encode()).hexdigest())
    if hashed is None:
        data.store.delete(place, key)
        return
    own = data.store.get(place, key)
    for candidate in (value, None if own is None else own[0]):
        if candidate is not None and sha256(candidate).digest() == hashed.value:
            expires = data.expiry(place, hashed.version.block)
            data.store.put(place, key, candidate, hashed.version, expires)
            return


def _misses(data: PrivateData, number: int) -> bool:
    block = data.channel.block(number)
    if block is None:
        return False
    return any(
        data.store.committed(one.place, one.version) is None and data.keeps(one.place)
        for one in _written(data, number, transactions(block))
    )


def _settle_again(data: PrivateData, number: int) -> None:
    block = data.channel.block(number)
    if block is not None:
        settle(data, number, transactions(block))


def _written(data: PrivateData, number: int, found: Sequence[Transaction]) -> Iterator[Written]:
    for position, transaction in enumerate(found):
        for namespace in transaction.namespaces:
            for hashes in namespace.collections:
                if hashes.hashed.hashed_writes or hashes.hashed.metadata_writes:
                    yield Written(
                        data.place(namespace.namespace, hashes.name),
                        Version(number, position),
                        transaction.transaction_id,
                        transaction.code == ValidationCode.VALID,
                        hashes,
                    )


def _purged(written: Written) -> list[bytes]:
    return [one.key_hash for one in written.hashes.hashed.hashed_writes if one.is_purge]
