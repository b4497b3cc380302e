"""The socket of the development tools: a file beside the ledger's files, never a port.

A request is a line of JSON, {"call": name, "arguments": {…}}; so is its answer, {"answer": …} or
{"error": text}. Only users who may open the ledger's files may use it.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, TypeVar

from pyfabric._listening.listener import Listener, ListeningLimits
from pyfabric.errors import FabricError, NetworkError
from pyfabric.local.unix_sockets import listen

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

Calls = Mapping[str, Callable[..., Awaitable[Any]]]


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Connections at once, bytes of a request, and the seconds in which it must come or its answer be read."""

    connections: int = 32
    line: int = 65_536
    idle_seconds: float = 60.0


class DevelopmentService:
    """Answers calls by name. Make it with `start`."""

    def __init__(self, path: Path, calls: Calls, limits: SocketLimits) -> None:
        self._path = path
        self._calls = calls
        self._limits = limits
        self._connections: set[asyncio.StreamWriter] = set()
        self._listener: Listener | None = None

    @classmethod
    async def start(
        cls, path: Path, calls: Calls, limits: SocketLimits | None = None
    ) -> "DevelopmentService":
        """Listen at a path; raises NetworkError."""
        service = cls(path, calls, limits or SocketLimits())
        try:
            listening = listen(path)
        except OSError as error:
            raise NetworkError(f"cannot listen on {path}: {error.strerror}") from error
        service._listener = Listener.on(
            listening,
            service._protocol,
            count=lambda: len(service._connections),
            log=_LOG,
            limits=ListeningLimits(connections=service._limits.connections),
        )
        return service

    async def stop(self) -> None:
        """Take no more requests and close the connections."""
        if self._listener is not None:
            await self._listener.close()
        for connection in self._connections:
            connection.close()
        self._path.unlink(missing_ok=True)

    def _protocol(self) -> asyncio.Protocol:
        reader = asyncio.StreamReader(limit=self._limits.line)
        return asyncio.StreamReaderProtocol(reader, self._serve)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while line := await self._in_time(reader.readline()):
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await self._in_time(writer.drain())
        except (OSError, ValueError):
            writer.transport.abort()  # the client is gone or silent, or sends no lines
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _in_time(self, work: Awaitable[T]) -> T:
        async with asyncio.timeout(self._limits.idle_seconds):
            return await work

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            call, arguments = self._calls[request["call"]], request["arguments"]
            signature(call).bind(**arguments)
        except (ValueError, LookupError, TypeError, RecursionError):
            known = ", ".join(self._calls)
            return {"error": f"not a request of the development service; its calls are: {known}"}
        try:
            return {"answer": await call(**arguments)}
        except FabricError as error:
            return {"error": str(error)}
