"""A gRPC server of one method that streams both ways, for many small messages at once: see `http2`."""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, Protocol

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset

from pyfabric._grpc.http2 import SHUTDOWN_SECONDS, Connection, Incoming, MessageError, Outgoing
from pyfabric.errors import ConfigError, NetworkError, StatusCode
from pyfabric.messages.addresses import Address

_HEADERS: Final = ((":status", "200"), ("content-type", "application/grpc"))


class ServerListener(Protocol):
    """Receives what happens on one call to a server. All its methods are called on the event loop."""

    def receive(self, message: bytes) -> None:
        """Handle a message of the client."""

    def drain(self) -> None:
        """Finish the call as soon as nothing is left to do: the server is stopping."""

    def closed(self) -> None:
        """Handle the end of the call: the client sends no more or has gone, or the listener finished it."""


class ServerCall:
    """One call to a server, as its listener uses it; on the event loop only."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._incoming = Incoming()
        self._outgoing = Outgoing()
        self._status: tuple[StatusCode, str] | None = None
        self._answered = False
        self.client_ended = False
        self.listener: ServerListener | None = None

    def send(self, message: bytes, *, coalesce: bool = False) -> None:
        """Send a message after those before it; `coalesce`: together with others that follow soon."""
        self._outgoing.add(message)
        self._connection.flush_soon(coalesce=coalesce)

    def end(self, status: StatusCode = StatusCode.OK, text: str = "") -> None:
        """Finish the call after what was sent; nothing is received from now on."""
        if self._status is None:
            self._status = (status, text)
            self._connection.flush_soon()

    def feed(self, data: bytes) -> None:
        """Hand over the messages that are complete with these bytes."""
        try:
            self._incoming.feed(data, self._receiver)
        except MessageError as error:
            self.end(error.status, str(error))

    def write(self, http2: H2Connection, stream_id: int) -> bool:
        """Write what the client's windows take; returns whether that was all of the call."""
        if not self._answered:
            http2.send_headers(stream_id, _HEADERS)
            self._answered = True
        if not self._outgoing.write(http2, stream_id) or self._status is None:
            return False
        status, text = self._status
        trailers = [("grpc-status", str(int(status))), ("grpc-message", text)]
        http2.send_headers(stream_id, trailers, end_stream=True)
        return True

    def _receiver(self) -> Callable[[bytes], None] | None:
        if self._status is not None or self.listener is None:
            return None
        return self.listener.receive


class StreamServer:
    """Serves `method` ("/package.Service/Method"); `accept` makes the listener of each call."""

    def __init__(self, method: str, accept: Callable[[ServerCall], ServerListener]) -> None:
        self.method = method
        self.accept = accept
        self.connections: set[_ServerConnection] = set()
        self.is_stopping = False
        self._server: asyncio.Server | None = None

    async def start(self, address: str, context: ssl.SSLContext | None) -> int:
        """Listen at host:port (0: any that is free), and tell the port; raises NetworkError."""
        try:
            place = Address.parse(address)
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _ServerConnection(self),
                place.host,
                place.port,
                ssl=context,
                ssl_shutdown_timeout=None if context is None else SHUTDOWN_SECONDS,
            )
        except (OSError, ValueError, ConfigError) as error:
            raise NetworkError(f"cannot listen on {address}: is it in use? ({error})") from error
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, grace: float) -> None:
        """Take no more calls, wait up to `grace` seconds for those that run, and close."""
        if self._server is None:
            return
        self.is_stopping = True
        self._server.close()
        for connection in tuple(self.connections):
            connection.drain()
        lost = [connection.lost for connection in self.connections]
        if lost:
            await asyncio.wait(lost, timeout=grace)
        for connection in tuple(self.connections):
            connection.abort()
        await asyncio.gather(*lost)


class _ServerConnection(Connection):
    """One client's connection and its calls, by stream."""

    def __init__(self, server: StreamServer) -> None:
        super().__init__(client_side=False)
        self._server = server
        self._calls: dict[int, ServerCall] = {}
        self._draining = False
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._server.connections.add(self)
        if self._server.is_stopping:
            self.drain()

    def connection_lost(self, _error: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._server.connections.discard(self)
        for stream_id in tuple(self._calls):
            self._forget(stream_id)
        self.lost.set_result(None)

    def drain(self) -> None:
        """Take no more calls, and close when those that run have ended."""
        self._draining = True
        for call in self._calls.values():
            if call.listener is not None:
                call.listener.drain()
        self.flush_soon()

    def handle(self, event: Event) -> None:
        """Handle an event of HTTP/2."""
        match event:
            case RequestReceived(stream_id=stream_id, headers=headers):
                self._open(stream_id, dict(headers).get(b":path"))
            case DataReceived(stream_id=stream_id, data=data, flow_controlled_length=size):
                self.http2.acknowledge_received_data(size, stream_id)
                if stream_id in self._calls:
                    self._calls[stream_id].feed(data)
            case StreamEnded(stream_id=stream_id) if stream_id in self._calls:
                self._calls[stream_id].client_ended = True
                self._calls[stream_id].end()
            case StreamReset(stream_id=stream_id) if stream_id in self._calls:
                self._forget(stream_id)

    def write_streams(self) -> None:
        """Hand to h2 what the calls have to send."""
        for stream_id, call in tuple(self._calls.items()):
            if call.write(self.http2, stream_id):
                self._forget(stream_id)
                if not call.client_ended:
                    self.http2.reset_stream(stream_id, ErrorCodes.NO_ERROR)
        if self._draining and not self._calls:
            self.http2.close_connection()
            self.close()

    def _open(self, stream_id: int, method: bytes | None) -> None:
        call = self._calls[stream_id] = ServerCall(self)
        if method != self._server.method.encode():
            call.end(StatusCode.UNIMPLEMENTED, "unknown method")
        elif self._draining:
            call.end(StatusCode.UNAVAILABLE, "the server is stopping")
        else:
            call.listener = self._server.accept(call)

    def _forget(self, stream_id: int) -> None:
        call = self._calls.pop(stream_id)
        if call.listener is not None:
            call.listener.closed()
