"""Fabric's programs are found, and used only if they are new enough."""

from pathlib import Path

import pytest
from pyfabric_network.runtimes.programs import find_programs

from pyfabric.errors import NetworkError
from tests.support.network.programs import write_program


def programs(folder: Path, said: str) -> Path:
    for name in ("peer", "orderer"):
        write_program(folder / name, f"printf '{name}:\\n Version: {said}\\n'")
    return folder


@pytest.mark.parametrize(
    ("said", "fabric"), [("v3.1.5", "3.1"), ("4.0.0", "3.1"), ("2.5.9", "2.5")]
)
def test_a_release_that_is_new_enough(tmp_path: Path, said: str, fabric: str) -> None:
    found = find_programs(programs(tmp_path, said), fabric)
    assert (found.peer, found.orderer) == (tmp_path / "peer", tmp_path / "orderer")
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("said", "fabric"), [("v2.5.9", "3.1"), ("3.0.0", "3.1"), ("2.4.9", "2.5")]
)
def test_one_that_is_too_old_is_refused(tmp_path: Path, said: str, fabric: str) -> None:
    with pytest.raises(
        NetworkError, match=rf"peer is Fabric [23]\.\d; this network needs {fabric}"
    ):
        find_programs(programs(tmp_path, said), fabric)


def test_a_development_build_is_used_with_a_warning(tmp_path: Path) -> None:
    found = find_programs(programs(tmp_path, "latest"), "3.1")
    assert [warning.split(" ")[0] for warning in found.warnings] == [
        str(tmp_path / "peer"),
        str(tmp_path / "orderer"),
    ]
    assert "names no version (a development build)" in found.warnings[0]


def test_one_that_is_missing_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(tmp_path / "peer", "printf ' Version: v3.1.5\\n'")
    with pytest.raises(NetworkError, match=rf"program orderer is not in {tmp_path}: the native"):
        find_programs(tmp_path, "3.1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NetworkError, match=r"orderer is not on PATH; set FABRIC_BIN"):
        find_programs(None, "3.1")


def test_one_that_does_not_run_is_named(tmp_path: Path) -> None:
    folder = programs(tmp_path, "v3.1.5")
    write_program(folder / "orderer", "exit 3")
    with pytest.raises(NetworkError, match=r"orderer does not run: .*status 3"):
        find_programs(folder, "3.1")
