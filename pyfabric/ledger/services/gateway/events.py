"""The gateway's CommitStatus and ChaincodeEvents: what became of a transaction, and what contracts announce.

Source: internal/pkg/gateway/{commitstatus,chaincodeevents}.go of Fabric 3.1; texts are Fabric's.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2
from fabric_protos.orderer import ab_pb2
from fabric_protos.peer import chaincode_event_pb2

from pyfabric.errors import DecodeError, LedgerError, PolicyError, StatusCode
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.peer.peer import Peer
from pyfabric.messages.blocks import header_hash
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import DEADLINE_EXCEEDED
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.blocks.events import chaincode_events

Event = chaincode_event_pb2.ChaincodeEvent

_POSITION_TYPES = {"newest": "Newest", "oldest": "Oldest"}
_REMEMBERED = 128


class EventService:
    """CommitStatus and ChaincodeEvents of one peer; each raises CallError."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._events: OrderedDict[bytes, list[Event]] = OrderedDict()

    async def commit_status(
        self, signed: gateway_pb2.SignedCommitStatusRequest, context: grpc.aio.ServicerContext
    ) -> gateway_pb2.CommitStatusResponse:
        """Return the outcome of a transaction, as soon as there is one."""
        request = _commit_request(signed.request)
        channel = self._authorised(
            "gateway/CommitStatus",
            request.channel_id,
            SignedData(signed.request, request.identity, signed.signature),
        )
        remaining = context.time_remaining()
        try:
            async with asyncio.timeout(remaining):
                code, number = await channel.commit_status(request.transaction_id)
        except TimeoutError as error:
            raise CallError(StatusCode.DEADLINE_EXCEEDED, DEADLINE_EXCEEDED) from error
        except LedgerError as error:
            raise CallError(StatusCode.UNAVAILABLE, str(error)) from error
        response = gateway_pb2.CommitStatusResponse(block_number=number)
        response.result = code  # type: ignore[assignment]
        return response

    async def chaincode_events(
        self, signed: gateway_pb2.SignedChaincodeEventsRequest
    ) -> AsyncIterator[gateway_pb2.ChaincodeEventsResponse]:
        """Yield the events of a chaincode, one message for each block that has any."""
        request = _events_request(signed.request)
        channel = self._authorised(
            "gateway/ChaincodeEvents",
            request.channel_id,
            SignedData(signed.request, request.identity, signed.signature),
        )
        blocks = channel.blocks(_start_block(channel, request))
        matches = _matcher(request)
        while True:
            try:
                block = await anext(blocks)
            except LedgerError as error:
                raise CallError(StatusCode.UNAVAILABLE, str(error)) from error
            events = [event for event in self._of_block(block) if matches(event)]
            if events:
                yield gateway_pb2.ChaincodeEventsResponse(
                    events=events, block_number=block.header.number
                )

    def _of_block(self, block: common_pb2.Block) -> list[Event]:
        key = header_hash(block.header)
        events = self._events.get(key)
        if events is None:
            try:
                events = self._events[key] = chaincode_events(block)
            except DecodeError as error:
                raise CallError(StatusCode.ABORTED, str(error)) from error
            if len(self._events) > _REMEMBERED:
                self._events.popitem(last=False)
        return events

    def _authorised(self, resource: str, channel_id: str, signed: SignedData) -> Channel:
        joined = self._peer.channel(channel_id)
        config = None if joined is None else joined.config
        try:
            self._peer.access.check_signed(resource, channel_id, config, signed)
        except PolicyError as error:
            raise CallError(StatusCode.PERMISSION_DENIED, str(error)) from error
        if joined is None:
            raise CallError(StatusCode.NOT_FOUND, f"channel does not exist: {channel_id}")
        return joined.channel


def _commit_request(raw: bytes) -> gateway_pb2.CommitStatusRequest:
    if not raw:
        raise _invalid_argument("a commit status request is required")
    request = decode(
        gateway_pb2.CommitStatusRequest, raw, _invalid_argument, "invalid status request"
    )
    problems = (
        (request.identity, "no identity provided"),
        (request.channel_id, "no channel ID provided"),
        (request.transaction_id, "transaction ID should not be empty"),
    )
    for value, problem in problems:
        if not value:
            raise CallError(StatusCode.INVALID_ARGUMENT, problem)
    return request


def _events_request(raw: bytes) -> gateway_pb2.ChaincodeEventsRequest:
    if not raw:
        raise _invalid_argument("a chaincode events request is required")
    return decode(
        gateway_pb2.ChaincodeEventsRequest,
        raw,
        _invalid_argument,
        "invalid chaincode events request",
    )


def _invalid_argument(text: str) -> CallError:
    return CallError(StatusCode.INVALID_ARGUMENT, text)


def _start_block(channel: Channel, request: gateway_pb2.ChaincodeEventsRequest) -> int:
    if request.after_transaction_id:
        record = channel.transaction(request.after_transaction_id)
        if record is not None:
            return record.block_number
    return _position(channel, request.start_position)


def _position(channel: Channel, position: ab_pb2.SeekPosition) -> int:
    kind = position.WhichOneof("Type")
    if kind == "specified":
        return position.specified.number
    if kind in _POSITION_TYPES:
        raise CallError(
            StatusCode.INVALID_ARGUMENT,
            f"invalid start position type: *orderer.SeekPosition_{_POSITION_TYPES[kind]}",
        )
    return channel.height


def _matcher(request: gateway_pb2.ChaincodeEventsRequest) -> Callable[[Event], bool]:
    waiting_for = request.after_transaction_id

    def matches(event: Event) -> bool:
        nonlocal waiting_for
        if waiting_for:
            if event.tx_id == waiting_for:
                waiting_for = ""
            return False
        return event.chaincode_id == request.chaincode_id

    return matches
