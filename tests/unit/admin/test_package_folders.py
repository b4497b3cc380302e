"""Packages of folders: the same files as Fabric's `peer` packages, reproducible, and nothing from outside."""

import io
import json
import os
import tarfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfabric.admin import ChaincodePackage, package_folder
from pyfabric.errors import PackageError
from pyfabric.local.folders import read_folder
from tests.conftest import ROOT

FOLDER = ROOT / "tests" / "vectors" / "4-packages"
OF_PEER = [
    one
    for one in json.loads((FOLDER / "case.json").read_text(encoding="utf-8"))["cli_packages"]
    if one["file"]
]
INDEX = "META-INF/statedb/couchdb/indexes/ix.json"
NAMES = st.text(st.sampled_from("abcé好 -_."), min_size=1, max_size=60).filter(
    lambda name: name.strip(".")
)


def unpacked(data: bytes) -> dict[str, bytes]:
    """Return the regular files of a package's code, as Python's tarfile reads them."""
    with tarfile.open(fileobj=io.BytesIO(data)) as outer:
        code = outer.extractfile("code.tar.gz")
        assert code is not None
        with tarfile.open(fileobj=io.BytesIO(code.read())) as inner:
            return {
                one.name: file.read()
                for one in inner.getmembers()
                if (file := inner.extractfile(one)) is not None
            }


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_the_count() -> None:
    assert [one["lang"] for one in OF_PEER] == ["node", "java", "golang"]


@pytest.mark.parametrize("of_peer", OF_PEER, ids=lambda one: one["lang"])
def test_a_folder_is_packaged_as_the_peer_command_does(of_peer: dict, tmp_path: Path) -> None:
    theirs = (FOLDER / of_peer["file"]).read_bytes()
    files = unpacked(theirs)
    source = {name.removeprefix("src/"): content for name, content in files.items()}
    left_out = {
        "node": {"node_modules/x/index.js": b"x", ".git/HEAD": b"x", "META-INF/.hidden": b"x"},
        "java": {"target/A.jar": b"x", "build/b": b"x", "out/o": b"x", "src/A.class": b"x"},
        "golang": {".git/HEAD": b"x", ".idea/x": b"x"},
    }[of_peer["lang"]]
    folder = write(tmp_path, source | left_out)
    ours = package_folder(folder, label=of_peer["label"], kind=of_peer["lang"])
    assert unpacked(ours.data) == files
    assert (ours.label, ours.type) == (of_peer["label"], of_peer["lang"])
    assert ours == package_folder(folder, label=of_peer["label"], kind=of_peer["lang"])
    assert ChaincodePackage.read(ours.data) == ours
    ours.check_installable()
    if of_peer["lang"] == "golang":
        with tarfile.open(fileobj=io.BytesIO(ours.data)) as outer:
            metadata = outer.extractfile("metadata.json")
            assert metadata is not None
            assert json.load(metadata)["path"] == json.loads(of_peer["entries"]["metadata"])["path"]


def test_a_go_chaincode_below_the_root_of_its_module(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {"go.mod": b"module city.example/deeds // why\n\ngo 1.22\n", "cc/main.go": b"package main",
         "lib/a.go": b"package lib", f"cc/{INDEX}": b'{"index": {"fields": ["size"]}}'},
    )  # fmt: skip
    made = package_folder(folder / "cc", label="deeds_1", kind="golang")
    assert set(made.files()) == {"src/go.mod", "src/cc/main.go", "src/lib/a.go", INDEX}
    with tarfile.open(fileobj=io.BytesIO(made.data)) as outer:
        metadata = outer.extractfile("metadata.json")
        assert metadata is not None
        assert json.load(metadata) == {
            "label": "deeds_1", "path": "city.example/deeds/cc", "type": "golang",
        }  # fmt: skip


@pytest.mark.parametrize("kind", ["ccaas", "k8s"])
def test_what_a_builder_reads_stays_where_it_is(tmp_path: Path, kind: str) -> None:
    files = {"connection.json": b'{"address": "{{.address}}"}', "lib/run.sh": b"#!/bin/sh"}
    made = package_folder(write(tmp_path, files), label="x", kind=kind)
    assert dict(made.files()) == files
    assert made.connection() == {"address": "{{.address}}"}


@pytest.mark.parametrize(
    ("kind", "files", "reason"),
    [
        ("node", {"index.js": b""}, "needs a package.json"),
        ("golang", {"main.go": b""}, "no folder of a Go module"),
        ("golang", {"go.mod": b"go 1.22\n"}, "go.mod that names its module"),
        ("ccaas", {"x.json": b"{}"}, "needs a connection.json"),
        ("ccaas", {"connection.json": b"{"}, "connection.json is not a valid JSON"),
        ("ccaas", {"connection.json": b"[]"}, "must be an object with the address"),
        ("ccaas", {"connection.json": b'{"address": "a:1", "client_key": "-----BEGIN PRIVATE KEY"}'}, "private key"),
        ("java", {}, "no files to package"),
        ("java", {"META-INF/MANIFEST.MF": b""}, "is no index definition"),
        ("java", {INDEX: b"{"}, "not a valid JSON"),
        ("java", {INDEX: b"[]"}, "must be an object"),
        ("java", {INDEX: b'{"index": {"fields": ["a"]}, "x": 1}'}, "unknown member x"),
        ("java", {INDEX: b'{"index": {"fields": ["a"]}, "ddoc": 1}'}, "must be texts"),
        ("java", {INDEX: b'{"index": {"fields": ["a"]}, "type": "text"}'}, "type must be json"),
        ("java", {INDEX: b'{"index": {"x": []}}'}, "needs an index with fields"),
        ("java", {INDEX: b'{"ddoc": "d"}'}, "needs an index with fields"),
        ("java", {INDEX: b'{"index": {"fields": [{"a": "up"}]}}'}, "list of names"),
    ],
)  # fmt: skip
def test_a_folder_that_is_no_chaincode(
    tmp_path: Path, kind: str, files: dict[str, bytes], reason: str
) -> None:
    with pytest.raises(PackageError, match=reason):
        package_folder(write(tmp_path, files), label="x", kind=kind)


def test_a_link_inside_is_read_and_one_that_leads_out_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path / "cc", {"package.json": b"{}", "a.js": b"a"})
    (folder / "b.js").symlink_to("a.js")
    assert package_folder(folder, label="x", kind="node").files()["src/b.js"] == b"a"
    secret = write(tmp_path, {"secret/key.pem": b"key"}) / "secret"
    for target in (secret / "key.pem", secret):
        link = folder / "c"
        link.symlink_to(target)
        with pytest.raises(PackageError, match="link that leads out of the folder"):
            package_folder(folder, label="x", kind="node")
        link.unlink()


def test_what_is_neither_file_nor_folder_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, {"package.json": b"{}"})
    os.mkfifo(folder / "pipe")
    with pytest.raises(PackageError, match="neither a file nor a folder"):
        package_folder(folder, label="x", kind="node")
    (folder / "pipe").unlink()
    (folder / "gone").symlink_to("nothing")
    with pytest.raises(PackageError, match="link to no file"):
        package_folder(folder, label="x", kind="node")
    with pytest.raises(PackageError, match="not a folder"):
        package_folder(folder / "package.json", label="x", kind="node")


def test_more_than_a_package_may_hold_and_names_that_are_no_text(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a": b"12345", "b/c": b"67890"})
    read = partial(read_folder, folder, skip=lambda _: False, error=PackageError)
    assert read(most=10) == {"a": b"12345", "b/c": b"67890"}
    with pytest.raises(PackageError, match="has more than 9 bytes"):
        read(most=9)
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_bytes(b"")
    with pytest.raises(PackageError, match="not text in UTF-8"):
        read(most=10)


@given(
    st.dictionaries(
        st.lists(NAMES, min_size=1, max_size=6).map("/".join), st.binary(max_size=50), min_size=1
    )
)
def test_files_come_back_as_they_went_in(files: dict[str, bytes]) -> None:
    kept = {
        name: content
        for name, content in files.items()
        if not any(other.startswith(f"{name}/") for other in files)
    }
    made = ChaincodePackage.of_files("x", "other", kept)
    assert dict(ChaincodePackage.read(made.data).files()) == kept
    assert unpacked(made.data) == kept
