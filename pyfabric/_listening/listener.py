"""A listening socket with limits: connections at once, and the time that a TLS handshake may take.

asyncio's own server logs a traceback for each connection that cannot be accepted, a hundred a second
when file descriptors run out, and takes any number of connections that never shake hands.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pyfabric._listening.notices import Notices
from pyfabric.messages.addresses import Address

_BACKLOG: Final = 100
_PAUSE_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class ListeningLimits:
    """How many connections are open at once, those in a handshake included, and seconds.

    `handshake_seconds` is twice Fabric's connection timeout (internal/pkg/comm/config.go), for machines
    that are busy; `shutdown_seconds` is how long a client may take to close TLS.
    """

    connections: int = 128
    handshake_seconds: float = 10.0
    shutdown_seconds: float = 1.0


class Listener:
    """Accepts connections at an address. Make it with `start`."""

    def __init__(
        self,
        factory: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext | None,
        count: Callable[[], int],
        limits: ListeningLimits,
        log: logging.Logger,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._factory = factory
        self._context = context
        self._count = count
        self._limits = limits
        self.notices = Notices(log, self._loop.time)
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._connecting: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(
        cls,
        address: str,
        factory: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext | None,
        *,
        count: Callable[[], int],
        log: logging.Logger,
        limits: ListeningLimits,
    ) -> "Listener":
        """Listen at host:port (port 0: any that is free); `count` returns how many connections are open.

        Raises OSError or ValueError for an address that cannot be taken, ConfigError for one that
        cannot be read.
        """
        listener = cls(factory, context, count, limits, log)
        place = Address.parse(address)
        found = await listener._loop.getaddrinfo(
            place.host, place.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        try:
            for family, where in dict.fromkeys((each[0], each[4]) for each in found):
                listener._listen(family, where)
        except (OSError, ValueError, OverflowError):
            listener._close_sockets()
            raise
        listener._begin()
        return listener

    @classmethod
    def on(
        cls,
        listening: socket.socket,
        factory: Callable[[], asyncio.Protocol],
        *,
        count: Callable[[], int],
        log: logging.Logger,
        limits: ListeningLimits,
    ) -> "Listener":
        """Accept connections without TLS of a socket that listens; it is closed with the listener."""
        listener = cls(factory, None, count, limits, log)
        listening.settimeout(0)  # does not block
        listener._sockets.append(listening)
        listener._begin()
        return listener

    @property
    def port(self) -> int:
        """The port of the first address."""
        return int(self._sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Accept no more connections, and give up those that are still in their handshake."""
        tasks = [*self._accepting, *self._connecting]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._close_sockets()

    def _begin(self) -> None:
        self._accepting = [asyncio.create_task(self._accept(each)) for each in self._sockets]

    def _listen(self, family: int, where: tuple[object, ...]) -> None:
        listening = socket.socket(family, socket.SOCK_STREAM)
        self._sockets.append(listening)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.settimeout(0)  # does not block
        listening.bind(where)
        listening.listen(_BACKLOG)

    def _close_sockets(self) -> None:
        for listening in self._sockets:
            listening.close()

    async def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                accepted, client = await self._loop.sock_accept(listening)
            except OSError as error:
                self.notices.warn("accept", f"cannot accept a connection: {error.strerror}")
                await asyncio.sleep(_PAUSE_SECONDS)
                continue
            if self._count() + len(self._connecting) >= self._limits.connections:
                accepted.close()
                self.notices.warn(
                    "connections",
                    f"refused a connection{_of(client)}: {self._limits.connections} are open, "
                    "which is the limit",
                )
                continue
            task = asyncio.create_task(self._connect(accepted))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, accepted: socket.socket) -> None:
        """Shake hands; a client that fails to has only itself to tell."""
        if accepted.family != socket.AF_UNIX:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limits, secure = self._limits, self._context is not None
        try:
            await self._loop.connect_accepted_socket(
                self._factory,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=limits.handshake_seconds if secure else None,
                ssl_shutdown_timeout=limits.shutdown_seconds if secure else None,
            )
        except OSError as error:
            self.notices.log_quietly(f"a connection was given up: {error}")


def _of(client: tuple[object, ...] | str) -> str:
    """Return who connects, in words; who does so in the file system has no address."""
    return f" of {client[0]}" if client else ""
