"""Tar archives in gzip, in memory: written reproducibly, read as Fabric reads them.

What is written depends on the content alone: names are sorted, times, owners and modes fixed, and gzip
blocks stored uncompressed, since compressors differ from one version to the next.
"""

import io
import posixpath
import struct
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Final

from pyfabric.admin.gunzip import gunzip
from pyfabric.admin.untar import FOLDER, REGULAR, Entry, TarError, entries, text
from pyfabric.errors import PackageError

MAX_UNPACKED: Final = 512 * 1024 * 1024

_GZIP_HEADER: Final = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
_STORED_BLOCK: Final = 0xFFFF
_INDEXES: Final = b"META-INF/statedb/"
_MAX_NAME: Final = 255


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """Return the gzip of a tar of these files: the same bytes for the same files, on any machine."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size = len(files[name])
            archive.addfile(entry, io.BytesIO(files[name]))
    return _stored_gzip(buffer.getvalue())


def regular_files(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive in their order.

    Raises PackageError, with the text of Fabric's `peer`, for a broken archive and for links or folders in it.
    """
    try:
        unpacked = gunzip(data, MAX_UNPACKED)
    except PackageError as error:
        raise PackageError(f"error reading as gzip stream: {error}") from error
    try:
        for entry in entries(unpacked):
            name = text(entry.name)
            if entry.type != REGULAR:
                raise PackageError(f"tar entry {name} is not a regular file, type {entry.type}")
            yield name, _content(entry, f"could not read {name} from tar: ")
    except TarError as fault:
        raise PackageError(f"error inspecting next tar header: {fault}") from fault


def check_readable(data: bytes) -> None:
    """Raise PackageError, with Go's text, for an archive that is broken anywhere."""
    try:
        for entry in entries(gunzip(data, MAX_UNPACKED)):
            if entry.name.startswith(_INDEXES):
                if entry.wide:
                    raise PackageError("archive/tar: cannot encode header")
                _content(entry, "")
    except TarError as fault:
        raise PackageError(str(fault)) from fault


def read_archive(data: bytes) -> Mapping[str, bytes]:
    """Return the files of an archive as a peer unpacks them, without its folders.

    Raises PackageError for a broken archive, for links and devices, and for a path that is absolute,
    leads out of the archive or cannot be made beside the others.
    """
    folder = _Folder()
    try:
        for entry in entries(gunzip(data, MAX_UNPACKED)):
            name = text(entry.name)
            path = posixpath.normpath(name)
            if path.startswith("/") or path.split("/")[0] == "..":
                raise PackageError(f"tar contains the absolute or escaping path '{name}'")
            if entry.type == REGULAR:
                folder.write(path, name, _content(entry, ""))
            elif entry.type == FOLDER:
                folder.make(path, f"could not create directory '{name}'")
            else:
                raise PackageError(
                    f"invalid file type '{entry.type}' contained in archive for file '{name}'"
                )
    except TarError as fault:
        raise PackageError(f"could not get next tar element: {fault}") from fault
    return folder.files


class _Folder:
    """The folder into which a peer unpacks an archive."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self._folders = {".", ""}

    def write(self, path: str, name: str, content: bytes) -> None:
        """Write over what is there, which keeps a longer file's end, as Go's os.OpenFile does without O_TRUNC."""
        above = posixpath.dirname(path)
        self.make(above, f"could not create directory '{above}'")
        if path in self._folders:
            raise PackageError(f"could not create file '{name}': it is a directory")
        self._check_name(path, f"could not create file '{name}'")
        self.files[path] = content + self.files.get(path, b"")[len(content) :]

    def make(self, path: str, fault: str) -> None:
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            above = "/".join(parts[:count])
            if above in self.files:
                raise PackageError(f"{fault}: {above} is a file")
            self._check_name(above, fault)
            self._folders.add(above)

    def _check_name(self, path: str, fault: str) -> None:
        name = posixpath.basename(path)
        if len(name.encode()) > _MAX_NAME or "\0" in name:
            raise PackageError(f"{fault}: no file can have this name")


def _content(entry: Entry, prefix: str) -> bytes:
    if entry.sparse_size > MAX_UNPACKED:
        raise PackageError(f"the archive unpacks to more than {MAX_UNPACKED} bytes")
    try:
        return entry.read()
    except TarError as fault:
        raise PackageError(f"{prefix}{fault}") from fault


def _stored_gzip(data: bytes) -> bytes:
    parts = [_GZIP_HEADER]
    for start in range(0, len(data), _STORED_BLOCK):
        block = data[start : start + _STORED_BLOCK]
        last = start + _STORED_BLOCK >= len(data)
        parts.append(struct.pack("<BHH", last, len(block), len(block) ^ 0xFFFF) + block)
    parts.append(struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF))
    return b"".join(parts)
