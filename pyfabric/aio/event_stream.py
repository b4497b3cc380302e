"""Streams of events, which reconnect."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, Generic, Self, TypeVar

from pyfabric._grpc.aio_connection import AsyncStream
from pyfabric._grpc.errors import unanswered
from pyfabric.aio.connections import GatewayConnections
from pyfabric.client.effects import Flow
from pyfabric.client.event_source import EventSource
from pyfabric.errors import FabricError, GatewayError
from pyfabric.local.closing import AsyncClosing

E = TypeVar("E")

_LOGGER = logging.getLogger("pyfabric.events")


class EventStream(AsyncClosing, Generic[E]):
    """A stream of events, to be iterated in one task; `close` it from any task of the same loop.

    It is opened by `await`, by `async with`, or by the first step of `async for`, whichever comes first.
    When its peer is lost it resumes at the next one, without losing or repeating an event. It raises
    errors that another request would not fix: GatewayError, DeliverError, DecodeError.
    """

    def __init__(
        self, connections: GatewayConnections, opening: Callable[[], Flow[EventSource[E]]]
    ) -> None:
        self._connections = connections
        self._opening = opening
        self._source: EventSource[E] | None = None
        self._stream: AsyncStream | None = None
        self._ready: deque[E] = deque()
        self._closed = asyncio.Event()

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        while not self._closed.is_set():
            if self._ready:
                return self._ready.popleft()
            source = await self._opened()
            try:
                self._ready.extend(await self._receive(source))
            except FabricError as error:
                self._drop()
                await self._wait_to_retry(source, error)
        raise StopAsyncIteration

    async def close(self) -> None:
        """Close the stream. Safe to repeat."""
        self._closed.set()
        self._drop()

    async def __aenter__(self) -> Self:
        await self._opened()
        return await super().__aenter__()

    async def _opened(self) -> EventSource[E]:
        if self._source is None:
            self._source = await self._connections.driver.run(self._opening())
        return self._source

    async def _receive(self, source: EventSource[E]) -> tuple[E, ...]:
        if self._stream is None:
            self._stream = await self._connect(source)
        async for raw in self._stream:
            return tuple(source.receive(raw))
        raise unanswered(source.endpoint)

    async def _connect(self, source: EventSource[E]) -> AsyncStream:
        driver, kind = self._connections.driver, source.kind
        request = await driver.run(source.request())
        return await driver.stream(
            source.endpoint, kind.method, request, client_streams=kind.client_streams
        )

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    async def _wait_to_retry(self, source: EventSource[E], error: FabricError) -> None:
        if self._closed.is_set():
            return
        if not isinstance(error, GatewayError):
            raise error
        delay = source.retry_after(error)
        _LOGGER.info("event stream lost, asking again in %.1f s: %s", delay, error)
        try:
            async with asyncio.timeout(delay):
                await self._closed.wait()
        except TimeoutError:
            return
