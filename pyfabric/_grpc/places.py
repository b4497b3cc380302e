"""The places of a gateway's calls, transactions and streams, given in the order in which they are asked for."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from pyfabric._grpc.errors import not_sent


class Places:
    """A limited number of places. Thread-safe; first come, first served."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = limit
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()

    def take(self, seconds: float) -> None:
        """Take a place, waiting for it if need be. Raises NotSentError after that many seconds."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Event()
            self._waiting.append(turn)
        came = False
        try:
            came = turn.wait(seconds)
        finally:
            if not came:
                self._give_up(turn)
        if not came:
            raise not_sent(self._limit, seconds)

    def leave(self) -> None:
        """Give a place back, to the one that has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1

    @contextmanager
    def held(self, seconds: float) -> Iterator[None]:
        """Hold a place in a block; see `take`."""
        self.take(seconds)
        try:
            yield
        finally:
            self.leave()

    def _give_up(self, turn: threading.Event) -> None:
        with self._lock:
            if not turn.is_set():
                self._waiting.remove(turn)
                return
        self.leave()  # the place came too late
