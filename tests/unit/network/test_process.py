"""A background process is known by its lock and its start, and stops on request."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pyfabric_network.runtimes.process import Background, next_line

from pyfabric.errors import NetworkError
from pyfabric.local.waiting import poll

WAITS = "import sys, time; print('ready', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(60)"
)


def start(folder: Path, program: str) -> Background:
    process = Background(folder / "pid")
    process.start(
        [sys.executable, "-c", program], output=folder / "out", log=folder / "log", folder=folder
    )
    return process


def id_of(process: Background) -> int:
    """Return the id in the file, once the process has written it."""
    text = poll(
        lambda: process.file.read_text(),
        until=lambda text: text.endswith("\n"),
        every=0.01,
        timeout=30,
    )
    return int(text)


def test_it_is_found_again_by_its_file_and_ended(tmp_path: Path) -> None:
    start(tmp_path, WAITS)
    found = Background(tmp_path / "pid")
    assert next_line(tmp_path / "out", 0, found, timeout=30) == b"ready"
    pid = found.pid()
    assert pid is not None
    assert os.getsid(pid) == pid
    assert found.stop(timeout=10)
    assert found.pid() is None
    assert not found.stop(timeout=10)


def test_one_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    process = start(tmp_path, STUBBORN)
    assert next_line(tmp_path / "out", 0, process, timeout=30) == b"ready"
    assert process.stop(timeout=0.1)
    assert process.pid() is None


def test_it_is_not_started_twice(tmp_path: Path) -> None:
    process = start(tmp_path, WAITS)
    try:
        with pytest.raises(NetworkError, match="running already"):
            start(tmp_path, WAITS)
    finally:
        process.stop(timeout=10)


def test_a_recycled_process_id_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.DEVNULL) as other:
        (tmp_path / "pid").write_text(str(other.pid))
        process = Background(tmp_path / "pid")
        assert process.pid() is None
        process.signal(signal.SIGKILL)
        assert not process.stop(timeout=1)
        assert other.poll() is None
        other.kill()


@pytest.mark.parametrize("other", ["its id alone", "another start", "another boot"])
def test_a_lock_that_another_holds_hits_nobody(tmp_path: Path, other: str) -> None:
    process = start(tmp_path, WAITS)
    pid = id_of(process)
    started, boot = (tmp_path / "pid.start").read_text().split()
    (tmp_path / "copy").write_text(f"{pid}\n")
    if other != "its id alone":
        changed = [int(started) - 1, boot] if other == "another start" else [started, boot[::-1]]
        (tmp_path / "copy.start").write_text(" ".join(map(str, changed)))
    with (tmp_path / "copy").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(NetworkError, match=f"names process {pid}, which is another"):
            Background(tmp_path / "copy").stop(timeout=10)
    assert process.pid() == pid
    assert process.stop(timeout=10)
    assert not list(tmp_path.glob("pid*"))


def test_a_process_that_is_terminating_is_no_other_program(tmp_path: Path) -> None:
    process = start(tmp_path, "")
    os.waitid(os.P_PID, id_of(process), os.WEXITED | os.WNOWAIT)  # it shows no files any more
    with (tmp_path / "pid").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # as threads of a terminating process may for a moment
        process.signal(signal.SIGTERM)
    assert not process.stop(timeout=1)


def test_a_program_whose_name_looks_like_more_fields(tmp_path: Path) -> None:
    program = tmp_path / "x) S 1 (y"
    program.symlink_to(str(shutil.which("sleep")))
    process = Background(tmp_path / "pid")
    process.start(
        [str(program), "60"], output=tmp_path / "out", log=tmp_path / "log", folder=tmp_path
    )
    named, wanted = Path(f"/proc/{process.pid()}/comm"), f"{program.name}\n"
    assert poll(named.read_text, until=wanted.__eq__, every=0.01, timeout=10) == wanted
    assert process.stop(timeout=10)


def test_the_output_of_one_that_ends_at_once(tmp_path: Path) -> None:
    process = start(tmp_path, "raise SystemExit(3)")
    assert next_line(tmp_path / "out", 0, process, timeout=30) == b""
    process.stop(timeout=1)


def test_a_line_that_does_not_come(tmp_path: Path) -> None:
    process = start(tmp_path, WAITS)
    try:
        assert next_line(tmp_path / "out", 0, process, timeout=30) == b"ready"
        assert next_line(tmp_path / "out", 6, process, timeout=0) is None
    finally:
        process.stop(timeout=10)


@pytest.mark.parametrize("text", [b"seventeen\n", b"\n", b"-5\n", b"\xff\n"])
def test_a_file_without_an_id_is_named_while_its_lock_is_held(tmp_path: Path, text: bytes) -> None:
    file = tmp_path / "pid"
    file.write_bytes(text)
    with file.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for call in (Background(file).pid, Background(file).was_killed):
            with pytest.raises(NetworkError, match=r"pid: must hold the id of the process .*fuser"):
                call()
    assert Background(file).pid() is None
