"""Runs flows in an event loop, on grpc.aio."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import httpx

from pyfabric._grpc import rest
from pyfabric._grpc.aio_connection import AsyncConnection, AsyncStream
from pyfabric._grpc.errors import unanswered
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
    Rest,
    Sign,
    Sleep,
    Unary,
)
from pyfabric.client.tracing import Tracer
from pyfabric.errors import ClientError, FabricError
from pyfabric.messages.deliver import BROADCAST, is_status, read_broadcast

T = TypeVar("T")


class AsyncDriver:
    """Performs the effects of flows in the event loop of its first use; useless after a fork.

    `max_in_flight` bounds the calls and streams on each connection; `proxy` obeys the environment's
    proxies, which are ignored otherwise. `tracer` sees every unary call; `clock` tells the time of
    requests.
    """

    def __init__(
        self,
        *,
        max_in_flight: int = MAX_IN_FLIGHT,
        proxy: bool = False,
        tracer: Tracer | None = None,
        clock: Callable[[], datetime] = present,
    ) -> None:
        self._limit = max_in_flight
        self._proxy = proxy
        self._tracer = tracer
        self._guard = Guard()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connections: dict[Endpoint, AsyncConnection] = {}
        self._https: dict[Endpoint, httpx.AsyncClient] = {}
        self._immediate: dict[type, Callable[[Any], Any]] = {
            Now: lambda _: clock(),
            Nonce: fresh_nonce,
        }
        self._performers: dict[type, Callable[[Any], Awaitable[Any]]] = {
            Unary: self._unary,
            Sign: _sign,
            Gather: self._gather,
            Sleep: _sleep,
            Broadcast: self._broadcast,
            DeliverBlocks: self._deliver,
            Rest: self._rest,
        }

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end; raises what the flow raises, or ClientError."""
        self._check()
        immediate, performers = self._immediate, self._performers
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
        """End every connection; calls under way fail. Safe to repeat."""
        self._guard.closed = True
        connections, self._connections = self._connections, {}
        clients, self._https = self._https, {}
        if self._guard.forked:
            return  # the connections belong to the process that made them
        for connection in connections.values():
            await connection.close()
        for client in clients.values():
            await client.aclose()

    def _check(self) -> None:
        self._guard.check()
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ClientError("the gateway was used in another event loop: connect in each")

    def _connection(self, endpoint: Endpoint) -> AsyncConnection:
        connection = self._connections.get(endpoint)
        if connection is None:
            connection = self._connections[endpoint] = AsyncConnection(
                endpoint, proxy=self._proxy, limit=self._limit, tracer=self._tracer
            )
        return connection

    def _unary(self, rpc: Unary[T]) -> Awaitable[T]:
        return self._connection(rpc.endpoint).call(rpc)

    async def _broadcast(self, effect: Broadcast) -> tuple[int, str]:
        stream = await self._connection(effect.endpoint).stream(
            BROADCAST, effect.envelope, client_streams=True, timeout=effect.timeout
        )
        try:
            async for raw in stream:
                return read_broadcast(raw)
        finally:
            stream.cancel()
        raise unanswered(effect.endpoint)

    async def _deliver(self, effect: DeliverBlocks) -> list[bytes]:
        stream = await self._connection(effect.endpoint).stream(
            effect.method, effect.envelope, client_streams=True, timeout=effect.timeout
        )
        messages: list[bytes] = []
        try:
            async for raw in stream:
                messages.append(raw)
                if is_status(raw):
                    return messages
        finally:
            stream.cancel()
        raise unanswered(effect.endpoint)

    async def _rest(self, effect: Rest) -> Answer:
        client = self._https.get(effect.endpoint)
        if client is None:
            client = self._https[effect.endpoint] = httpx.AsyncClient(
                verify=rest.tls_context(effect.endpoint), trust_env=self._proxy
            )
        try:
            return rest.answer(await client.request(**rest.request_arguments(effect)))
        except rest.FAILURES as error:
            raise rest.connection_error(effect.endpoint, error) from error

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
