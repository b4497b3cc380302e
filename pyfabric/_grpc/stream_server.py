"""A gRPC server of one method that streams both ways, over asyncio and h2.

For many small messages at once: all that one read brings is handled in one go, and all that is to go
leaves in one write. grpcio's server wakes the event loop for every message, in either direction.
Source: gRPC over HTTP2 (PROTOCOL-HTTP2.md of gRPC), RFC 9113. Compressed messages are refused.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Final, Protocol, cast

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from pyfabric._grpc.options import MAX_MESSAGE
from pyfabric.errors import NetworkError, StatusCode

_WINDOW: Final = 4 * 1024 * 1024
_PREFIX_LENGTH: Final = 5
_SHUTDOWN_SECONDS: Final = 1.0
_HEADERS: Final = ((":status", "200"), ("content-type", "application/grpc"))


class Handler(Protocol):
    """The server's side of one call. All its methods are called on the event loop."""

    def receive(self, message: bytes) -> None:
        """A message has come."""

    def drain(self) -> None:
        """The server is stopping: end the call as soon as nothing is left to do."""

    def closed(self) -> None:
        """The call is over: the client sends no more or has gone, or the handler ended it."""


class Call:
    """One call, as its handler sees it; used on the event loop only."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._status: tuple[StatusCode, str] | None = None
        self._answered = False
        self.client_ended = False
        self.handler: Handler | None = None

    def send(self, message: bytes) -> None:
        """Send a message, after those before it."""
        self._outgoing += len(message).to_bytes(_PREFIX_LENGTH, "big")
        self._outgoing += message
        self._changed()

    def end(self, status: StatusCode = StatusCode.OK, text: str = "") -> None:
        """End the call, after what was sent; what comes from now on is not received."""
        if self._status is None:
            self._status = (status, text)
            self._changed()

    def feed(self, data: bytes) -> None:
        """Hand over the messages that are complete with these bytes."""
        self._incoming += data
        while self._status is None and self.handler is not None:
            message = self._next_message()
            if message is None:
                return
            self.handler.receive(message)

    def write(self, http2: H2Connection, stream_id: int) -> bool:
        """Write what the client's windows take; whether that was all of the call."""
        if not self._answered:
            http2.send_headers(stream_id, _HEADERS)
            self._answered = True
        while self._outgoing:
            window = http2.local_flow_control_window(stream_id)
            size = min(window, http2.max_outbound_frame_size)
            if size <= 0:
                return False
            http2.send_data(stream_id, _copy(self._outgoing, 0, size))
            del self._outgoing[:size]
        if self._status is None:
            return False
        status, text = self._status
        trailers = [("grpc-status", str(int(status))), ("grpc-message", text)]
        http2.send_headers(stream_id, trailers, end_stream=True)
        return True

    def _next_message(self) -> bytes | None:
        if len(self._incoming) < _PREFIX_LENGTH:
            return None
        end = _PREFIX_LENGTH + int.from_bytes(self._incoming[1:_PREFIX_LENGTH], "big")
        if self._incoming[0]:
            self.end(StatusCode.UNIMPLEMENTED, "compressed messages are not supported")
        elif end > _PREFIX_LENGTH + MAX_MESSAGE:
            text = f"message larger than max ({end - _PREFIX_LENGTH} vs. {MAX_MESSAGE})"
            self.end(StatusCode.RESOURCE_EXHAUSTED, text)
        elif end <= len(self._incoming):
            message = _copy(self._incoming, _PREFIX_LENGTH, end)
            del self._incoming[:end]
            return message
        return None


def _copy(buffer: bytearray, start: int, end: int) -> bytes:
    with memoryview(buffer) as view:
        return bytes(view[start:end])


class StreamServer:
    """Serves `method` ("/package.Service/Method"); `accept` makes the handler of each call."""

    def __init__(self, method: str, accept: Callable[[Call], Handler]) -> None:
        self.method = method
        self.accept = accept
        self.connections: set[_Connection] = set()
        self.is_stopping = False
        self._server: asyncio.Server | None = None

    async def start(self, address: str, context: ssl.SSLContext | None) -> int:
        """Listen at host:port (0: any that is free), and tell the port; raises NetworkError."""
        host, _, port = address.rpartition(":")
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: _Connection(self),
                host.strip("[]"),
                int(port),
                ssl=context,
                ssl_shutdown_timeout=None if context is None else _SHUTDOWN_SECONDS,
            )
        except (OSError, OverflowError, ValueError) as error:
            raise NetworkError(f"cannot listen on {address}: is it in use? ({error})") from error
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self, patience: float) -> None:
        """Take no more calls, wait up to `patience` seconds for those that run, and end."""
        if self._server is None:
            return
        self.is_stopping = True
        self._server.close()
        for connection in tuple(self.connections):
            connection.drain()
        lost = [connection.lost for connection in self.connections]
        if lost:
            await asyncio.wait(lost, timeout=patience)
        for connection in tuple(self.connections):
            connection.abort()
        await asyncio.gather(*lost)


class _Connection(asyncio.Protocol):
    """One client's connection and its calls, by stream."""

    _transport: asyncio.Transport

    def __init__(self, server: StreamServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._http2 = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self._calls: dict[int, Call] = {}
        self._flushing = False
        self._draining = False
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)
        self._http2.initiate_connection()
        self._http2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW})
        self._http2.increment_flow_control_window(_WINDOW)
        self._flush_soon()
        if self._server.is_stopping:
            self.drain()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        try:
            events = self._http2.receive_data(data)
        except ProtocolError:
            self._close()
            return
        for event in events:
            self._handle(event)
        self._flush_soon()

    def connection_lost(self, _error: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._server.connections.discard(self)
        for stream_id in tuple(self._calls):
            self._forget(stream_id)
        self.lost.set_result(None)

    def pause_writing(self) -> None:
        """A client that does not take what is sent is not read either."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._transport.resume_reading()

    def drain(self) -> None:
        """Take no more calls, and end when those that run have."""
        self._draining = True
        for call in self._calls.values():
            if call.handler is not None:
                call.handler.drain()
        self._flush_soon()

    def abort(self) -> None:
        """End at once."""
        self._transport.abort()

    def _handle(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=stream_id, headers=headers):
                self._open(stream_id, dict(headers).get(b":path"))
            case DataReceived(stream_id=stream_id, data=data, flow_controlled_length=size):
                self._http2.acknowledge_received_data(size, stream_id)
                if stream_id in self._calls:
                    self._calls[stream_id].feed(data)
            case StreamEnded(stream_id=stream_id) if stream_id in self._calls:
                self._calls[stream_id].client_ended = True
                self._calls[stream_id].end()
            case StreamReset(stream_id=stream_id) if stream_id in self._calls:
                self._forget(stream_id)

    def _open(self, stream_id: int, method: bytes | None) -> None:
        call = self._calls[stream_id] = Call(self._flush_soon)
        if method != self._server.method.encode():
            call.end(StatusCode.UNIMPLEMENTED, "unknown method")
        elif self._draining:
            call.end(StatusCode.UNAVAILABLE, "the server is stopping")
        else:
            call.handler = self._server.accept(call)

    def _forget(self, stream_id: int) -> None:
        call = self._calls.pop(stream_id)
        if call.handler is not None:
            call.handler.closed()

    def _flush_soon(self) -> None:
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write what is to go, for all calls and messages at once."""
        self._flushing = False
        for stream_id, call in tuple(self._calls.items()):
            if call.write(self._http2, stream_id):
                self._forget(stream_id)
                if not call.client_ended:
                    self._http2.reset_stream(stream_id, ErrorCodes.NO_ERROR)
        if self._draining and not self._calls:
            self._http2.close_connection()
            self._close()
        else:
            self._write()

    def _close(self) -> None:
        self._write()
        self._transport.close()

    def _write(self) -> None:
        data = self._http2.data_to_send()
        if data and not self._transport.is_closing():
            self._transport.write(data)
