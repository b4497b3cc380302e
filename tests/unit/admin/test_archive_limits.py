"""Archives with hostile content."""

import io
import tarfile
import zlib

import pytest

from pyfabric.admin import archives
from pyfabric.errors import PackageError


def gzipped(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()


def test_an_archive_that_unpacks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_UNPACKED", 1000)
    with pytest.raises(PackageError, match="unpacks to more than 1000 bytes"):
        archives.read_archive(gzipped(bytes(10_000)))
    with pytest.raises(PackageError, match="unpacks to more than 1000 bytes"):
        archives.read_archive(gzipped(bytes(600)) + gzipped(bytes(600)))


def test_a_file_that_ends_too_early() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo("a")
        entry.size = 100
        archive.addfile(entry, io.BytesIO(bytes(100)))
    with pytest.raises(PackageError, match="unexpected EOF"):
        archives.read_archive(gzipped(buffer.getvalue()[:560]))


def test_a_broken_stream() -> None:
    with pytest.raises(PackageError, match="flate: corrupt input before offset 1"):
        archives.read_archive(b"\x1f\x8b\x08" + bytes(7) + b"\xff\xff")
