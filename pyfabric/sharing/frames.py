"""Frames: bytes with their length before them, so that a sequence of them can be read in one way only."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from pyfabric.errors import DecodeError

LENGTH_SIZE: Final = 4


def frame(content: bytes) -> bytes:
    """Return the content after its length (four bytes, big-endian)."""
    return number(len(content)) + content


def number(value: int, size: int = LENGTH_SIZE) -> bytes:
    """Return a number that is not negative, big-endian."""
    return value.to_bytes(size)


def framed_digest(contents: Iterable[bytes]) -> bytes:
    """Return the SHA-256 over the frames of the contents, one after the other."""
    return sha256(b"".join(map(frame, contents))).digest()


class Frames:
    """Reads what `frame` and `number` write, one after the other; raises DecodeError for what is too short."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    @property
    def empty(self) -> bool:
        """Whether everything has been read."""
        return self._at == len(self._raw)

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        end = self._at + size
        if end > len(self._raw):
            raise DecodeError(f"{size} bytes are expected at byte {self._at} of {len(self._raw)}")
        taken, self._at = self._raw[self._at : end], end
        return taken

    def number(self, size: int = LENGTH_SIZE) -> int:
        """Return the next number."""
        return int.from_bytes(self.take(size))

    def next(self) -> bytes:
        """Return the content of the next frame."""
        return self.take(self.number())

    def rest(self) -> bytes:
        """Return all bytes that are left."""
        return self.take(len(self._raw) - self._at)

    def finish(self) -> None:
        """Raise DecodeError if bytes are left."""
        if not self.empty:
            raise DecodeError(f"{len(self._raw) - self._at} bytes follow the end")
