"""A gRPC server of one method that streams both ways, for many small messages at once: see `http2`.

A client that takes nothing of what waits for it gets no window for more, and none of its messages is
handled meanwhile; one that stays so, or never calls, or does not respond to pings, is disconnected.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset

from pyfabric._grpc.http2 import Connection, Incoming, MessageError, Outgoing
from pyfabric._grpc.limits import MAX_MESSAGE
from pyfabric._listening.listener import Listener, ListeningLimits
from pyfabric.errors import ConfigError, NetworkError, StatusCode

_LOG = logging.getLogger(__name__)

_PING: Final = bytes(8)
_HEADERS: Final = ((":status", "200"), ("content-type", "application/grpc"))


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """What clients may take of a server: bytes a connection, and seconds.

    `waiting`: what a client has not taken before it gets no window. `incoming`: messages that are not
    complete. `calls`: at once. `first_call_seconds`: from the handshake to the first call; `idle_seconds`: between
    calls. `ping_seconds`: silence before a ping, and `ping_timeout` before it is given up.
    `stalled_seconds`: how long nothing of what waits is taken. All times are looked at every
    `check_seconds`.
    """

    listening: ListeningLimits = field(default_factory=ListeningLimits)
    waiting: int = 8 * 1024 * 1024
    incoming: int = MAX_MESSAGE + 8 * 1024 * 1024
    calls: int = 100
    first_call_seconds: float = 10.0
    idle_seconds: float = 60.0
    ping_seconds: float = 60.0
    ping_timeout: float = 20.0
    stalled_seconds: float = 60.0
    check_seconds: float = 5.0


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

    def __init__(self, connection: "_ServerConnection") -> None:
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
        self._connection.waiting += len(message)
        self._connection.flush_soon(coalesce=coalesce)

    def end(self, status: StatusCode = StatusCode.OK, text: str = "") -> None:
        """Finish the call after what was sent; nothing is received from now on."""
        if self._status is None:
            self._status = (status, text)
            self._connection.flush_soon()

    @property
    def waiting(self) -> int:
        """How many bytes the client has not taken."""
        return len(self._outgoing)

    @property
    def incoming(self) -> int:
        """How many bytes of messages have come that were not handled."""
        return len(self._incoming)

    def feed(self, data: bytes) -> None:
        """Hand over the messages that are complete with these bytes, unless the client is held up."""
        try:
            count = self._incoming.feed(data, self._receiver)
        except MessageError as error:
            self.end(error.status, str(error))
            return
        self._connection.allowance.earn_for_messages(count)
        if self.client_ended and not self._connection.is_held_up:
            self.end()

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
        if self._status is not None or self.listener is None or self._connection.is_held_up:
            return None
        return self.listener.receive


class StreamServer:
    """Serves `method` ("/package.Service/Method"); `accept` makes the listener of each call."""

    def __init__(
        self,
        method: str,
        accept: Callable[[ServerCall], ServerListener],
        limits: ServerLimits | None = None,
    ) -> None:
        self.limits = limits or ServerLimits()
        self.method = method
        self.accept = accept
        self.connections: set[_ServerConnection] = set()
        self.is_stopping = False
        self._listener: Listener | None = None

    async def start(self, address: str, context: ssl.SSLContext | None) -> int:
        """Listen at host:port (0: any that is free), and tell the port; raises NetworkError."""
        try:
            self._listener = await Listener.start(
                address,
                lambda: _ServerConnection(self),
                context,
                count=lambda: len(self.connections),
                log=_LOG,
                limits=self.limits.listening,
            )
        except (OSError, ValueError, OverflowError, ConfigError) as error:
            raise NetworkError(f"cannot listen on {address}: is it in use? ({error})") from error
        return self._listener.port

    def warn(self, kind: str, text: str) -> None:
        """Log what a client did, at most once a minute for each kind."""
        if self._listener is not None:
            self._listener.notices.warn(kind, text)

    async def stop(self, grace: float) -> None:
        """Take no more calls, wait up to `grace` seconds for those that run, and close."""
        if self._listener is None:
            return
        self.is_stopping = True
        for connection in tuple(self.connections):
            connection.drain()
        await self._listener.close()
        lost = [connection.lost for connection in self.connections]
        if lost:
            await asyncio.wait(lost, timeout=grace)
        for connection in tuple(self.connections):
            connection.abort()
        await asyncio.gather(*lost)


class _ServerConnection(Connection):
    """One client's connection and its calls, by stream."""

    _timer: asyncio.TimerHandle

    def __init__(self, server: StreamServer) -> None:
        super().__init__(client_side=False)
        self._server = server
        self._calls: dict[int, ServerCall] = {}
        self._draining = False
        self._limits = server.limits
        self._withheld: dict[int, int] = {}
        self._heard = self._idle_since = self._loop.time()
        self._pinged: float | None = None
        self._called = False
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._timer = self._loop.call_later(self._limits.check_seconds, self._check)
        self._server.connections.add(self)
        if self._server.is_stopping:
            self.drain()

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio.Protocol."""
        super().connection_lost(error)
        self._timer.cancel()
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

    @property
    def is_held_up(self) -> bool:
        """Whether so much waits for the client that nothing more is taken of it."""
        return self.is_paused or self.waiting > self._limits.waiting

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._heard, self._pinged = self._loop.time(), None
        super().data_received(data)

    def refused(self, reason: str) -> None:
        """See Connection."""
        host = (self._transport.get_extra_info("peername") or ["a client"])[0]
        self._server.warn(reason, f"disconnected {host}: {reason}")

    def taken(self) -> None:
        """Handle what was held back, and give the window back for it."""
        if not self.is_held_up:
            for call in tuple(self._calls.values()):
                call.feed(b"")
            self._give_window_back()

    def _give_window_back(self) -> None:
        if not self.is_held_up:
            withheld, self._withheld = self._withheld, {}
            for stream_id, size in withheld.items():
                self.http2.acknowledge_received_data(size, stream_id)

    def handle(self, event: Event) -> None:
        """Handle an event of HTTP/2."""
        match event:
            case RequestReceived(stream_id=stream_id, headers=headers):
                self._open(stream_id, dict(headers).get(b":path"))
            case DataReceived(stream_id=stream_id, data=data, flow_controlled_length=size):
                if self.is_held_up:
                    self._withheld[stream_id] = self._withheld.get(stream_id, 0) + size
                else:
                    self.http2.acknowledge_received_data(size, stream_id)
                self._feed(stream_id, data)
            case StreamEnded(stream_id=stream_id) if stream_id in self._calls:
                self._calls[stream_id].client_ended = True
                self._calls[stream_id].feed(b"")
            case StreamReset(stream_id=stream_id) if stream_id in self._calls:
                self._forget(stream_id)

    def write_streams(self) -> int:
        """Hand to h2 what the calls have to send; returns how many bytes still wait."""
        for stream_id, call in tuple(self._calls.items()):
            if call.write(self.http2, stream_id):
                self._forget(stream_id)
                if not call.client_ended:
                    self.http2.reset_stream(stream_id, ErrorCodes.NO_ERROR)
        if self._draining and not self._calls:
            self.http2.close_connection()
            self.close()
        return sum(call.waiting for call in self._calls.values())

    def _feed(self, stream_id: int, data: bytes) -> None:
        call = self._calls.get(stream_id)
        if call is None:
            return
        call.feed(data)
        if call.incoming > self._limits.waiting:
            self._check_incoming()

    def _check_incoming(self) -> None:
        if sum(call.incoming for call in self._calls.values()) > self._limits.incoming:
            self.refuse("too many bytes of messages that are not complete")

    def _check(self) -> None:
        """Disconnect a client that does nothing, and look at the times again later."""
        if self._transport.is_closing():
            return
        reason = self._why_given_up(self._loop.time())
        if reason is not None:
            self.refuse(reason)
            return
        self._timer = self._loop.call_later(self._limits.check_seconds, self._check)

    def _why_given_up(self, now: float) -> str | None:
        limits = self._limits
        if self.waiting and now - self.moved > limits.stalled_seconds:
            return f"took nothing of what waits for {limits.stalled_seconds:g} seconds"
        if not self._calls:
            most = limits.idle_seconds if self._called else limits.first_call_seconds
            return f"no call in {most:g} seconds" if now - self._idle_since > most else None
        if self._pinged is not None:
            late = now - self._pinged > limits.ping_timeout
            return f"no answer to a ping in {limits.ping_timeout:g} seconds" if late else None
        if now - self._heard > limits.ping_seconds:
            self._pinged = now
            self.http2.ping(_PING)
            self.flush_soon()
        return None

    def _open(self, stream_id: int, method: bytes | None) -> None:
        self._called = True
        is_full = len(self._calls) >= self._limits.calls
        call = self._calls[stream_id] = ServerCall(self)
        if method != self._server.method.encode():
            call.end(StatusCode.UNIMPLEMENTED, "unknown method")
        elif self._draining:
            call.end(StatusCode.UNAVAILABLE, "the server is stopping")
        elif is_full:
            call.end(StatusCode.RESOURCE_EXHAUSTED, "too many calls on one connection")
        else:
            call.listener = self._server.accept(call)

    def _forget(self, stream_id: int) -> None:
        call = self._calls.pop(stream_id)
        self._idle_since = self._loop.time()
        if call.listener is not None:
            call.listener.closed()
