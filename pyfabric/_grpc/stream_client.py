"""A gRPC call that streams both ways on a connection of its own, for many small messages: see `http2`.

The texts of how a call ended are those of Go's gRPC, which Fabric's peers pass on.
"""

import asyncio
import ssl
from collections.abc import Callable, Iterable
from typing import Final, Generic, Protocol, TypeVar
from urllib.parse import unquote

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    PingAckReceived,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)

from pyfabric._grpc.http2 import SHUTDOWN_SECONDS, Connection, Incoming, MessageError, Outgoing
from pyfabric.errors import StatusCode
from pyfabric.messages.addresses import Address
from pyfabric.messages.go_texts import CANCELED, rpc_error

ENDED: Final = "EOF"
_LOST: Final = "error reading from server: EOF"
_NO_STATUS: Final = "server closed the stream without sending trailers"
_RESETS: Final = {
    "REFUSED_STREAM": StatusCode.UNAVAILABLE,
    "CANCEL": StatusCode.CANCELLED,
}
_STREAM: Final = 1
_MOST_WAITING: Final = 64 * 1024 * 1024
_STALLED_SECONDS: Final = 5.0
"""A server that takes nothing for so long, while this number of bytes waits for it, is given up."""


class ClientListener(Protocol):
    """Receives what happens on a client's call. All its methods are called on the event loop."""

    def receive(self, message: bytes) -> None:
        """Handle a message of the server."""

    def closed(self, reason: str) -> None:
        """Handle the end of the call, once; `reason` is ENDED, or the text of an error."""


L = TypeVar("L", bound=ClientListener)


class ClientCall(Protocol):
    """A client's call, as its listener uses it; on the event loop only."""

    def send(self, message: bytes, *, coalesce: bool = False) -> None:
        """Send a message after those before it; `coalesce`: together with others that follow soon."""

    def cancel(self) -> None:
        """Cancel the call and close its connection; what was not sent yet is lost."""


async def open_stream(
    address: str,
    context: ssl.SSLContext | None,
    method: str,
    make_listener: Callable[[ClientCall], L],
    *,
    ping_after: float,
    ping_timeout: float,
) -> L:
    """Call `method` at host:port, once the server speaks HTTP/2; returns the listener made for it.

    A connection that has been open for `ping_after` seconds since the last ping is pinged, and ends if
    no answer comes in `ping_timeout` seconds. Raises OSError when the server cannot be reached, is not
    trusted, or hangs up, ConfigError for an address that cannot be read.
    """
    place = Address.parse(address)
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: _ClientConnection(
            _request(address, method, "http" if context is None else "https"),
            make_listener,
            (ping_after, ping_timeout),
        ),
        place.host,
        place.port,
        ssl=context,
        server_hostname=None if context is None else place.host,
        ssl_shutdown_timeout=None if context is None else SHUTDOWN_SECONDS,
    )
    try:
        return await connection.opened
    except BaseException:
        connection.abort()
        raise


def _request(address: str, method: str, scheme: str) -> list[tuple[str, str]]:
    return [
        (":method", "POST"),
        (":scheme", scheme),
        (":path", method),
        (":authority", address),
        ("content-type", "application/grpc"),
        ("te", "trailers"),
    ]


class _ClientConnection(Connection, Generic[L]):
    def __init__(
        self,
        request: list[tuple[str, str]],
        make_listener: Callable[[ClientCall], L],
        pings: tuple[float, float],
    ) -> None:
        super().__init__(client_side=True)
        self._request = request
        self._make_listener = make_listener
        self._ping_after, self._ping_timeout = pings
        self._timer: asyncio.TimerHandle | None = None
        self._incoming = Incoming()
        self._outgoing = Outgoing()
        self._status: str | None = None
        self._listener: L | None = None
        self.opened: asyncio.Future[L] = self._loop.create_future()

    def send(self, message: bytes, *, coalesce: bool = False) -> None:
        """See ClientCall."""
        self._outgoing.add(message)
        self.waiting += len(message)
        if self.waiting > _MOST_WAITING and self._loop.time() - self.moved > _STALLED_SECONDS:
            self.refuse("the server takes nothing of what waits for it")
            return
        self.flush_soon(coalesce=coalesce)

    def cancel(self) -> None:
        """See ClientCall."""
        self._end(rpc_error(StatusCode.CANCELLED, CANCELED))

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio.Protocol."""
        super().connection_lost(error)
        if self._timer is not None:
            self._timer.cancel()
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionResetError("the server hung up"))
        self._end(rpc_error(StatusCode.UNAVAILABLE, _LOST))

    def handle(self, event: Event) -> None:
        """Handle an event of HTTP/2."""
        match event:
            case DataReceived(stream_id=stream_id, data=data, flow_controlled_length=size):
                self.http2.acknowledge_received_data(size, stream_id)
                self._feed(data)
            case RemoteSettingsChanged() if not self.opened.done():
                self._open()
            case ResponseReceived(headers=headers) | TrailersReceived(headers=headers):
                self._read_status(headers)
            case StreamEnded():
                self._end(self._status or rpc_error(StatusCode.INTERNAL, _NO_STATUS))
            case StreamReset(error_code=code):
                name = code.name if isinstance(code, ErrorCodes) else str(code)
                text = f"stream terminated by RST_STREAM with error code: {name}"
                self._end(rpc_error(_RESETS.get(name, StatusCode.INTERNAL), text))
            case PingAckReceived():
                self._ping_later()
            case _:
                pass

    def write_streams(self) -> int:
        """Hand to h2 what the call has to send; returns how many bytes still wait."""
        if self._listener is not None:
            self._outgoing.write(self.http2, _STREAM)
        return len(self._outgoing)

    def _open(self) -> None:
        self.http2.send_headers(_STREAM, self._request)
        self._listener = self._make_listener(self)
        self._ping_later()
        self.opened.set_result(self._listener)

    def _feed(self, data: bytes) -> None:
        try:
            self.allowance.earn_for_messages(self._incoming.feed(data, self._receiver))
        except MessageError as error:
            self._end(rpc_error(error.status, str(error)))

    def _receiver(self) -> Callable[[bytes], None] | None:
        if self._listener is None or self._transport.is_closing():
            return None
        return self._listener.receive

    def _read_status(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        fields = dict(headers)
        status = fields.get(b"grpc-status")
        if status == b"0":
            self._status = ENDED
        elif status is not None and status.isdigit():
            text = unquote(fields.get(b"grpc-message", b"").decode(errors="replace"))
            self._status = rpc_error(StatusCode(int(status)), text)

    def _end(self, reason: str) -> None:
        """Report the end of the call, and close the connection."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.closed(reason)
        self._transport.abort()

    def _ping_later(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(self._ping_after, self._ping)

    def _ping(self) -> None:
        self.http2.ping(bytes(8))
        self.flush_soon()
        self._timer = self._loop.call_later(self._ping_timeout, self.abort)
