"""How results look: a row is one line on any terminal and in a pipe, so that ids can be copied whole."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from typing import Any

import pytest
from pyfabric_cli.table import join, table

Run = Callable[..., Any]
PYFABRIC = [sys.executable, "-m", "pyfabric_cli"]


def on_a_terminal(columns: int, *arguments: str) -> list[str]:
    """Return the lines that the command prints on a terminal of this width, without colours."""
    ours, its = os.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(ours, "rb", buffering=0) as shown:
        environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        with subprocess.Popen(
            [*PYFABRIC, *arguments], stdout=its, stderr=subprocess.DEVNULL, env=environment
        ) as ran:
            os.close(its)
            said = b""
            try:
                while more := shown.read(65536):
                    said += more
            except OSError:  # all has been read, and the command has closed its end
                pass
        assert ran.returncode == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode()).split("\r\n")


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    "command",
    [
        ("chaincode", "deploy"),
        ("ledger", "height"),
        ("ledger", "block", "0"),
        ("network", "status"),
        ("context", "list"),
    ],
)
def test_a_narrow_terminal_shows_the_lines_of_a_pipe(run: Run, command: tuple[str, ...]) -> None:
    piped = run(*command).out.splitlines()
    shown = on_a_terminal(20, *command)
    assert [line for line in piped if line not in shown] == []
    assert max(map(len, piped)) > 40


def test_wide_characters_marks_and_several_lines_stay_in_their_columns() -> None:
    rows = [["code", "title"], ["a", "不动产"], ["no\u0308l", "one\ntwo"], ["", "\tx"]]
    assert [join(line) for line in table([[*row, "|"] for row in rows])] == [
        "code  title      |",
        "a     不动产     |",
        "no\u0308l   one        |",
        "      two",
        "              x  |",
    ]


def test_a_row_is_as_long_as_its_cells() -> None:
    ids = ["a" * 64, "package_1.0:" + "b" * 3000]
    assert join(table([ids])[0]) == "  ".join(ids)
