"""A small HTTPS server (HTTP/1.1, by h11) for the administrative requests of a node.

A body that is longer than the limit is not read: the request then has no body, and the server closes the
connection after the response. What is no HTTP is answered as Go's server answers it (400, 431), which
Fabric's nodes use. A request, and the reading of its response, may take a minute each.
"""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path

import h11

from pyfabric._listening.listener import Listener, ListeningLimits
from pyfabric.errors import ConfigError, NetworkError

_LOG = logging.getLogger(__name__)

_READ_SIZE = 65536
_IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request; header names are in lower case. `body` is None if it was too long.

    `target` is the path with its query as it was sent. `verified` is true if the client has a certificate that the
    server's client roots signed.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes | None
    verified: bool = False
    target: str = ""

    @property
    def query(self) -> str:
        """What stands behind the question mark of the target."""
        return self.target.partition("?")[2]


@dataclass(frozen=True, slots=True)
class Response:
    """The response to a request."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]


def server_context(
    certificate: Path, key: Path, client_roots: Path | None, *, required: bool = True
) -> ssl.SSLContext:
    """Return the TLS context of a server that requests (or requires) certificates of `client_roots`.

    Raises NetworkError if a file cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if client_roots is not None:
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
            context.load_verify_locations(client_roots)
    except OSError as error:
        raise NetworkError(f"{certificate}, {key} or {client_roots}: {error}") from error
    return context


class HttpsServer:
    """A listening server. Create it with `start`."""

    def __init__(self, handler: Handler, body_limit: int) -> None:
        self._handler = handler
        self._body_limit = body_limit
        self._listener: Listener | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    @classmethod
    async def start(
        cls,
        address: str,
        context: ssl.SSLContext,
        handler: Handler,
        *,
        body_limit: int,
        limits: ListeningLimits | None = None,
    ) -> "HttpsServer":
        """Listen on host:port (port 0: any free one); raises NetworkError if that is not possible."""
        server = cls(handler, body_limit)
        try:
            server._listener = await Listener.start(
                address,
                server._protocol,
                context,
                count=lambda: len(server._connections),
                log=_LOG,
                limits=limits or ListeningLimits(),
            )
        except (OSError, ValueError, OverflowError, ConfigError) as error:
            raise NetworkError(f"cannot listen on {address}: {error}") from error
        server.port = server._listener.port
        return server

    async def stop(self) -> None:
        """Stop listening and close the connections."""
        if self._listener is not None:
            await self._listener.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _protocol(self) -> asyncio.Protocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit=_READ_SIZE), self._connected)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await self._serve(reader, writer)
        except (OSError, TimeoutError):
            writer.transport.abort()
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        verified = bool(writer.get_extra_info("peercert"))
        while True:
            try:
                async with asyncio.timeout(_IDLE_SECONDS):
                    request = await self._request(connection, reader, writer)
            except h11.RemoteProtocolError as error:
                writer.write(_refusal(connection, error.error_status_hint))
                return
            if request is None:
                return
            response = await self._handler(replace(request, verified=verified))
            writer.write(_encode(connection, request, response))
            async with asyncio.timeout(_IDLE_SECONDS):
                await writer.drain()
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _request(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> Request | None:
        """Return the next request, or None when the client has disconnected."""
        head = None
        body = bytearray()
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    writer.write(connection.send(go_on) or b"")
                connection.receive_data(await reader.read(_READ_SIZE))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
                if head is not None and len(body) > self._body_limit:
                    return _read(head, None)
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                return _read(head, bytes(body))
            else:
                return None


def _read(head: h11.Request, body: bytes | None) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in head.headers}
    target = head.target.decode("latin-1")
    path = target.partition("?")[0]
    return Request(head.method.decode("latin-1"), path, headers, body, target=target)


def _encode(connection: h11.Connection, request: Request, response: Response) -> bytes:
    headers = list(response.headers.items())
    if response.status != 204:
        headers.append(("Content-Length", str(len(response.body))))
    if request.body is None:
        headers.append(("Connection", "close"))
    has_body = response.body and request.method != "HEAD"
    parts = [
        connection.send(h11.Response(status_code=response.status, headers=headers)),
        connection.send(h11.Data(data=response.body)) if has_body else b"",
        connection.send(h11.EndOfMessage()),
    ]
    return b"".join(part or b"" for part in parts)


def _refusal(connection: h11.Connection, status: int) -> bytes:
    """Return the response to what is no request, if one can be sent any more; its text is Go's."""
    if connection.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
        return b""
    text = f"{status} {HTTPStatus(status).phrase}".encode()
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Connection", "close"),
        ("Content-Length", str(len(text))),
    ]
    parts = [
        connection.send(h11.Response(status_code=status, headers=headers)),
        connection.send(h11.Data(data=text)),
        connection.send(h11.EndOfMessage()),
    ]
    return b"".join(part or b"" for part in parts)
