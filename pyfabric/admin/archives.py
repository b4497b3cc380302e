"""Tar archives in gzip, in memory: written reproducibly, read as tolerantly as Go does.

What is written depends on the content alone: names are sorted, times, owners and modes fixed, and gzip
blocks stored uncompressed, since compressors differ from one version to the next.
"""

import io
import struct
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from pyfabric.errors import PackageError

MAX_UNPACKED: Final = 512 * 1024 * 1024

_GZIP_MAGIC: Final = b"\x1f\x8b\x08"
_GZIP_HEADER: Final = _GZIP_MAGIC + bytes(6) + b"\xff"
_STORED_BLOCK: Final = 0xFFFF


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """Return the gzip of a tar of these files: the same bytes for the same files, on any machine."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    return _stored_gzip(buffer.getvalue())


def regular_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive in their order.

    Raises PackageError for a broken archive and for links or folders in it.
    """
    for entry, content in _entries(data):
        if not entry.isreg():
            raise PackageError(
                f"tar entry {entry.name} is not a regular file, type {entry.type[0]}"
            )
        yield entry.name, content


def read_archive(data: bytes) -> Mapping[str, bytes]:
    """Return the files of an archive as a peer unpacks them, without its folders.

    Raises PackageError for a broken archive, for links and devices, and for a path that is absolute
    or leads out of the archive.
    """
    files = {}
    for entry, content in _entries(data):
        path = PurePosixPath(entry.name)
        if path.is_absolute() or ".." in path.parts:
            raise PackageError(f"tar contains the absolute or escaping path '{entry.name}'")
        if entry.isreg():
            files[str(path)] = content
        elif not entry.isdir():
            raise PackageError(
                f"invalid file type {entry.type[0]} contained in archive for file '{entry.name}'"
            )
    return files


def _entries(data: bytes) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
    unpacked = io.BytesIO(_gunzip(data))
    try:
        with tarfile.open(fileobj=unpacked, mode="r:") as archive:
            for entry in archive:
                file = archive.extractfile(entry) if entry.isreg() else None
                content = file.read() if file else b""
                yield entry, content
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise PackageError(f"error inspecting next tar header: {error}") from error


def _gunzip(data: bytes) -> bytes:
    """Return what can be unpacked; like Go, without the checksum after the end of the tar."""
    if len(data) < len(_GZIP_HEADER):
        raise PackageError(f"error reading as gzip stream: {'unexpected ' if data else ''}EOF")
    if not data.startswith(_GZIP_MAGIC):
        raise PackageError("error reading as gzip stream: gzip: invalid header")
    unpacked = bytearray()
    while data.startswith(_GZIP_MAGIC):
        member = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            unpacked += member.decompress(
                data[_header_length(data) :], MAX_UNPACKED - len(unpacked) + 1
            )
        except zlib.error as error:
            raise PackageError(f"error reading as gzip stream: {error}") from error
        if len(unpacked) > MAX_UNPACKED:
            raise PackageError(f"the archive unpacks to more than {MAX_UNPACKED} bytes")
        data = member.unused_data[8:]
    return bytes(unpacked)


def _header_length(data: bytes) -> int:
    """Return the length of a gzip header (RFC 1952 §2.3)."""
    flags = data[3] if len(data) > 3 else 0
    length = 10
    if flags & 4:
        length += 2 + int.from_bytes(data[length : length + 2], "little")
    for flag in (8, 16):
        if flags & flag:
            length = data.find(b"\0", length) + 1 or len(data)
    return length + (2 if flags & 2 else 0)


def _stored_gzip(data: bytes) -> bytes:
    parts = [_GZIP_HEADER]
    for start in range(0, len(data), _STORED_BLOCK):
        block = data[start : start + _STORED_BLOCK]
        last = start + _STORED_BLOCK >= len(data)
        parts.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    parts.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)
