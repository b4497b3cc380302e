"""The driver that runs flows in an event loop, on grpc.aio."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from pyfabric._grpc.aio_connection import AsyncConnection, AsyncStream
from pyfabric._grpc.aio_exchanges import broadcast, deliver
from pyfabric._grpc.aio_places import AsyncPlaces
from pyfabric._grpc.guard import Guard
from pyfabric._grpc.local import fresh_nonce, present
from pyfabric._grpc.options import MAX_IN_FLIGHT
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
from pyfabric.errors import ClientError, FabricError
from pyfabric.extras import require

if TYPE_CHECKING:
    from pyfabric._grpc.aio_rest_clients import AsyncRestClients

T = TypeVar("T")


class AsyncDriver:
    """Performs the effects of flows in the event loop of its first use; unusable after a fork.

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
        self._places = AsyncPlaces(max_in_flight)
        self._proxy = proxy
        self._tracer = tracer
        self._guard = Guard()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: dict[Endpoint, AsyncConnection] = {}
        self._rest_clients: AsyncRestClients | None = None
        self._immediate: dict[type, Callable[[Any], Any]] = {
            Now: lambda _: clock(),
            Nonce: fresh_nonce,
        }
        self._performers: dict[type, Callable[[Any], Awaitable[Any]]] = {
            Unary: self._unary,
            Sign: _sign,
            Gather: self._gather,
            Placed: self._placed,
            Sleep: _sleep,
            Broadcast: self._broadcast,
            DeliverBlocks: self._deliver,
            Rest: self._rest,
        }

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow and return its value. Raises what the flow raises, or ClientError."""
        self._check()
        return await self._perform(flow, self._performers)

    async def _perform(
        self, flow: Flow[T], performers: Mapping[type, Callable[[Any], Awaitable[Any]]]
    ) -> T:
        immediate = self._immediate
        try:
            effect = next(flow)
            while True:
                kind = type(effect)
                try:
                    if kind in immediate:
                        answer = immediate[kind](effect)
                    else:
                        answer = await performers[kind](effect)
                except FabricError as error:
                    effect = flow.throw(error)
                else:
                    effect = flow.send(answer)
        except StopIteration as stop:
            value: T = stop.value
            return value
        finally:
            flow.close()  # on cancellation the flow's own finally blocks run

    async def stream(
        self,
        endpoint: Endpoint,
        method: str,
        request: bytes,
        *,
        client_streams: bool = False,
        timeout: float | None = None,
    ) -> AsyncStream:
        """Open a stream of raw messages; see `AsyncConnection.stream`."""
        self._check()
        return await self._connection(endpoint).stream(
            method, request, client_streams=client_streams, timeout=timeout
        )

    async def close(self) -> None:
        """Close every connection; calls under way fail. Safe to repeat."""
        self._guard.closed = True
        connections, self._connections = self._connections, {}
        rest_clients, self._rest_clients = self._rest_clients, None
        if self._guard.forked:
            return  # the connections belong to the process that made them
        for connection in connections.values():
            await connection.close()
        if rest_clients is not None:
            await rest_clients.close()

    def _check(self) -> None:
        self._guard.check()
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ClientError(
                "the gateway belongs to another event loop, where it was used first: connect in each loop"
            )

    def _connection(self, endpoint: Endpoint) -> AsyncConnection:
        connection = self._connections.get(endpoint)
        if connection is None:
            connection = self._connections[endpoint] = AsyncConnection(
                endpoint, proxy=self._proxy, places=self._places, tracer=self._tracer
            )
        return connection

    def _unary(self, rpc: Unary[T]) -> Awaitable[T]:
        return self._connection(rpc.endpoint).call(rpc)

    async def _placed(self, effect: Placed[T]) -> T:
        """Run a flow in one place: its own calls take none."""
        performers = dict(self._performers)
        performers[Unary] = lambda rpc: self._connection(rpc.endpoint).call(rpc, placed=True)
        try:
            async with self._places.held(effect.seconds):
                return await self._perform(effect.flow, performers)
        finally:
            effect.flow.close()  # also when it was never started

    def _broadcast(self, effect: Broadcast) -> Awaitable[tuple[int, str]]:
        return broadcast(self._connection(effect.endpoint), effect)

    def _deliver(self, effect: DeliverBlocks) -> Awaitable[list[bytes]]:
        return deliver(self._connection(effect.endpoint), effect)

    def _rest(self, effect: Rest) -> Awaitable[Answer]:
        if self._rest_clients is None:
            # Most programs make no REST request: only those need httpx, and load it.
            require("network", "httpx")
            from pyfabric._grpc.aio_rest_clients import AsyncRestClients

            self._rest_clients = AsyncRestClients(proxy=self._proxy)
        return self._rest_clients.request(effect)

    async def _gather(self, effect: Gather) -> list[Outcome[Any]]:
        return await asyncio.gather(*(self._outcome(flow) for flow in effect.flows))

    async def _outcome(self, flow: Flow[T]) -> Outcome[T]:
        try:
            return Outcome(value=await self.run(flow))
        except FabricError as error:
            return Outcome(error=error)


async def _sign(effect: Sign) -> bytes:
    if not effect.identity.signer.blocking:
        return effect.identity.sign(effect.message)
    return await asyncio.to_thread(effect.identity.sign, effect.message)


async def _sleep(effect: Sleep) -> None:
    await asyncio.sleep(effect.seconds)
