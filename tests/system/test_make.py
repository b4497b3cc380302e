"""The Makefile's targets start and stop a network; `clean` asks for confirmation."""

import os
import re
import subprocess
import sys
from pathlib import Path

from pyfabric_network.ports import free_base

from tests.support.network.network import write_topology

ROOT = Path(__file__).parents[2]


def make(target: str, folder: Path, *, typed: str = "") -> subprocess.CompletedProcess[str]:
    """Run a target with the programs of this test instead of those that `setup` installs."""
    return subprocess.run(
        [
            *("make", "--no-print-directory", "--old-file=setup", target, "RUNTIME=embedded"),
            f"BIN={Path(sys.executable).parent}",
            f"TOPOLOGY={folder / 'small.yaml'}",
        ],
        cwd=ROOT,
        env=os.environ | {"PYFABRIC_STATE": str(folder / "state")},
        input=typed,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_network_by_make(tmp_path: Path) -> None:
    file = write_topology(tmp_path)
    file.write_text(f"{file.read_text()}base_port: {free_base(range(100))}\n")
    state = tmp_path / "state" / "small"
    try:
        up = make("up", tmp_path)
        assert up.returncode == 0, up.stderr
        assert "sample_1.0+" in up.stdout
        status = make("status", tmp_path)
        assert (status.returncode, len(re.findall(r" up\b", status.stdout))) == (0, 7)
        declined = make("clean", tmp_path, typed="n\n")
        assert declined.returncode != 0
        assert f"Delete {state} with all keys and blocks?" in declined.stderr
        assert make("status", tmp_path).returncode == 0
        assert make("down", tmp_path).returncode == 0
        assert make("status", tmp_path).returncode != 0
        assert state.exists()
    finally:
        assert make("clean", tmp_path, typed="y\n").returncode == 0
    assert not state.exists()
    again = make("clean", tmp_path)
    assert (again.returncode, "there is no network small" in again.stderr) == (0, True)


def test_the_first_target_shows_that_it_installs(tmp_path: Path) -> None:
    """Setting up takes minutes, and pip prints nothing."""
    done = subprocess.run(
        ["make", "--no-print-directory", "demo", f"VENV={tmp_path / 'new'}", "PYTHON=false"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith(f"installing what is needed into {tmp_path / 'new'}, once")
