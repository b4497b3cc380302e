"""Streams of events, which reconnect."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, Self, TypeVar

from pyfabric._grpc.connection import Stream
from pyfabric._grpc.errors import unanswered
from pyfabric.client.effects import Flow
from pyfabric.client.event_source import EventSource
from pyfabric.errors import FabricError, GatewayError
from pyfabric.gateway.connections import GatewayConnections
from pyfabric.local.closing import Closing

E = TypeVar("E")

_LOGGER = logging.getLogger("pyfabric.events")


class EventStream(Closing, Generic[E]):
    """A stream of events, to be iterated in one thread; `close` it from any thread.

    When its peer is lost it resumes at the next one, without losing or repeating an event. It raises
    errors that another request would not fix: GatewayError, DeliverError, DecodeError.
    """

    def __init__(
        self, connections: GatewayConnections, opening: Callable[[], Flow[EventSource[E]]]
    ) -> None:
        self._connections = connections
        self._source = connections.driver.run(opening())
        self._stream: Stream | None = None
        self._ready: deque[E] = deque()
        self._closed = threading.Event()
        self._lock = threading.Lock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        while not self._closed.is_set():
            if self._ready:
                return self._ready.popleft()
            try:
                self._ready.extend(self._receive())
            except FabricError as error:
                with self._lock:
                    self._drop()
                self._wait_to_retry(error)
        raise StopIteration

    def close(self) -> None:
        """Close the stream. Safe to repeat."""
        with self._lock:
            self._closed.set()
            self._drop()

    def _receive(self) -> tuple[E, ...]:
        stream = self._stream or self._open()
        for raw in stream:
            return tuple(self._source.receive(raw))
        raise unanswered(self._source.endpoint)

    def _open(self) -> Stream:
        driver, source = self._connections.driver, self._source
        request = driver.run(source.request())
        kind = source.kind
        stream = driver.stream(
            source.endpoint, kind.method, request, client_streams=kind.client_streams
        )
        with self._lock:
            self._stream = stream
            if self._closed.is_set():
                self._drop()
        return stream

    def _drop(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    def _wait_to_retry(self, error: FabricError) -> None:
        if self._closed.is_set():
            return
        if not isinstance(error, GatewayError):
            raise error
        delay = self._source.retry_after(error)
        _LOGGER.info("event stream lost, asking again in %.1f s: %s", delay, error)
        self._closed.wait(delay)
