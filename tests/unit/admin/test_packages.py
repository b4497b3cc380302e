"""Chaincode packages: real peers' verdicts (vectors 4-packages), and our own packages byte for byte."""

import contextlib
import gzip
import io
import json
import tarfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyfabric.admin.archives import read_archive, write_archive
from pyfabric.admin.packages import ChaincodePackage
from pyfabric.errors import PackageError
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "vectors" / "4-packages"
FACTS = json.loads((FOLDER / "case.json").read_text(encoding="utf-8"))
# Refused by the peer's builder or by its having the package already, not for the package's form.
OTHER_REASONS = (
    "external builder failed to build",
    "docker build is disabled",
    "already successfully installed",
)
CONNECTION = {"address": "{{.address}}", "dial_timeout": "10s", "tls_required": True}


def test_the_counts() -> None:
    assert len(FACTS["packages"]) == 58
    assert sum(1 for one in FACTS["cli_packages"] if one["file"]) == 3


@pytest.mark.parametrize("facts", FACTS["packages"], ids=lambda facts: facts["file"])
def test_reading_and_package_id(facts: dict) -> None:
    data = (FOLDER / facts["file"]).read_bytes()
    verdict = facts["calculatepackageid"]
    if verdict["exit_code"]:
        with pytest.raises(PackageError) as caught:
            ChaincodePackage.read(data)
        said = verdict["error"].partition("install package: ")[2]
        assert str(caught.value) == said
    else:
        assert ChaincodePackage.read(data).package_id == verdict["output"]


@pytest.mark.parametrize("facts", FACTS["packages"], ids=lambda facts: facts["file"])
def test_installing(facts: dict) -> None:
    data = (FOLDER / facts["file"]).read_bytes()
    verdict = facts["install"]
    refused = verdict["exit_code"] and not any(
        reason in verdict["error"] for reason in OTHER_REASONS
    )
    if refused:
        with pytest.raises(PackageError):
            ChaincodePackage.read(data).check_installable()
    else:
        ChaincodePackage.read(data).check_installable()


@pytest.mark.parametrize("facts", [one for one in FACTS["cli_packages"] if one["file"]])
def test_packages_of_the_peer_command(facts: dict) -> None:
    package = ChaincodePackage.read((FOLDER / facts["file"]).read_bytes())
    assert package.package_id == facts["package_id"]
    assert package.type == facts["lang"]
    files = [one["name"] for one in facts["entries"]["code"] if one["type"] == "0"]
    assert sorted(package.files()) == sorted(files)


def test_what_the_texts_say() -> None:
    for name, text in (
        ("label-space.tgz", "invalid label 'my label'. Label must be non-empty"),
        ("metadata-missing.tgz", "did not find any package metadata"),
        ("code-missing.tgz", "did not find a code package inside the package"),
        ("outer-symlink.tgz", "tar entry metalink is not a regular file, type 50"),
        ("metadata-bom.tgz", "could not unmarshal metadata.json as json"),
        ("empty.tgz", "error reading as gzip stream"),
    ):
        with pytest.raises(PackageError, match=text.replace(".", r"\.")):
            ChaincodePackage.read((FOLDER / "packages" / name).read_bytes())


def test_a_package_is_the_same_everywhere() -> None:
    package = ChaincodePackage.build("directory_1", CONNECTION)
    assert package.package_id == (
        "directory_1:6ac518ebadaa4fca1cfb5602e8f94665624ebf5fb382574c9d1fca324191849e"
    )
    assert ChaincodePackage.build("directory_1", dict(reversed(CONNECTION.items()))) == package


def test_a_package_reads_back() -> None:
    package = ChaincodePackage.build("directory_1", CONNECTION)
    assert ChaincodePackage.read(package.data) == package
    assert package.connection() == CONNECTION
    package.check_installable()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(package.data))) as archive:
        assert archive.getnames() == ["code.tar.gz", "metadata.json"]
        assert {(one.mtime, one.uid, one.mode) for one in archive} == {(0, 0, 0o644)}


def test_no_private_key_and_no_bad_label() -> None:
    with pytest.raises(PackageError, match="private key"):
        ChaincodePackage.build("a", {"client_key": "-----BEGIN PRIVATE KEY-----"})
    with pytest.raises(PackageError, match="invalid label"):
        ChaincodePackage.build("目录", CONNECTION)


def test_connection_that_is_not_there_or_no_object() -> None:
    metadata = b'{"label":"x","type":"ccaas"}'
    for code, text in (
        (write_archive({"a": b""}), "holds no connection.json"),
        (write_archive({"connection.json": b"[]"}), "must be an object"),
    ):
        data = write_archive({"metadata.json": metadata, "code.tar.gz": code})
        with pytest.raises(PackageError, match=text):
            ChaincodePackage.read(data).connection()


def test_a_label_that_is_no_text() -> None:
    data = write_archive({"metadata.json": b'{"label":7}', "code.tar.gz": b""})
    with pytest.raises(
        PackageError, match=r"number into Go struct field ChaincodePackageMetadata\.label"
    ):
        ChaincodePackage.read(data)


@settings(max_examples=30)
@given(st.dictionaries(st.from_regex(r"([a-z]{1,8}/)?[A-Z]{1,8}\.py", fullmatch=True), st.binary()))
def test_archives_read_back(files: dict[str, bytes]) -> None:
    assert read_archive(write_archive(files)) == files


def test_a_large_archive_takes_several_blocks() -> None:
    content = bytes(200_000)
    data = write_archive({"big": content})
    assert gzip.decompress(data)
    assert read_archive(data) == {"big": content}


@given(st.binary(max_size=64), st.integers(0, 400), st.integers(0, 255))
def test_broken_packages_never_raise_anything_else(tail: bytes, at: int, byte: int) -> None:
    data = bytearray((FOLDER / "packages" / "plain.tgz").read_bytes())
    data[at % len(data)] = byte
    for broken in (bytes(data), bytes(data[: at % len(data)]), b"\x1f\x8b\x08" + tail):
        with contextlib.suppress(PackageError):
            ChaincodePackage.read(broken).check_installable()


@pytest.mark.parametrize("flags", range(32))
def test_gzip_headers_with_every_field(flags: int) -> None:
    plain = write_archive({"a": b"b"})
    header = bytearray(plain[:10])
    header[3] = flags
    extra = b"\x03\x00xyz" if flags & 4 else b""
    names = b"name\0" * (bool(flags & 8) + bool(flags & 16))
    begun = bytes(header) + extra + names
    check = (zlib.crc32(begun) & 0xFFFF).to_bytes(2, "little") if flags & 2 else b""
    assert read_archive(begun + check + plain[10:]) == {"a": b"b"}
    if flags & 2:
        with pytest.raises(PackageError, match="gzip: invalid header"):
            read_archive(begun + b"cc" + plain[10:])
