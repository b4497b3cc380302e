"""The errors of this project for failures of gRPC, which are made nowhere else."""

import math
from collections.abc import Iterable
from typing import Any, Protocol

import grpc

from pyfabric.client.effects import Endpoint
from pyfabric.errors import ClientError, DecodeError, ErrorDetail, GatewayError, StatusCode
from pyfabric.messages.status_details import TRAILER, read_details

_CLOCKS_DIFFER = 0.05  # seconds


class CallFailure(Protocol):
    """What the errors of grpc and grpc.aio have in common, without a common base class."""

    def code(self) -> grpc.StatusCode: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> Iterable[Any] | None: ...


def _details(trailers: Iterable[Any] | None) -> tuple[ErrorDetail, ...]:
    for key, value in trailers or ():
        if key == TRAILER:
            try:
                return read_details(value)
            except DecodeError:
                return ()  # the call's own error matters more than an unreadable addition to it
    return ()


def gateway_error(failure: CallFailure, *, left: float = math.inf) -> GatewayError:
    """Return the error of a failed call, with the message of each node that answered.

    `left` is how many seconds of its deadline the call had left: when the server notices the passed
    deadline first, it removes the stream, and gRPC reports CANCELLED.
    """
    code = failure.code()
    if code is grpc.StatusCode.CANCELLED and left < _CLOCKS_DIFFER:
        code = grpc.StatusCode.DEADLINE_EXCEEDED
    return GatewayError(
        failure.details() or "",
        code=StatusCode(code.value[0]),
        details=_details(failure.trailing_metadata()),
    )


def closed() -> ClientError:
    """Return the error of a call on a closed connection, which grpc reports as a ValueError."""
    return ClientError("the gateway is closed: connect again")


def too_many(endpoint: Endpoint, limit: int) -> GatewayError:
    """Return the error of a call that was not sent: the connection was full until its deadline."""
    return GatewayError(
        f"{limit} calls are already under way on the connection to {endpoint.address}",
        code=StatusCode.RESOURCE_EXHAUSTED,
    )


def unanswered(endpoint: Endpoint) -> GatewayError:
    """Return the error of a stream that the server closed before its answer was complete."""
    return GatewayError(
        f"{endpoint.address} closed the stream before its answer", code=StatusCode.UNAVAILABLE
    )
