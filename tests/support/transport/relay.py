"""A relay before a server that the test freezes: for the client its peer is stopped, as by SIGSTOP."""

import socket
import threading
from types import TracebackType
from typing import Self


class Relay:
    """Forwards TCP connections to a port of the loopback, until it is frozen."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._going = threading.Event()
        self._going.set()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self) -> None:
        """Accept connections as before, and forward nothing any more."""
        self._going.clear()

    def close(self) -> None:
        """Drop every connection."""
        self._going.set()
        for one in (self._listener, *self._sockets):
            one.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._sockets += [near, far]
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._going.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return
