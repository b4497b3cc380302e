"""Streams of events, which reconnect."""

import asyncio
import logging
from collections import deque
from types import TracebackType
from typing import Generic, Self, TypeVar

from pyfabric._grpc.aio_connection import AsyncStream
from pyfabric._grpc.errors import unanswered
from pyfabric.aio.connections import GatewayConnections
from pyfabric.client.event_source import EventSource
from pyfabric.errors import FabricError, GatewayError

E = TypeVar("E")

_LOGGER = logging.getLogger("pyfabric.events")


class EventStream(Generic[E]):
    """A stream of events, to be iterated in one task; `close` it from any task of the same loop.

    When its peer is lost it resumes at the next one, without losing or repeating an event. It raises
    errors that another request would not fix: GatewayError, DeliverError, DecodeError.
    """

    def __init__(self, connections: GatewayConnections, source: EventSource[E]) -> None:
        self._connections = connections
        self._source = source
        self._stream: AsyncStream | None = None
        self._ready: deque[E] = deque()
        self._closed = asyncio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        while not self._closed.is_set():
            if self._ready:
                return self._ready.popleft()
            try:
                self._ready.extend(await self._receive())
            except FabricError as error:
                self._drop()
                await self._wait_to_retry(error)
        raise StopAsyncIteration

    async def close(self) -> None:
        """Close the stream. Safe to repeat."""
        self._closed.set()
        self._drop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _receive(self) -> tuple[E, ...]:
        if self._stream is None:
            self._stream = await self._open()
        async for raw in self._stream:
            return tuple(self._source.receive(raw))
        raise unanswered(self._source.endpoint)

    async def _open(self) -> AsyncStream:
        driver, source = self._connections.driver, self._source
        request = await driver.run(source.request())
        kind = source.kind
        return await driver.stream(
            source.endpoint, kind.method, request, client_streams=kind.client_streams
        )

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    async def _wait_to_retry(self, error: FabricError) -> None:
        if self._closed.is_set():
            return
        if not isinstance(error, GatewayError):
            raise error
        delay = self._source.retry_after(error)
        _LOGGER.info("event stream lost, asking again in %.1f s: %s", delay, error)
        try:
            async with asyncio.timeout(delay):
                await self._closed.wait()
        except TimeoutError:
            return
