"""The gateway's Submit: hands a signed transaction to the channel's ordering service.

Source: internal/pkg/gateway/submit.go of Fabric 3.1; texts are Fabric's. Orderers of this process
are called in process; an address at which none of them listens is an orderer that cannot be reached.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from random import Random

import grpc
from fabric_protos.common import common_pb2
from fabric_protos.gateway import gateway_pb2

from pyfabric.errors import ErrorDetail, StatusCode
from pyfabric.ledger.failures import CallError
from pyfabric.ledger.peer.peer import Peer
from pyfabric.ledger.services.gateway.calls import in_time
from pyfabric.messages.go_texts import connection_refused, rpc_error
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus.bft import quorum
from pyfabric.rules.consensus.types import consensus_type

Broadcast = Callable[[bytes], Awaitable[tuple[int, str]]]
"""Hands an envelope to an orderer; returns (status, info)."""

Address = tuple[str, str]
"""An orderer: its organisation's MSP id, and host:port."""

_SUCCESS = common_pb2.Status.SUCCESS
_KNOWN = (
    common_pb2.Status.SERVICE_UNAVAILABLE,
    "failed to submit request: request already exists",
)


class SubmitService:
    """Submit of one peer; raises CallError."""

    def __init__(self, peer: Peer, ordering: "Ordering") -> None:
        self._peer = peer
        self._ordering = ordering

    async def submit(
        self, request: gateway_pb2.SubmitRequest, context: grpc.aio.ServicerContext
    ) -> gateway_pb2.SubmitResponse:
        """Hand a signed transaction to an orderer of the channel."""
        if not request.HasField("prepared_transaction"):
            raise CallError(StatusCode.INVALID_ARGUMENT, "a prepared transaction is required")
        envelope = request.prepared_transaction
        if not envelope.signature:
            raise CallError(StatusCode.INVALID_ARGUMENT, "prepared transaction must be signed")
        joined = self._peer.channel(request.channel_id)
        if joined is None:
            raise CallError(
                StatusCode.FAILED_PRECONDITION,
                f"failed to get config for channel [{request.channel_id}]: could not get last "
                f"config for channel {request.channel_id}",
            )
        if joined.channel.trouble is not None:
            raise CallError(StatusCode.UNAVAILABLE, joined.channel.trouble)
        await in_time(
            self._ordering.submit(joined.config, envelope.SerializeToString()),
            context,
            "submit timeout expired while broadcasting to ordering service",
        )
        return gateway_pb2.SubmitResponse()


class Ordering:
    """The orderers of this process, by the address under which channels know them."""

    def __init__(self, orderers: Mapping[str, Broadcast], random: Random) -> None:
        self._orderers = orderers
        self._random = random

    async def submit(self, config: ChannelConfig, envelope: bytes) -> None:
        """Hand an envelope to the channel's ordering service; raises CallError."""
        addresses = list(_addresses(config))
        if not addresses:
            raise CallError(StatusCode.UNAVAILABLE, "no orderer nodes available")
        self._random.shuffle(addresses)
        if consensus_type(config).has_leader:
            await self._submit_to_one(addresses, envelope)
        else:
            await self._submit_to_all(addresses, envelope)

    async def _submit_to_one(self, addresses: Sequence[Address], envelope: bytes) -> None:
        details = []
        for address in addresses:
            broadcast = self._orderers.get(address[1])
            if broadcast is None:
                details.append(_detail(address, _away(address)))
                continue
            status, info = await broadcast(envelope)
            if status == _SUCCESS:
                return
            if 400 <= status < 500:
                raise CallError(StatusCode.ABORTED, _unsuccessful(status, info))
        raise CallError(
            StatusCode.UNAVAILABLE, "no orderers could successfully process transaction", details
        )

    async def _submit_to_all(self, addresses: Sequence[Address], envelope: bytes) -> None:
        asked = [self._problem(address, envelope) for address in addresses]
        problems = await asyncio.gather(*asked)
        details = [
            _detail(address, problem)
            for address, problem in zip(addresses, problems, strict=True)
            if problem is not None
        ]
        wanted = quorum(len(addresses))
        if len(addresses) - len(details) < wanted:
            raise CallError(
                StatusCode.UNAVAILABLE,
                "insufficient number of orderers could successfully process transaction to satisfy "
                "quorum requirement",
                # The gateway does not wait for more failures than it needs.
                details[: len(addresses) - wanted + 1],
            )

    async def _problem(self, address: Address, envelope: bytes) -> str | None:
        """Return why an orderer does not take an envelope; None if it does, or has it already."""
        broadcast = self._orderers.get(address[1])
        if broadcast is None:
            return _away(address)
        status, info = await broadcast(envelope)
        if status == _SUCCESS or (status, info) == _KNOWN:
            return None
        return _unsuccessful(status, info)


def _away(address: Address) -> str:
    return rpc_error(StatusCode.UNAVAILABLE, connection_refused(address[1], temporary=True))


def _unsuccessful(status: int, info: str) -> str:
    return (
        "received unsuccessful response from orderer: "
        f"status={common_pb2.Status.Name(status)}, info={info}"
    )


def _detail(address: Address, message: str) -> ErrorDetail:
    return ErrorDetail(address=address[1], msp_id=address[0], message=message)


def _addresses(config: ChannelConfig) -> Sequence[Address]:
    """Return (MSP id, address) of the channel's orderers: those of organisations, or else the channel's."""
    own = [
        (organization.msp_id, address)
        for organization in config.orderer_organizations.values()
        for address in organization.endpoints
    ]
    if own:
        return own
    msp_id = next(iter(config.orderer_organizations), "")
    return [(msp_id, address) for address in config.orderer_addresses]
