"""Gzip as Go's compress/gzip reads it: what can be unpacked before the first fault, and Go's text for that fault."""

import zlib
from dataclasses import dataclass
from typing import Final

from pyfabric.errors import PackageError

END: Final = "EOF"
TOO_EARLY: Final = "unexpected EOF"

_MAGIC: Final = b"\x1f\x8b\x08"
_HEADER: Final = 10
_TRAILER: Final = 8
_MAX_NAME: Final = 511
_CHECKED, _EXTRA, _NAMES = 2, 4, (8, 16)
_INVALID_HEADER: Final = "gzip: invalid header"
_CHUNK: Final = 65_536
_WINDOW: Final = 32_768


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Bytes, and why there are no more: "EOF", or the text of a fault.

    Go's reader returns a fault together with the bytes before it (`joined`), unless it handed those out earlier.
    """

    data: bytes
    end: str
    joined: bool


class _GzipError(Exception):
    """A fault in the form of the archive, in Go's words."""


def gunzip(data: bytes, limit: int) -> Unpacked:
    """Unpack all members. Raises PackageError if the first is none, with Go's text, and for more than `limit` bytes."""
    try:
        at = _read_header(data, 0)
    except _GzipError as error:
        raise PackageError(str(error)) from None
    unpacked = bytearray()
    while True:
        begun = len(unpacked)
        try:
            at = _read_member(data, at, unpacked, limit)
            at = _read_header(data, at)
        except _GzipError as error:
            return Unpacked(bytes(unpacked), str(error), bool((len(unpacked) - begun) % _WINDOW))


def _read_header(data: bytes, start: int) -> int:
    """Return where the compressed data of a member begins (RFC 1952 §2.3)."""
    header = data[start : start + _HEADER]
    if len(header) < _HEADER:
        raise _GzipError(TOO_EARLY if header else END)
    if not header.startswith(_MAGIC):
        raise _GzipError(_INVALID_HEADER)
    flags, at = header[3], start + _HEADER
    if flags & _EXTRA:
        at = _after(data, at, 2)
        at = _after(data, at, int.from_bytes(data[at - 2 : at], "little"))
    for flag in _NAMES:
        if flags & flag:
            at = _after_name(data, at)
    if flags & _CHECKED:
        wanted = zlib.crc32(data[start:at]) & 0xFFFF
        at = _after(data, at, 2)
        if int.from_bytes(data[at - 2 : at], "little") != wanted:
            raise _GzipError(_INVALID_HEADER)
    return at


def _after(data: bytes, start: int, length: int) -> int:
    if start + length > len(data):
        raise _GzipError(TOO_EARLY)
    return start + length


def _after_name(data: bytes, start: int) -> int:
    end = data.find(b"\0", start, start + _MAX_NAME + 1)
    if end < 0:
        raise _GzipError(TOO_EARLY if len(data) - start <= _MAX_NAME else _INVALID_HEADER)
    return end + 1


def _read_member(data: bytes, start: int, unpacked: bytearray, limit: int) -> int:
    """Add what a member holds to `unpacked`, also where it is broken; return where the next would begin."""
    begun = len(unpacked)
    member = zlib.decompressobj(-zlib.MAX_WBITS)
    at = start
    while not member.eof:
        chunk = member.unconsumed_tail or data[at : at + _CHUNK]
        if not chunk:
            raise _GzipError(TOO_EARLY)
        at += 0 if member.unconsumed_tail else len(chunk)
        before = member.copy()
        try:
            unpacked += member.decompress(chunk, limit - len(unpacked) + 1)
        except zlib.error:
            offset = at - len(chunk) - start + _unpack_to_fault(before, chunk, unpacked)
            raise _GzipError(f"flate: corrupt input before offset {offset}") from None
        if len(unpacked) > limit:
            raise PackageError(f"the archive unpacks to more than {limit} bytes")
    at -= len(member.unused_data)
    trailer = data[at : _after(data, at, _TRAILER)]
    content = memoryview(unpacked)[begun:]
    size = (len(content) & 0xFFFFFFFF).to_bytes(4, "little")
    if trailer != zlib.crc32(content).to_bytes(4, "little") + size:
        raise _GzipError("gzip: invalid checksum")
    return at + _TRAILER


def _unpack_to_fault(member: "zlib._Decompress", chunk: bytes, unpacked: bytearray) -> int:
    """Add what comes before the fault in a chunk, to the byte; return how much of the chunk had been read."""
    at = 0
    for step in (1024, 1):
        while True:
            before = member.copy()
            try:
                unpacked += member.decompress(chunk[at : at + step])
            except zlib.error:
                member = before
                break
            at += step
    given = chunk[at : at + 1]
    try:
        while True:
            unpacked += member.decompress(given, 1)
            given = member.unconsumed_tail
    except zlib.error:
        return at + 1
