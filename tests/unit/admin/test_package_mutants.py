"""Corrupted packages: the verdicts and texts of Fabric 3.1.5, kept as vectors and asked where its `peer` is."""

import base64
import gzip
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from hashlib import sha256

import pytest

from pyfabric.admin import archives
from pyfabric.admin.gunzip import gunzip
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.admin.untar import Entry, TarError, entries
from pyfabric.errors import PackageError
from tests.conftest import ROOT
from tests.support.messages import fuzz_packages
from tests.support.messages.fuzz_packages import are_equal, verdict
from tests.support.messages.package_mutants import make_mutant

MUTANTS = json.loads(
    gzip.decompress((ROOT / "tests/vectors/4-packages/mutants.json.gz").read_bytes())
)["mutants"]
GOOD = (ROOT / "tests/vectors/4-packages/packages/plain.tgz").read_bytes()


def test_the_count() -> None:
    assert len(MUTANTS) == 317
    assert sum(bool(facts["refused"]) for facts in MUTANTS) > 100


@pytest.mark.parametrize("facts", MUTANTS, ids=range(len(MUTANTS)))
def test_fabrics_verdicts(facts: Mapping[str, str]) -> None:
    data = base64.b64decode(facts["package"])
    if facts["refused"]:
        assert are_equal(verdict(data), facts["refused"])
        return
    package = ChaincodePackage.read(data)
    assert (package.label, sha256(package.code).hexdigest()) == (facts["label"], facts["code"])
    if facts["artifacts"]:
        with pytest.raises(PackageError) as caught:
            package.check_code()
        assert str(caught.value) == (
            f"error retrieving DB artifacts from code package: {facts['artifacts']}"
        )
    else:
        package.check_code()
    if facts["unpacking"]:
        with pytest.raises(PackageError) as caught:
            package.files()
        assert str(caught.value).startswith(facts["unpacking"])
    else:
        package.files()


def test_new_mutants_at_fabrics_peer() -> None:
    """Try a few mutants; make fuzz tries them without end. Without FABRIC_BIN nothing but our own errors may be raised."""
    for seed in range(20 if fuzz_packages.PEER else 200):
        fuzz_packages.try_package(1_000_000 + seed)


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def sparse(size: int) -> bytes:
    """Return an archive of one sparse file of PAX that has no content but holes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("a")
        entry.pax_headers = {
            "GNU.sparse.major": "0",
            "GNU.sparse.minor": "1",
            "GNU.sparse.numblocks": "0",
            "GNU.sparse.size": str(size),
        }
        archive.addfile(entry)
    return buffer.getvalue()


def test_a_sparse_file_is_bounded() -> None:
    assert archives.read_archive(gzipped(sparse(1000))) == {"a": bytes(1000)}
    with pytest.raises(PackageError, match="unpacks to more than"):
        archives.read_archive(gzipped(sparse(1 << 60)))


@pytest.mark.parametrize("at", [20, 300, 600, 900])
def test_what_comes_before_a_fault_is_unpacked(at: int) -> None:
    """Random bytes make literals: the archive is broken in the middle, and all before it is there."""
    content = bytes(seed * 7 % 251 for seed in range(2000))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31, 9, zlib.Z_HUFFMAN_ONLY)
    data = bytearray(packer.compress(content) + packer.flush())
    data[at + 10 :] = b"\xff" * 400
    unpacked = gunzip(bytes(data), 1 << 20)
    assert unpacked.end.startswith(("flate: corrupt input before offset", "unexpected EOF"))
    assert content.startswith(unpacked.data[: at // 2])


def test_every_entry_of_a_mutant_can_be_read_or_is_refused() -> None:
    def read_all(data: bytes) -> list[tuple[Entry, bytes]]:
        return [(entry, entry.read()) for entry in entries(gunzip(data, 1 << 24))]

    refused = 0
    for seed in range(300):
        try:
            read_all(make_mutant(seed))
        except (PackageError, TarError):
            refused += 1
    assert 50 < refused < 250


@pytest.mark.parametrize("field", [100, 329, 337])
def test_an_index_whose_header_go_cannot_write_again(field: int) -> None:
    """Fabric copies the indexes into an archive of its own."""
    for number, refused in ((b"\xff" + bytes(7), False), (b"\xbf" + b"\xff" * 7, True)):
        block = bytearray(tarfile.TarInfo("META-INF/statedb/a").tobuf(tarfile.GNU_FORMAT)[:512])
        block[field : field + 8] = number
        block[148:156] = b" " * 8
        block[148:156] = f"{sum(block):06o}\0 ".encode()
        data = gzipped(bytes(block) + bytes(1024))
        if refused:
            with pytest.raises(PackageError, match="archive/tar: cannot encode header"):
                archives.check_readable(data)
        else:
            archives.check_readable(data)
