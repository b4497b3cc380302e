"""A peer's Deliver service: blocks, filtered blocks, and blocks with private data.

Source: core/peer/deliverevents.go of Fabric 3.1; which blocks a request gets is `delivery`'s matter. A
stream carries one request after another; any status except SUCCESS is the last message.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.peer import events_pb2

from pyfabric.errors import DecodeError
from pyfabric.identity.msp import MemberIdentity
from pyfabric.ledger.channel.delivery import Delivered, Delivery
from pyfabric.ledger.peer.peer import JoinedChannel, Peer
from pyfabric.ledger.private.settlement import in_block
from pyfabric.ledger.servers import client_certificate_hash
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.blocks.events import filtered_block
from pyfabric.rules.collections import Collection
from pyfabric.rules.requests.dissemination import CollectionWrites

Response = events_pb2.DeliverResponse
Show = Callable[[Delivered[JoinedChannel]], Response]


class DeliverService:
    """The three Deliver calls of one peer; `mutual_tls` binds requests to the client's certificate."""

    def __init__(self, peer: Peer, now: Callable[[], datetime], *, mutual_tls: bool) -> None:
        self._blocks, self._filtered = (
            Delivery(peer.channel, _authorize(resource), now, mutual_tls=mutual_tls)
            for resource in ("event/Block", "event/FilteredBlock")
        )

    def blocks(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """Deliver whole blocks."""
        return _serve(self._blocks, requests, context, _show_block)

    def filtered(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """Deliver blocks without contents."""
        return _serve(self._filtered, requests, context, _show_filtered)

    def with_private_data(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """Deliver whole blocks, and the private data that this peer has and the caller may see."""
        return _serve(self._blocks, requests, context, _show_private)


async def _serve(
    delivery: Delivery[JoinedChannel],
    requests: AsyncIterator[bytes],
    context: grpc.aio.ServicerContext,
    show: Show,
) -> AsyncIterator[Response]:
    certificate_hash = client_certificate_hash(context)
    async for envelope in requests:
        async for found in delivery.serve(envelope, certificate_hash):
            if not isinstance(found, int):
                yield show(found)
                continue
            yield Response(status=common_pb2.Status.Name(found))
            if found != common_pb2.SUCCESS:
                return


def _authorize(resource: str) -> Callable[[JoinedChannel, SignedData], None]:
    def authorize(joined: JoinedChannel, signed: SignedData) -> None:
        access = joined.peer.access
        access.check_signed(resource, joined.channel_id, joined.config, signed)

    return authorize


def _show_block(delivered: Delivered[JoinedChannel]) -> Response:
    return Response(block=delivered.block)


def _show_filtered(delivered: Delivered[JoinedChannel]) -> Response:
    try:
        return Response(filtered_block=filtered_block(delivered.block))
    except DecodeError:
        return Response(status=common_pb2.Status.Name(common_pb2.BAD_REQUEST))


def _show_private(delivered: Delivered[JoinedChannel]) -> Response:
    response = Response()
    shown = response.block_and_private_data
    shown.block.CopyFrom(delivered.block)
    joined, number = delivered.joined, delivered.block.header.number
    caller = joined.config.msp_manager.deserialize(delivered.signed.identity)
    for position, one in in_block(joined.private, number):
        place = joined.private.place(one.namespace, one.collection)
        collection = joined.private.collection_before(place, number)
        if collection is not None and _may_see(caller, collection):
            _add(shown.private_data_map[position], one)
    return response


def _may_see(caller: MemberIdentity, collection: Collection) -> bool:
    """Return whether a reader of the channel may see a collection's values."""
    return not collection.member_only_read or collection.includes(caller)


def _add(shown: rwset_pb2.TxPvtReadWriteSet, one: CollectionWrites) -> None:
    shown.SetInParent()
    if not shown.ns_pvt_rwset or shown.ns_pvt_rwset[-1].namespace != one.namespace:
        shown.ns_pvt_rwset.add(namespace=one.namespace)
    shown.ns_pvt_rwset[-1].collection_pvt_rwset.add(collection_name=one.collection, rwset=one.data)
