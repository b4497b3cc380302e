"""The driver that runs flows with blocking calls, on grpc."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pyfabric._grpc.connection import Connection, Stream
from pyfabric._grpc.exchanges import broadcast, deliver
from pyfabric._grpc.guard import Guard
from pyfabric._grpc.local import fresh_nonce, present
from pyfabric._grpc.options import MAX_IN_FLIGHT
from pyfabric._grpc.places import Places
from pyfabric.client.effects import (
    Answer,
    Broadcast,
    DeliverBlocks,
    Endpoint,
    Flow,
    Gather,
    Nonce,
    Now,
    Outcome,
    Placed,
    Rest,
    Sign,
    Sleep,
    Unary,
)
from pyfabric.client.tracing import Tracer
from pyfabric.errors import FabricError
from pyfabric.extras import require

if TYPE_CHECKING:
    from pyfabric._grpc.rest_clients import RestClients

T = TypeVar("T")

_GATHER_THREADS = 16


class Driver:
    """Performs the effects of flows with blocking calls. Thread-safe; unusable after a fork.

    `max_in_flight` limits the calls, transactions and streams under way at once; `proxy` obeys the environment's
    proxies, which are ignored otherwise. `tracer` is called for every unary call; `clock` returns the
    time of requests.
    """

    def __init__(
        self,
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        proxy: bool = False,
        tracer: Tracer | None = None,
        clock: Callable[[], datetime] = present,
    ) -> None:
        self._places = Places(max_in_flight)
        self._proxy = proxy
        self._tracer = tracer
        self._guard = Guard()
        self._lock = threading.Lock()
        self._connections: dict[Endpoint, Connection] = {}
        self._rest_clients: RestClients | None = None
        self._performers: dict[type, Callable[[Any], Any]] = {
            Unary: self._unary,
            Sign: _sign,
            Now: lambda _: clock(),
            Nonce: fresh_nonce,
            Gather: self._gather,
            Placed: self._placed,
            Sleep: _sleep,
            Broadcast: self._broadcast,
            DeliverBlocks: self._deliver,
            Rest: self._rest,
        }

    def run(self, flow: Flow[T]) -> T:
        """Run a flow and return its value. Raises what the flow raises, or ClientError."""
        self._guard.check()
        return self._perform(flow, self._performers)

    def _perform(self, flow: Flow[T], performers: Mapping[type, Callable[[Any], Any]]) -> T:
        try:
            effect = next(flow)
            while True:
                try:
                    answer = performers[type(effect)](effect)
                except FabricError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(answer)
        except StopIteration as stop:
            value: T = stop.value
            return value
        finally:
            flow.close()

    def stream(
        self,
        endpoint: Endpoint,
        method: str,
        request: bytes,
        *,
        client_streams: bool = False,
        timeout: float | None = None,
    ) -> Stream:
        """Open a stream of raw messages; see `Connection.stream`."""
        self._guard.check()
        return self._connection(endpoint).stream(
            method, request, client_streams=client_streams, timeout=timeout
        )

    def close(self) -> None:
        """Close every connection; calls under way fail. Safe to repeat."""
        with self._lock:
            self._guard.closed = True
            connections, self._connections = self._connections, {}
            rest_clients, self._rest_clients = self._rest_clients, None
        if self._guard.forked:
            return  # the connections belong to the process that made them
        for connection in connections.values():
            connection.close()
        if rest_clients is not None:
            rest_clients.close()

    def _connection(self, endpoint: Endpoint) -> Connection:
        with self._lock:
            self._guard.check()
            connection = self._connections.get(endpoint)
            if connection is None:
                connection = Connection(
                    endpoint, proxy=self._proxy, places=self._places, tracer=self._tracer
                )
                self._connections[endpoint] = connection
            return connection

    def _unary(self, rpc: Unary[T]) -> T:
        return self._connection(rpc.endpoint).call(rpc)

    def _placed(self, effect: Placed[T]) -> T:
        """Run a flow in one place: its own calls take none."""
        performers = dict(self._performers)
        performers[Unary] = lambda rpc: self._connection(rpc.endpoint).call(rpc, placed=True)
        try:
            with self._places.held(effect.seconds):
                return self._perform(effect.flow, performers)
        finally:
            effect.flow.close()  # also when it was never started

    def _broadcast(self, effect: Broadcast) -> tuple[int, str]:
        return broadcast(self._connection(effect.endpoint), effect)

    def _deliver(self, effect: DeliverBlocks) -> list[bytes]:
        return deliver(self._connection(effect.endpoint), effect)

    def _rest(self, effect: Rest) -> Answer:
        with self._lock:
            if self._rest_clients is None:
                # Most programs make no REST request: only those need httpx, and load it.
                require("network", "httpx")
                from pyfabric._grpc.rest_clients import RestClients

                self._rest_clients = RestClients(proxy=self._proxy)
            clients = self._rest_clients
        return clients.request(effect)

    def _gather(self, effect: Gather) -> list[Outcome[Any]]:
        if len(effect.flows) < 2:
            return [self._outcome(flow) for flow in effect.flows]
        with ThreadPoolExecutor(min(len(effect.flows), _GATHER_THREADS)) as pool:
            return list(pool.map(self._outcome, effect.flows))

    def _outcome(self, flow: Flow[T]) -> Outcome[T]:
        try:
            return Outcome(value=self.run(flow))
        except FabricError as error:
            return Outcome(error=error)


def _sign(effect: Sign) -> bytes:
    return effect.identity.sign(effect.message)


def _sleep(effect: Sleep) -> None:
    time.sleep(effect.seconds)
