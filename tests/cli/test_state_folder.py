"""Where the command looks for its state folder."""

import os
from pathlib import Path

import pytest
from pyfabric_cli.settings import read_settings
from pyfabric_network.state import locked

from pyfabric.errors import ConfigError


def test_the_nearest_state_folder_above_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "city" / "contracts" / "tests"
    deep.mkdir(parents=True)
    assert read_settings({}, deep).state == Path(".pyfabric")  # to be made there
    (tmp_path / ".pyfabric").mkdir()
    assert read_settings({}, deep).state == tmp_path / ".pyfabric"
    (tmp_path / "city" / ".pyfabric").mkdir()
    assert read_settings({}, deep).state == tmp_path / "city" / ".pyfabric"
    (deep / ".pyfabric").mkdir()
    assert read_settings({}, deep).state == Path(".pyfabric")
    assert read_settings({"PYFABRIC_STATE": "elsewhere"}, deep).state == Path("elsewhere")


def test_a_state_folder_of_another_user_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".pyfabric").mkdir()
    (tmp_path / "deep").mkdir()
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert read_settings({}, tmp_path / "deep").state == Path(".pyfabric")


def test_a_folder_that_cannot_be_written_to_names_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(
            ConfigError, match=r"file/small cannot be written: .*--state or PYFABRIC_STATE"
        ),
        locked(tmp_path / "file" / "small"),
    ):
        pass
