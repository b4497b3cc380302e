"""Copies of contracts' modules: what is taken of a folder, and what is refused."""

from pathlib import Path

import pytest
from pyfabric_network.modules import copy_modules, keep_modules

from pyfabric.errors import ConfigError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    source = tmp_path / "source"
    package = source / "deeds"
    (package / ".git").mkdir(parents=True)
    (package / "data").mkdir()
    for name in ("__init__.py", "table.json", ".env", "key.pem", ".git/config", "data/more.csv"):
        (package / name).write_text("x = 1")
    (source / "other.py").write_text("x = 2")
    (source / "key_sk").write_text("x = 3")
    return source


def test_programs_and_their_data_are_copied_alone(source: Path, tmp_path: Path) -> None:
    copy_modules(source, tmp_path / "target", ["deeds:Deeds"])
    found = {
        str(path.relative_to(tmp_path / "target"))
        for path in (tmp_path / "target").rglob("*")
        if path.is_file()
    }
    assert found == {"deeds/__init__.py", "deeds/table.json", "deeds/data/more.csv", "other.py"}


@pytest.mark.parametrize("name", ["deeds/data/ca.txt", "deeds/more", "linked.py"])
def test_a_link_is_refused(source: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/__init__.py").write_text("secret")
    leads = "secret" if name == "deeds/more" else "secret/__init__.py"
    (source / name).symlink_to(tmp_path / leads)
    with pytest.raises(ConfigError, match=r"is a symbolic link"):
        copy_modules(source, tmp_path / "target", ["deeds:Deeds"])


@pytest.mark.parametrize("kind", ["PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"])
def test_a_private_key_is_refused(source: Path, tmp_path: Path, kind: str) -> None:
    (source / "deeds/notes.txt").write_text(f"text\n-----BEGIN {kind}-----\n")
    with pytest.raises(ConfigError, match=r"notes\.txt: holds a private key"):
        copy_modules(source, tmp_path / "target", ["deeds:Deeds"])


def test_what_is_kept_follows_the_source_in_the_same_folder(source: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    keep_modules(source, kept, ["deeds:Deeds"])
    (kept / "deeds/__pycache__").mkdir()
    (kept / "deeds/__pycache__/other.pyc").write_text("compiled")
    (source / "other.py").write_text("x = 3")
    (source / "deeds/data/more.csv").unlink()
    before = kept.stat().st_ino
    keep_modules(source, kept, ["deeds:Deeds"])
    found = {str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file()}
    assert found == {"deeds/__init__.py", "deeds/table.json", "other.py"}
    assert (kept / "other.py").read_text() == "x = 3"
    keep_modules(source, kept, ["installed:Deeds"])
    assert list(kept.iterdir()) == []
    assert kept.stat().st_ino == before


def test_a_copy_that_is_refused_changes_nothing(source: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    keep_modules(source, kept, ["deeds:Deeds"])
    (source / "deeds/__init__.py").write_text("x = 9")
    (source / "zeta.py").symlink_to(source / "other.py")
    with pytest.raises(ConfigError):
        keep_modules(source, kept, ["deeds:Deeds"])
    assert (kept / "deeds/__init__.py").read_text() == "x = 1"
    assert not (kept / "zeta.py").exists()
