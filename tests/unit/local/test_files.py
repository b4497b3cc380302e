"""Durable files: whole or not at all, synced with their folder, with the permissions that were asked for."""

import os
import stat
import threading
from pathlib import Path

import pytest

from pyfabric.errors import FabricError, LedgerError, NetworkError
from pyfabric.local import files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Synced:
    """What was synced, in order: `file` or `folder`; the call of number `fails_at` fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fails_at: int | None = None) -> None:
        self.kinds: list[str] = []
        self._fails_at = fails_at
        self._fsync = os.fsync
        monkeypatch.setattr("os.fsync", self)

    def __call__(self, descriptor: int) -> None:
        if len(self.kinds) == self._fails_at:
            raise OSError("No space left on device")
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        self.kinds.append("folder" if is_folder else "file")
        self._fsync(descriptor)


def test_the_file_is_synced_before_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = Synced(monkeypatch)
    files.write_public(tmp_path / "a", b"new", error=NetworkError)
    assert synced.kinds == ["file", "folder"]


def test_folders_that_are_made_are_synced_into_those_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = Synced(monkeypatch)
    files.write_public(tmp_path / "a" / "b" / "c", b"new", error=NetworkError)
    assert synced.kinds == ["folder", "folder", "file", "folder"]
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"new"


@pytest.mark.parametrize("error", [NetworkError, LedgerError])
def test_a_failed_write_changes_nothing_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[FabricError]
) -> None:
    path = tmp_path / "a"
    files.write_public(path, b"old", error=error)
    Synced(monkeypatch, fails_at=0)
    with pytest.raises(error, match=r"cannot write .*a: No space left on device"):
        files.write_public(path, b"new", error=error)
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["a"])


def test_whatever_ends_the_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    files.write_public(path, b"old", error=NetworkError)

    def interrupted() -> None:
        with files.replacing(path, error=NetworkError) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["a"])


def test_the_system_s_refusal_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(NetworkError, match=r"cannot write .*a/b: (Not a directory|File exists)"):
        files.write_public(tmp_path / "a" / "b", b"new", error=NetworkError)


@pytest.mark.parametrize(
    ("asked", "file", "folder"),
    [(files.PUBLIC, 0o644, 0o755), (files.PRIVATE, 0o600, 0o700), (files.PROGRAM, 0o755, 0o755)],
)
def test_the_mode_is_that_which_was_asked_for(
    tmp_path: Path, asked: int, file: int, folder: int
) -> None:
    before = os.umask(0o022)
    try:
        for _ in range(2):
            files.write(tmp_path / "made" / "a", b"new", error=NetworkError, mode=asked)
            assert (mode(tmp_path / "made" / "a"), mode(tmp_path / "made")) == (file, folder)
            (tmp_path / "made" / "a").chmod(0o666)
    finally:
        os.umask(before)


@pytest.mark.parametrize(("left", "open_to"), [(b"half a key", 0o600), (b"", 0o644)])
def test_a_draft_left_by_a_crash_is_replaced(tmp_path: Path, left: bytes, open_to: int) -> None:
    draft = tmp_path / ".a.new"
    draft.write_bytes(left)
    draft.chmod(open_to)
    files.write_private(tmp_path / "a", b"key", error=NetworkError)
    assert ((tmp_path / "a").read_bytes(), mode(tmp_path / "a")) == (b"key", 0o600)
    assert names(tmp_path) == ["a"]


def test_a_draft_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"mine")
    (tmp_path / ".a.new").symlink_to(tmp_path / "target")
    with pytest.raises(NetworkError, match="symbolic links"):
        files.write_public(tmp_path / "a", b"new", error=NetworkError)
    assert (tmp_path / "target").read_bytes() == b"mine"


def test_writers_of_one_file_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a"
    contents = {number: bytes([65 + number]) * 50_000 for number in range(8)}

    def write(content: bytes) -> None:
        for _ in range(10):
            files.write_public(path, content, error=NetworkError)

    threads = [threading.Thread(target=write, args=(each,)) for each in contents.values()]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            assert path.read_bytes() in contents.values()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in contents.values()
    assert names(tmp_path) == ["a"]


def test_a_folder_that_is_there_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = Synced(monkeypatch)
    files.make_folder(tmp_path)
    assert synced.kinds == []


def test_a_folder_is_moved_with_everything_in_it_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "draft" / "inner").mkdir(parents=True)
    for name in ("draft/a", "draft/inner/b"):
        (tmp_path / name).write_bytes(name.encode())
    synced = Synced(monkeypatch)
    files.rename_folder(tmp_path / "draft", tmp_path / "folder")
    assert sorted(synced.kinds) == ["file"] * 2 + ["folder"] * 3
    assert synced.kinds[-2:] == ["folder", "folder"]
    assert (tmp_path / "folder" / "inner" / "b").read_bytes() == b"draft/inner/b"
    assert names(tmp_path) == ["folder"]
