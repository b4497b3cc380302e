"""To which peers an endorser gives what a transaction wrote in a collection.

Source: gossip/privdata/distributor.go of Fabric 3.1; texts are the same.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from fabric_protos.ledger.rwset import rwset_pb2

from pyfabric.errors import ContractError
from pyfabric.messages.decoding import decode
from pyfabric.rules.collections import Collection


class CollectionWrites(NamedTuple):
    """What a transaction wrote in one collection: the bytes of a KVRWSet."""

    namespace: str
    collection: str
    data: bytes


class Recipient(Protocol):
    """A peer of some organisation."""

    @property
    def msp_id(self) -> str:
        """The organisation's MSP id."""
        ...


R = TypeVar("R", bound=Recipient)


def collection_writes(private_set: bytes) -> Iterator[CollectionWrites]:
    """Return the parts of a TxPvtReadWriteSet."""
    for namespace in decode(rwset_pb2.TxPvtReadWriteSet, private_set).ns_pvt_rwset:
        for collection in namespace.collection_pvt_rwset:
            yield CollectionWrites(
                namespace.namespace, collection.collection_name, collection.rwset
            )


def recipients(
    collection: Collection | None,
    eligible: Sequence[R],
    *,
    channel_id: str,
    transaction_id: str,
    namespace: str,
) -> list[R]:
    """Return the peers to which writes are given: one of each organisation first, up to the maximum.

    `eligible` are the other peers that satisfy the collection's policy. Raises ContractError if they
    are fewer than the collection requires, or if there is no collection.
    """
    if collection is None:
        raise ContractError(
            f'failed to obtain collections config: no collection config for chaincode "{namespace}"'
        )
    if len(eligible) < collection.required_peer_count:
        raise ContractError(
            "failed to distribute private collection, txID "
            f"{transaction_id}, channel {channel_id}: could not build private data dissemination "
            f"plan for chaincode {namespace} and collection {collection.name}: required to "
            f"disseminate to at least {collection.required_peer_count} peers, but know of only "
            f"{len(eligible)} eligible peers"
        )
    firsts = {peer.msp_id: peer for peer in reversed(eligible)}.values()
    rest = [peer for peer in eligible if peer not in firsts]
    return [*firsts, *rest][: collection.maximum_peer_count]
