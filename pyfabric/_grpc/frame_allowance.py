"""How many frames of HTTP/2 that carry nothing one side may send: pings, settings, resets, empty DATA.

Each costs the other side as much as a message, and a flood of them holds up all others on its event
loop. Frames are counted before h2 reads them, since some of them (DATA on a stream that was reset)
become no event of h2. Source: RFC 9113, section 10.5.
"""

from collections.abc import Callable
from typing import Final

_PREFACE_LENGTH: Final = 24
_HEAD_LENGTH: Final = 9
_DATA, _HEADERS, _RESET = 0, 1, 3
_STREAM_COST: Final = 10
_COSTS: Final = {_HEADERS: _STREAM_COST, _RESET: _STREAM_COST}
_MOST: Final = 1000
_A_SECOND: Final = 100
_BYTES_FOR_ONE: Final = 64
_FOR_MESSAGE: Final = 2
_FOR_WRITE: Final = 4
_WRITTEN_FOR_ONE: Final = 4096


class FrameAllowance:
    """The frames of one connection, as a bucket that leaks.

    A frame costs 1, one that opens or resets a stream 10; content of 64 bytes pays for one, a whole
    message for two, and what is written to the other side for its pings and window updates. 1,000 may
    be owed at once; 100 are forgiven a second.
    """

    def __init__(self, now: Callable[[], float], *, preface: bool) -> None:
        self._now = now
        self._owed = 0.0
        self._since = now()
        self._skip = _PREFACE_LENGTH if preface else 0
        self._head = b""

    def takes(self, data: bytes) -> bool:
        """Count the frames that begin in these bytes; returns False if they are too many."""
        self._owed = max(0.0, self._owed + self._cost(data))
        if self._owed <= _MOST:
            return True
        now = self._now()
        self._owed = max(0.0, self._owed - (now - self._since) * _A_SECOND)
        self._since = now
        return self._owed <= _MOST

    def earn_for_messages(self, count: int) -> None:
        """Count messages that were received as a whole."""
        self._owed = max(0.0, self._owed - count * _FOR_MESSAGE)

    def earn_for_written(self, size: int) -> None:
        """Count one write of some bytes of messages."""
        self._owed = max(0.0, self._owed - _FOR_WRITE - size / _WRITTEN_FOR_ONE)

    def _cost(self, data: bytes) -> float:
        if self._head:
            data, self._head = self._head + data, b""
        position, cost, end = self._skip, 0.0, len(data)
        while position + _HEAD_LENGTH <= end:
            kind = data[position + 3]
            length = int.from_bytes(data[position : position + 3], "big")
            cost += _COSTS.get(kind, 1)
            if kind == _DATA:
                cost -= length / _BYTES_FOR_ONE
            position += _HEAD_LENGTH + length
        self._skip = max(0, position - end)
        self._head = data[position:]
        return cost
