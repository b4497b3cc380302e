"""One gRPC connection in an event loop: calls and streams to one endpoint."""

import asyncio
import time
from typing import Any, Self, TypeVar

import grpc
import grpc.aio

from pyfabric._grpc.aio_places import AsyncPlaces
from pyfabric._grpc.errors import Attempt, closed, gateway_error, has_a_cause
from pyfabric._grpc.options import channel_credentials, channel_options
from pyfabric._grpc.tracing import call_metadata, client_span
from pyfabric.client.effects import Endpoint, Unary
from pyfabric.client.timeouts import METHOD_TIMEOUTS, OTHER_TIMEOUT
from pyfabric.client.tracing import Tracer
from pyfabric.errors import GatewayError

T = TypeVar("T")


def _task_is_cancelled() -> bool:
    """Return whether the caller is cancelled, not the call: grpc.aio raises the same for both."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class AsyncStream:
    """A server's stream of raw messages: iterate it with `async for`, or `cancel` it."""

    def __init__(self, call: Any, places: AsyncPlaces, attempt: Attempt) -> None:
        self._call = call
        self._messages = aiter(call)
        self._places = places
        self._attempt = attempt
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        try:
            message: bytes = await anext(self._messages)
        except StopAsyncIteration:
            self._release()
            raise
        except grpc.aio.AioRpcError as failure:
            self._release()
            raise await _explained(
                gateway_error(failure, self._attempt), self._attempt.endpoint
            ) from failure
        except asyncio.CancelledError as cancelled:
            self._release()
            if _task_is_cancelled():
                raise
            raise closed() from cancelled
        return message

    def cancel(self) -> None:
        """Cancel the stream."""
        self._call.cancel()
        self._release()

    def _release(self) -> None:
        if not self._ended:
            self._ended = True
            self._places.leave()


class AsyncConnection:
    """A channel to one endpoint, for the event loop in which it was made."""

    def __init__(
        self, endpoint: Endpoint, *, proxy: bool, places: AsyncPlaces, tracer: Tracer | None = None
    ) -> None:
        self._endpoint = endpoint
        self._places = places
        self._channel = grpc.aio.secure_channel(
            endpoint.address, channel_credentials(endpoint), channel_options(endpoint, proxy=proxy)
        )
        self._tracer = tracer
        self._unary: dict[str, Any] = {}

    async def close(self) -> None:
        """Close the connection and fail every call on it."""
        await self._channel.close()

    async def call(self, rpc: Unary[T], *, placed: bool = False) -> T:
        """Make a unary call, in its own span if there is a tracer. Raises GatewayError.

        A call that is `placed` is part of a transaction that holds a place already.
        """
        if self._tracer is None:
            return await self._in_place(rpc, None, placed=placed)
        with client_span(self._tracer, rpc) as traceparent:
            return await self._in_place(rpc, traceparent, placed=placed)

    async def _in_place(self, rpc: Unary[T], traceparent: str | None, *, placed: bool) -> T:
        timeout = rpc.timeout
        if timeout is None:
            timeout = METHOD_TIMEOUTS.get(rpc.method, OTHER_TIMEOUT)
        if placed:
            return await self._call(rpc, traceparent, timeout)
        async with self._places.held(timeout):
            return await self._call(rpc, traceparent, timeout)

    async def _call(self, rpc: Unary[T], traceparent: str | None, timeout: float) -> T:
        method = self._unary.get(rpc.method)
        if method is None:
            method = self._unary[rpc.method] = self._channel.unary_unary(rpc.method)
        attempt = Attempt(self._endpoint, rpc.method, timeout)
        deadline = time.monotonic() + timeout
        try:
            answer: bytes = await method(
                rpc.request, timeout=timeout, metadata=call_metadata(traceparent)
            )
        except grpc.aio.AioRpcError as failure:
            left = deadline - time.monotonic()
            raise await _explained(
                gateway_error(failure, attempt, left=left), self._endpoint
            ) from failure
        except grpc.aio.UsageError as error:
            raise closed() from error
        except asyncio.CancelledError as cancelled:
            if _task_is_cancelled():
                raise
            raise closed() from cancelled
        return rpc.parse(answer)

    async def stream(
        self, method: str, request: bytes, *, client_streams: bool, timeout: float | None = None
    ) -> AsyncStream:
        """Send one request and return the stream of its answers. Raises GatewayError or ClientError.

        `client_streams` is true for a method that takes a stream of requests (Deliver, Broadcast).
        """
        await self._places.take(timeout if timeout is not None else OTHER_TIMEOUT)
        try:
            if client_streams:
                call = self._channel.stream_stream(method)(iter((request,)), timeout=timeout)
            else:
                call = self._channel.unary_stream(method)(request, timeout=timeout)
        except grpc.aio.UsageError as error:
            self._places.leave()
            raise closed() from error
        return AsyncStream(call, self._places, Attempt(self._endpoint, method, timeout))


async def _explained(error: GatewayError, endpoint: Endpoint) -> GatewayError:
    if not has_a_cause(error):
        return error
    from pyfabric._grpc.handshakes import explained

    return await asyncio.to_thread(explained, error, endpoint)
