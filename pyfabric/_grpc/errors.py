"""The errors of this project for failures of gRPC, which are made nowhere else."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from pyfabric.client.effects import Endpoint
from pyfabric.errors import (
    ClientError,
    DecodeError,
    ErrorDetail,
    GatewayError,
    NotSentError,
    StatusCode,
)
from pyfabric.messages.status_details import TRAILER, read_details

_CLOCKS_DIFFER = 0.05  # seconds
_NAME_MISMATCH = "Hostname Verification Check failed"  # gRPC's own text
_CLOSED = re.compile(
    r"failed to connect to all addresses; last error: .*"
    r"(Socket closed|Unwrap failed|Connection reset|_ALERT_)"
)
"""gRPC's own text of a connection that the server closed in the TLS handshake, or right after it."""
_OWN_DEADLINE = "Deadline Exceeded"  # gRPC's own text: a peer that gives up gives its own reason


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


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call to an endpoint: its method, and its limit in seconds."""

    endpoint: Endpoint
    method: str
    timeout: float | None

    def unanswered(self) -> str:
        """Return the message of a call whose time passed without an answer."""
        step = self.method.rpartition("/")[2]
        limit = "in time" if self.timeout is None else f"within {self.timeout:g} s"
        return f"{self.endpoint.address} did not answer {step} {limit}"


def gateway_error(
    failure: CallFailure, attempt: Attempt, *, left: float = math.inf
) -> GatewayError:
    """Return the error of a failed call, with the message of each node that answered.

    `left` is how many seconds of its deadline the call had left: when the server notices the passed
    deadline first, it removes the stream, and gRPC reports CANCELLED.
    """
    code, message = failure.code(), failure.details() or ""
    if code is grpc.StatusCode.CANCELLED and left < _CLOCKS_DIFFER:
        code, message = grpc.StatusCode.DEADLINE_EXCEEDED, _OWN_DEADLINE
    if code is grpc.StatusCode.DEADLINE_EXCEEDED and message == _OWN_DEADLINE:
        message = attempt.unanswered()
    return GatewayError(
        message,
        code=StatusCode(code.value[0]),
        details=_details(failure.trailing_metadata()),
    )


def is_name_mismatch(error: GatewayError) -> bool:
    """Return whether a call failed because the server's certificate does not have the wanted name."""
    return _NAME_MISMATCH in error.message


def has_a_cause(error: GatewayError) -> bool:
    """Return whether a look at the server's handshake may show why a call failed."""
    return is_name_mismatch(error) or bool(_CLOSED.search(error.message))


def closed() -> ClientError:
    """Return the error of a call on a closed connection, which grpc reports as a ValueError."""
    return ClientError("the gateway is closed: connect again")


def not_sent(limit: int, seconds: float) -> NotSentError:
    """Return the error of a call that was not sent: all places were taken until its deadline."""
    return NotSentError(
        f"not sent: {limit} calls are already under way, and none completed its turn within "
        f"{seconds:g} s: call again, start fewer at once, or raise max_in_flight",
        code=StatusCode.RESOURCE_EXHAUSTED,
    )


def too_many_blocks(endpoint: Endpoint) -> GatewayError:
    """Return the error of a stream that goes on after the one block that was asked for."""
    return GatewayError(
        f"{endpoint.address} sent more blocks than the one that was asked for",
        code=StatusCode.OUT_OF_RANGE,
    )


def unanswered(endpoint: Endpoint) -> GatewayError:
    """Return the error of a stream that the server closed before its answer was complete."""
    return GatewayError(
        f"{endpoint.address} closed the stream before its answer", code=StatusCode.UNAVAILABLE
    )
