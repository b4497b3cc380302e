"""One time limit for the whole of an HTTPS exchange: threads.

httpx limits each read alone, and a server that sends a byte a second never reaches that limit.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from threading import Timer
from types import TracebackType
from typing import Any, Self


class TimeLimit:
    """Raises TimeoutError where its block takes more than some seconds: it then shuts the connection.

    The connection must be made in the block: one that was kept from an earlier exchange would not be shut.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._shut)
        self._timer.daemon = True
        self._passed = False
        self._socket: socket.socket | None = None
        self.extensions: Mapping[str, Any] = {"trace": self._note}
        """What httpx's request needs for the limit."""

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._passed:
            raise TimeoutError from error

    def _note(self, _event: str, facts: Mapping[str, Any]) -> None:
        """Keep the newest socket of the connection: httpx reports each step of an exchange."""
        stream = facts.get("return_value")
        if stream is not None and hasattr(stream, "get_extra_info"):
            self._socket = stream.get_extra_info("socket")

    def _shut(self) -> None:
        """Shut the connection, so that the thread that reads of it goes on, and closes it."""
        self._passed = True
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
