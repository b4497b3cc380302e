"""A process that reads a file at each SIGHUP: its answers, its errors, and a SIGHUP that would come too early."""

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyfabric_network.runtimes.process import Background
from pyfabric_network.runtimes.reloading import ReloadingProcess

from pyfabric.errors import LedgerError

# Answers with what its file holds, once there is a file `go`; terminates for the content "stop".
PROGRAM = """\
import pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
while not (folder / "go").exists():
    time.sleep(0.01)
signal.signal(signal.SIGHUP, lambda *_: answer())
def answer():
    text = (folder / "wanted").read_text()
    if text == "stop":
        sys.exit("asked to stop")
    print(text, flush=True)
answer()
while True:
    signal.pause()
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[ReloadingProcess]:
    made = ReloadingProcess(
        what="the program",
        error=LedgerError,
        process=Background(tmp_path / "pid"),
        wanted=tmp_path / "wanted",
        answers=tmp_path / "answers",
        log=tmp_path / "log",
    )
    yield made
    made.process.stop(timeout=20)


def start(program: ReloadingProcess, content: Any, *, go: bool = True) -> None:
    folder = program.wanted.parent
    if go:
        (folder / "go").touch()
    command = (sys.executable, "-c", PROGRAM, str(folder))
    program.start(json.dumps(content).encode(), command, folder=folder, until=content.__eq__)


def test_each_content_is_answered(program: ReloadingProcess) -> None:
    start(program, {"number": 1})
    for number in range(2, 5):
        wanted = {"number": number}
        program.reload(json.dumps(wanted).encode(), until=wanted.__eq__)


def test_its_error_is_raised_and_it_goes_on(program: ReloadingProcess) -> None:
    start(program, {"number": 1})
    with pytest.raises(LedgerError, match=r"^the program: cannot do it$"):
        program.reload(b'{"error": "cannot do it"}', until=lambda _: True)
    with pytest.raises(LedgerError, match=r"^the program: its answer is not JSON: b'<html>'$"):
        program.reload(b"<html>", until=lambda _: True)
    program.reload(b"{}", until={}.__eq__)


def test_one_that_terminates_is_reported_with_its_last_line(program: ReloadingProcess) -> None:
    start(program, {"number": 1})
    with pytest.raises(LedgerError, match=r"^the program terminated at once: asked to stop$"):
        program.reload(b"stop", until=lambda _: True)


def test_it_is_not_signalled_before_its_first_answer(program: ReloadingProcess) -> None:
    """Reload a process that an interrupted command left, and that does not handle SIGHUP yet."""
    folder = program.wanted.parent
    program.wanted.write_text('{"number": 1}')
    command = (sys.executable, "-c", PROGRAM, str(folder))
    program.process.start(command, output=program.answers, log=program.log, folder=folder)
    later = threading.Timer(0.3, (folder / "go").touch)
    later.start()
    wanted = {"number": 2}
    program.reload(json.dumps(wanted).encode(), until=wanted.__eq__)
    later.join()
    assert program.answers.read_text().splitlines() == ['{"number": 1}', '{"number": 2}']
