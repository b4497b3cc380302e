"""The code of contracts: what is taken of a folder, what is refused, its digest, and copies of it."""

import shutil
import subprocess
from pathlib import Path

import pytest
from pyfabric_network.kept_code import code_of, digests, forget, keep, kept_code, write_code
from pyfabric_network.modules import files_of
from pyfabric_network.topology.loading import load_topology

from pyfabric.chaincode.code import check_code, code_digest, read_code
from pyfabric.errors import ConfigError
from tests.support.network.network import SAMPLE, write_topology


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    package = source / "deeds"
    (package / ".git").mkdir(parents=True)
    (package / "data").mkdir()
    for name in ("table.json", ".env", "key.pem", ".git/config", "data/more.csv"):
        (package / name).write_text("x = 1")
    (package / "__init__.py").write_text("import other, linked")
    (source / "other.py").write_text("x = 2")
    (source / "unrelated.py").write_text("x = 4")
    (source / "key_sk").write_text("x = 3")
    return source


def test_programs_and_their_data_are_taken_alone(source: Path) -> None:
    found = files_of(source, ["deeds:Deeds"])
    assert set(found) == {
        "deeds/__init__.py",
        "deeds/table.json",
        "deeds/data/more.csv",
        "other.py",
    }
    assert found["other.py"] == b"x = 2"


@pytest.mark.parametrize(
    "statement",
    [
        "import helper",
        "import helper.more as m",
        "from helper import thing",
        "from helper.more import thing",
        "def f():\n    import json, helper",
        "if True:\n    from helper import *",
        "import importlib\nimportlib.import_module('helper')",
        "from importlib import import_module\nimport_module('helper.more')",
        "__import__('helper')",
        "from parts import named",
        "import parts.named",
    ],
)
def test_what_a_contract_imports_belongs_to_its_code(tmp_path: Path, statement: str) -> None:
    (tmp_path / "deeds.py").write_text(statement)
    (tmp_path / "helper.py").write_text("import deeds")
    (tmp_path / "parts").mkdir()  # a package without __init__.py
    (tmp_path / "parts/named.py").write_text("import helper")
    assert {"deeds.py", "helper.py"} <= set(files_of(tmp_path, ["deeds:Deeds"]))


@pytest.mark.parametrize(
    "program",
    [
        "import json, parts",
        "from . import helper",
        "importer.load('helper')",
        "(lambda: 0)('helper')",
        "__import__('../helper')",
        "__import__('')",
        "import (",
        "x = " + "(" * 5000,
        "\0",
    ],
)
def test_nothing_else_does(tmp_path: Path, program: str) -> None:
    (tmp_path / "deeds.py").write_text(program)
    (tmp_path / "helper.py").write_text("x = 1")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/named.py").write_text("x = 1")
    assert set(files_of(tmp_path, ["deeds:Deeds", "installed:Other"])) == {"deeds.py"}


@pytest.mark.parametrize("name", ["deeds/data/ca.txt", "deeds/more", "linked.py"])
def test_a_link_is_refused(source: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/__init__.py").write_text("secret")
    leads = "secret" if name == "deeds/more" else "secret/__init__.py"
    (source / name).symlink_to(tmp_path / leads)
    with pytest.raises(ConfigError, match=r"is a symbolic link"):
        files_of(source, ["deeds:Deeds"])


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
def test_a_private_key_is_refused(source: Path, kind: str) -> None:
    (source / "deeds/notes.txt").write_text(f"text\n-----BEGIN {kind}-----\n")
    with pytest.raises(ConfigError, match=r"notes\.txt: holds a private key"):
        files_of(source, ["deeds:Deeds"])


def test_only_contracts_beside_the_topology_have_code(tmp_path: Path) -> None:
    topology = load_topology(write_topology(tmp_path))
    assert code_of(topology, tmp_path) == {"sample": {"sample.py": SAMPLE.encode()}}
    assert code_of(topology, tmp_path / "elsewhere") == {}


def test_the_digest_is_of_what_sha256sum_prints(tmp_path: Path) -> None:
    code = {"b.py": b"two", "a/z.py": b"", "a.py": "drei ß".encode()}
    write_code(code, tmp_path)
    command = "sha256sum a.py a/z.py b.py | sha256sum"
    printed = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True)
    assert code_digest(code) == printed.stdout.decode()[:32] == "f81603ad3378e744323a0b9b8582b681"
    assert code_digest({**code, "b.py": b"twO"}) != code_digest(code)
    assert code_digest({**code, "c.py": b""}) != code_digest(code)
    assert digests({"deeds": code}) == {"deeds": code_digest(code)}


@pytest.mark.parametrize("name", ["a\nb.py", "a\\b.py"])
def test_a_name_that_is_no_line_has_no_digest(name: str) -> None:
    with pytest.raises(ConfigError, match="a file of a contract cannot have this name"):
        code_digest({name: b""})


def test_a_copy_is_what_was_taken_whatever_was_there(tmp_path: Path) -> None:
    code = {"deeds/__init__.py": b"x = 1", "other.py": b"x = 2"}
    folder = tmp_path / "contracts" / code_digest(code)
    keep(code, folder)
    first = folder.stat().st_ino
    keep(code, folder)
    assert folder.stat().st_ino == first
    for spoil in ("more.py", "other.py"):
        (folder / spoil).write_text("x = 3")
        with pytest.raises(ConfigError, match=f"deeds: the code in .* and {folder.name} is wanted"):
            check_code(folder, folder.name, "deeds")
        keep(code, folder)
        check_code(folder, folder.name, "deeds")
    (folder / "link.py").symlink_to(folder / "other.py")
    with pytest.raises(ConfigError, match=r"link\.py: is a symbolic link"):
        read_code(folder)
    keep(code, folder)
    assert kept_code(tmp_path, [folder.name]) == read_code(folder) == code
    shutil.copytree(folder, tmp_path / "contracts" / ".half.new")
    keep({"third.py": b""}, tmp_path / "contracts" / "third")
    forget(tmp_path / "contracts", [folder.name])
    assert [path.name for path in (tmp_path / "contracts").iterdir()] == [folder.name]
