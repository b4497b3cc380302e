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

from pyfabric.core.policies.evaluation import SignedData
from pyfabric.errors import DecodeError
from pyfabric.ledger.block_events import filtered_block
from pyfabric.ledger.channel import ChannelLedger
from pyfabric.ledger.delivery import Delivery
from pyfabric.ledger.peer import Peer
from pyfabric.ledger.proposals import parse
from pyfabric.ledger.servers import client_certificate_hash
from pyfabric.ledger.system.definitions import IMPLICIT_PREFIX

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
        channel_id, msp_id = self._caller(envelope)
        for position, raw in self._peer.private.in_block(channel_id, block.header.number).items():
            visible = _visible(rwset_pb2.TxPvtReadWriteSet.FromString(raw), msp_id)
            if visible.ns_pvt_rwset:
                shown.private_data_map[position].CopyFrom(visible)
        return response

    def _caller(self, envelope: bytes) -> tuple[str, str]:
        """The channel and the department of a request that has been authorised."""
        payload = parse(
            common_pb2.Payload, common_pb2.Envelope.FromString(envelope).payload, "Payload"
        )
        channel_id = common_pb2.ChannelHeader.FromString(payload.header.channel_header).channel_id
        creator = common_pb2.SignatureHeader.FromString(payload.header.signature_header).creator
        channel = self._peer.channel(channel_id)
        if channel is None:
            return channel_id, ""
        return channel_id, channel.config.msp_manager.deserialize(creator).msp_id


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


def _visible(private_set: rwset_pb2.TxPvtReadWriteSet, msp_id: str) -> rwset_pb2.TxPvtReadWriteSet:
    """What of a private write set the members of a department may see."""
    visible = rwset_pb2.TxPvtReadWriteSet(data_model=private_set.data_model)
    for namespace in private_set.ns_pvt_rwset:
        own = [
            collection
            for collection in namespace.collection_pvt_rwset
            if collection.collection_name == IMPLICIT_PREFIX + msp_id
        ]
        if own:
            visible.ns_pvt_rwset.add(namespace=namespace.namespace, collection_pvt_rwset=own)
    return visible
