"""One gRPC connection with blocking calls: calls and streams to one endpoint."""

import threading
import time
from collections.abc import Iterator
from typing import Any, TypeVar

import grpc

from pyfabric._grpc.errors import Attempt, closed, gateway_error, has_a_cause
from pyfabric._grpc.options import channel_credentials, channel_options
from pyfabric._grpc.places import Places
from pyfabric._grpc.tracing import call_metadata, client_span
from pyfabric.client.effects import Endpoint, Unary
from pyfabric.client.timeouts import METHOD_TIMEOUTS, OTHER_TIMEOUT
from pyfabric.client.tracing import Tracer
from pyfabric.errors import GatewayError

T = TypeVar("T")


class Stream:
    """A server's stream of raw messages: iterate it, or `cancel` it from any thread."""

    def __init__(self, call: Any, places: Places, attempt: Attempt) -> None:
        self._call = call
        self._places = places
        self._attempt = attempt
        self._ended = threading.Lock()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            message: bytes = next(self._call)
        except StopIteration:
            self._release()
            raise
        except grpc.RpcError as failure:
            self._release()
            raise _explained(
                gateway_error(failure, self._attempt), self._attempt.endpoint
            ) from failure
        return message

    def cancel(self) -> None:
        """Cancel the stream; an iteration under way raises GatewayError (CANCELLED)."""
        self._call.cancel()
        self._release()

    def _release(self) -> None:
        if self._ended.acquire(blocking=False):
            self._places.leave()


class Connection:
    """A channel to one endpoint. Thread-safe."""

    def __init__(
        self, endpoint: Endpoint, *, proxy: bool, places: Places, tracer: Tracer | None = None
    ) -> None:
        self._endpoint = endpoint
        self._places = places
        self._channel = grpc.secure_channel(
            endpoint.address, channel_credentials(endpoint), channel_options(endpoint, proxy=proxy)
        )
        self._tracer = tracer
        self._unary: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connection and fail every call on it."""
        self._channel.close()

    def call(self, rpc: Unary[T], *, placed: bool = False) -> T:
        """Make a unary call, in its own span if there is a tracer. Raises GatewayError.

        A call that is `placed` is part of a transaction that holds a place already.
        """
        if self._tracer is None:
            return self._in_place(rpc, None, placed=placed)
        with client_span(self._tracer, rpc) as traceparent:
            return self._in_place(rpc, traceparent, placed=placed)

    def _in_place(self, rpc: Unary[T], traceparent: str | None, *, placed: bool) -> T:
        timeout = rpc.timeout
        if timeout is None:
            timeout = METHOD_TIMEOUTS.get(rpc.method, OTHER_TIMEOUT)
        if placed:
            return self._call(rpc, traceparent, timeout)
        with self._places.held(timeout):
            return self._call(rpc, traceparent, timeout)

    def _call(self, rpc: Unary[T], traceparent: str | None, timeout: float) -> T:
        method = self._unary.get(rpc.method)
        if method is None:
            method = self._unary[rpc.method] = self._channel.unary_unary(rpc.method)
        attempt = Attempt(self._endpoint, rpc.method, timeout)
        deadline = time.monotonic() + timeout
        try:
            answer: bytes = method(
                rpc.request, timeout=timeout, metadata=call_metadata(traceparent)
            )
        except grpc.RpcError as failure:
            left = deadline - time.monotonic()
            raise _explained(
                gateway_error(failure, attempt, left=left), self._endpoint
            ) from failure
        except ValueError as error:
            raise closed() from error
        return rpc.parse(answer)

    def stream(
        self, method: str, request: bytes, *, client_streams: bool, timeout: float | None = None
    ) -> Stream:
        """Send one request and return the stream of its answers. Raises GatewayError or ClientError.

        `client_streams` is true for a method that takes a stream of requests (Deliver, Broadcast).
        """
        self._places.take(timeout if timeout is not None else OTHER_TIMEOUT)
        try:
            if client_streams:
                call = self._channel.stream_stream(method)(iter((request,)), timeout=timeout)
            else:
                call = self._channel.unary_stream(method)(request, timeout=timeout)
        except ValueError as error:
            self._places.leave()
            raise closed() from error
        return Stream(call, self._places, Attempt(self._endpoint, method, timeout))


def _explained(error: GatewayError, endpoint: Endpoint) -> GatewayError:
    if not has_a_cause(error):
        return error
    from pyfabric._grpc.handshakes import explained

    return explained(error, endpoint)
