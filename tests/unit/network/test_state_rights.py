"""Whose a network's folder is: its owner's alone."""

import os
from pathlib import Path

import pytest
from pyfabric_network.state import locked

from pyfabric.errors import ConfigError


def rights(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with locked(tmp_path / "state" / "city"):
        assert rights(tmp_path / "state" / "city") == 0o700


def test_an_older_one_is_tightened(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with locked(tmp_path):
        assert rights(tmp_path) == 0o700


def test_another_users_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = os.geteuid()
    monkeypatch.setattr("os.geteuid", lambda: own + 1)
    with pytest.raises(ConfigError, match="belongs to another user"), locked(tmp_path):
        pass
    assert not (tmp_path / "lock").exists()
