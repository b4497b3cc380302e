"""A bare HTTP/2 client: opens one gRPC stream and pings without gRPC's limits."""

import asyncio
import ssl
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from pyfabric.messages.addresses import Address

DATA, HEADERS, SETTINGS, PING, GOAWAY = 0, 1, 4, 6, 7
_ACK = 1
_END_STREAM = 1
_END_HEADERS = 4


class Frame(NamedTuple):
    kind: int
    flags: int
    payload: bytes


class _Reader(asyncio.StreamReader):
    """Gives what came before a connection was reset: a server that closes may have left bytes unread."""

    def set_exception(self, _error: BaseException) -> None:
        self.feed_eof()


class RawStream:
    """One connection, with one stream open on it if `opens`; over TLS with the `tls` of an HTTP/2 client."""

    def __init__(
        self, address: str, path: str, *, tls: ssl.SSLContext | None = None, opens: bool = True
    ) -> None:
        self._address = address
        self._opens = opens
        self._path = path
        self._tls = tls

    async def __aenter__(self) -> Self:
        place, loop = Address.parse(self._address), asyncio.get_running_loop()
        self._reader = _Reader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(self._reader, loop=loop)
        transport, _ = await loop.create_connection(
            lambda: protocol, place.host, place.port, ssl=self._tls
        )
        self._writer = asyncio.StreamWriter(transport, protocol, self._reader, loop)
        self._writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self._send(SETTINGS, 0, 0, b"")
        names = {
            ":method": "POST",
            ":scheme": "http" if self._tls is None else "https",
            ":path": self._path,
            ":authority": self._address,
            "content-type": "application/grpc",
            "te": "trailers",
        }
        self._fields = b"".join(b"\0" + _text(name) + _text(value) for name, value in names.items())
        if self._opens:
            self._send(HEADERS, _END_HEADERS, 1, self._fields)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._writer.transport.abort()  # a gRPC server does not respond to TLS's close_notify
        with suppress(ConnectionError):  # a server that disconnected us
            await self._writer.wait_closed()

    def message(self, content: bytes, *, last: bool = False) -> None:
        """Send a gRPC message; `last` says that no more will come."""
        framed = b"\0" + len(content).to_bytes(4, "big") + content
        self.data(framed, last=last)

    def data(self, content: bytes, *, last: bool = False) -> None:
        """Send bytes of the stream as they are."""
        self._send(DATA, _END_STREAM if last else 0, 1, content)

    def frames(self, *frames: tuple[int, int, int, bytes]) -> None:
        """Send frames: kind, flags, stream and payload."""
        for kind, flags, stream, payload in frames:
            self._send(kind, flags, stream, payload)

    def request(self) -> bytes:
        """Return the header block of the request."""
        return self._fields

    def go_away(self) -> None:
        """Send GOAWAY."""
        self._send(GOAWAY, 0, 0, bytes(8))

    def ping(self, content: bytes) -> None:
        """Send PING with eight bytes."""
        self._send(PING, 0, 0, content)

    async def frame(self) -> Frame:
        """Return the next frame from the server; raises IncompleteReadError when it hung up."""
        head = await self._reader.readexactly(9)
        payload = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
        return Frame(head[3], head[4], payload)

    async def until(self, kind: int, *, acknowledged: bool = False) -> Frame:
        """Return the next frame of that kind; one that the server began is not taken for an answer."""
        while True:
            frame = await asyncio.wait_for(self.frame(), 10)
            assert kind == GOAWAY or frame.kind != GOAWAY, frame.payload
            # Who waits for GOAWAY writes nothing: the server has closed its side.
            if frame.kind == SETTINGS and not frame.flags & _ACK and kind != GOAWAY:
                self._send(SETTINGS, _ACK, 0, b"")
            if frame.kind == kind and (frame.flags & _ACK > 0) == acknowledged:
                return frame

    def _send(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
        self._writer.write(head + payload)


def _text(value: str) -> bytes:
    """Return a string literal of HPACK, without Huffman coding."""
    assert len(value) < 127
    return bytes([len(value)]) + value.encode()
