"""A peer's Deliver service: blocks, filtered blocks, and blocks with private data.

Source: core/peer/deliverevents.go of Fabric 3.1; which blocks a request gets is `delivery`'s matter. A
stream carries one request after another; any status but SUCCESS ends it.
"""

from collections.abc import AsyncIterator, Callable
from datetime import datetime

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.ledger.rwset import rwset_pb2
from fabric_protos.peer import events_pb2

from pyfabric.errors import DecodeError
from pyfabric.identity.msp import MemberIdentity
from pyfabric.ledger.channel.block_events import filtered_block
from pyfabric.ledger.channel.channel import ChannelLedger
from pyfabric.ledger.channel.delivery import Delivery
from pyfabric.ledger.peer.peer import Peer
from pyfabric.ledger.private.private_store import Place, WriteSet
from pyfabric.ledger.servers import client_certificate_hash
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.collections import Collection

Response = events_pb2.DeliverResponse
Show = Callable[[bytes, common_pb2.Block], Response]


class DeliverService:
    """The three Deliver calls of one peer; `mutual_tls` binds requests to the client's certificate."""

    def __init__(self, peer: Peer, now: Callable[[], datetime], *, mutual_tls: bool) -> None:
        self._peer = peer
        self._blocks, self._filtered = (
            Delivery(self._find, self._authorize(resource), now, mutual_tls=mutual_tls)
            for resource in ("event/Block", "event/FilteredBlock")
        )

    def blocks(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """Whole blocks."""
        return _serve(self._blocks, requests, context, _show_block)

    def filtered(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """Blocks without contents."""
        return _serve(self._filtered, requests, context, _show_filtered)

    def with_private_data(
        self, requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Response]:
        """Whole blocks, and the private data that this peer has and the caller may see."""
        return _serve(self._blocks, requests, context, self._show_private)

    def _find(self, channel_id: str) -> ChannelLedger | None:
        return self._peer.channel(channel_id)

    def _authorize(self, resource: str) -> Callable[[ChannelLedger, SignedData], None]:
        def authorize(channel: ChannelLedger, signed: SignedData) -> None:
            self._peer.access.check_signed(resource, channel.channel_id, signed)

        return authorize

    def _show_private(self, envelope: bytes, block: common_pb2.Block) -> Response:
        response = Response()
        shown = response.block_and_private_data
        shown.block.CopyFrom(block)
        channel_id, caller = self._caller(envelope)
        number = block.header.number
        for position, one in self._peer.private.in_block(channel_id, number):
            place = Place(channel_id, one.namespace, one.collection)
            collection = self._peer.private.collection_before(place, number)
            if collection is not None and _may_see(caller, collection):
                _add(shown.private_data_map[position], one)
        return response

    def _caller(self, envelope: bytes) -> tuple[str, MemberIdentity | None]:
        """The channel and the creator of a request that has been authorised."""
        payload = decode(common_pb2.Payload, decode(common_pb2.Envelope, envelope).payload)
        channel_id = decode(common_pb2.ChannelHeader, payload.header.channel_header).channel_id
        creator = decode(common_pb2.SignatureHeader, payload.header.signature_header).creator
        channel = self._peer.channel(channel_id)
        if channel is None:
            return channel_id, None
        return channel_id, channel.config.msp_manager.deserialize(creator)


async def _serve(
    delivery: Delivery,
    requests: AsyncIterator[bytes],
    context: grpc.aio.ServicerContext,
    show: Show,
) -> AsyncIterator[Response]:
    certificate_hash = client_certificate_hash(context)
    async for envelope in requests:
        async for found in delivery.serve(envelope, certificate_hash):
            if not isinstance(found, int):
                yield show(envelope, found)
                continue
            yield Response(status=common_pb2.Status.Name(found))
            if found != common_pb2.SUCCESS:
                return


def _show_block(_envelope: bytes, block: common_pb2.Block) -> Response:
    return Response(block=block)


def _show_filtered(_envelope: bytes, block: common_pb2.Block) -> Response:
    try:
        return Response(filtered_block=filtered_block(block))
    except DecodeError:
        return Response(status=common_pb2.Status.Name(common_pb2.BAD_REQUEST))


def _may_see(caller: MemberIdentity | None, collection: Collection) -> bool:
    """Whether a reader of the channel may see a collection's values: all may, unless it says no."""
    if not collection.member_only_read:
        return True
    return caller is not None and collection.includes(caller)


def _add(shown: rwset_pb2.TxPvtReadWriteSet, one: WriteSet) -> None:
    shown.SetInParent()
    if not shown.ns_pvt_rwset or shown.ns_pvt_rwset[-1].namespace != one.namespace:
        shown.ns_pvt_rwset.add(namespace=one.namespace)
    shown.ns_pvt_rwset[-1].collection_pvt_rwset.add(collection_name=one.collection, rwset=one.data)
