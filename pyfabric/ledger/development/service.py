"""The socket of the development tools: a file beside the ledger's files, never a port.

A request is a line of JSON, {"call": name, "arguments": {…}}; so is its answer, {"answer": …} or
{"error": text}. Only users who may open the ledger's files may use it.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

from pyfabric.errors import FabricError, NetworkError
from pyfabric.local.unix_sockets import listen

Calls = Mapping[str, Callable[..., Awaitable[Any]]]


class DevelopmentService:
    """Answers calls by name. Make it with `start`."""

    def __init__(self, path: Path, calls: Calls) -> None:
        self._path = path
        self._calls = calls
        self._connections: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @classmethod
    async def start(cls, path: Path, calls: Calls) -> "DevelopmentService":
        """Listen at a path; raises NetworkError."""
        service = cls(path, calls)
        try:
            listening = listen(path)
        except OSError as error:
            raise NetworkError(f"cannot listen on {path}: {error.strerror}") from error
        service._server = await asyncio.start_unix_server(service._serve, sock=listening)
        return service

    async def stop(self) -> None:
        """Take no more requests and close the connections."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client is gone, or sends no lines
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            call, arguments = self._calls[request["call"]], request["arguments"]
            signature(call).bind(**arguments)
        except (ValueError, LookupError, TypeError):
            known = ", ".join(self._calls)
            return {"error": f"not a request of the development service; its calls are: {known}"}
        try:
            return {"answer": await call(**arguments)}
        except FabricError as error:
            return {"error": str(error)}
