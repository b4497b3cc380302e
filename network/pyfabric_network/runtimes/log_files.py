"""Reading the log files of a network's processes."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final, TextIO

from pyfabric_network.runtimes.log_choice import LogChoice

_PAUSE = 0.2
_END: Final = 256 * 1024
_PANICS: Final = ("panic: ", "fatal error: ")
_RECORD: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]")


def read_logs(
    files: Mapping[str, Path], choice: LogChoice, *, follow: bool, running: Callable[[], bool]
) -> Iterator[str]:
    """Yield the chosen lines, one file after the other; with `follow`, new lines of all while `running`.

    `files` are those of the chosen nodes. If there are several, each line begins with the name of its own.
    """
    with ExitStack() as stack:
        opened = {
            name: stack.enter_context(path.open(encoding="utf-8", errors="replace"))
            for name, path in files.items()
            if path.exists()
        }
        prefixes = {name: f"{name} | " if len(files) > 1 else "" for name in opened}
        wanted = {name: choice.filter() for name in opened}
        tail = choice.tail
        while True:
            alive = follow and running()
            for name, file in opened.items():
                lines = filter(wanted[name], _lines(file, rest=not alive))
                yield from (prefixes[name] + line for line in _last(lines, tail))
            if not alive:
                return
            tail = None
            time.sleep(_PAUSE)


def choose_lines(lines: Iterable[str], choice: LogChoice, *, follow: bool) -> Iterator[str]:
    """Yield the chosen ones of lines that begin with the names of their nodes ("peer0.tax-1  | …").

    With `follow`, the last ones are not counted: more will come.
    """
    filters: dict[str, Callable[[str], bool]] = {}
    kept: dict[str, deque[str]] = {}
    for line in lines:
        name, _, text = line.partition("| ")
        if not filters.setdefault(name, choice.filter())(text):
            continue
        if choice.tail is None or follow:
            yield line
        else:
            kept.setdefault(name, deque(maxlen=choice.tail)).append(line)
    for last in kept.values():
        yield from last


def _last(lines: Iterable[str], count: int | None) -> Iterable[str]:
    return lines if count is None else deque(lines, maxlen=count)


def _lines(file: TextIO, *, rest: bool) -> Iterator[str]:
    """Yield the lines that are there now; one that is being written is left for later, unless `rest`."""
    while True:
        start = file.tell()
        line = file.readline()
        if not line or not (rest or line.endswith("\n")):
            file.seek(start)
            return
        yield line.rstrip("\n")


def last_line(file: Path) -> str:
    """Return the last line that is not empty, or that there is none; of a program that panicked, its reason."""
    lines = _last_lines(file)
    return panic(file) or (lines[-1] if lines else "it said nothing")


def panic(file: Path) -> str | None:
    """Return why a Go program has panicked, if the log ends with that; None if it does not."""
    for line in reversed(_last_lines(file)):
        if line.startswith(_PANICS):
            return line
        if _RECORD.match(line):
            return None
    return None


def _last_lines(file: Path) -> list[str]:
    if not file.exists():
        return []
    with file.open("rb") as opened:
        opened.seek(max(0, file.stat().st_size - _END))
        text = opened.read().decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()]
