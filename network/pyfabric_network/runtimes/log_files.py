"""Reading the log files of a network's processes."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

_PAUSE = 0.2


def read_logs(
    files: Mapping[str, Path], *, follow: bool, running: Callable[[], bool]
) -> Iterator[str]:
    """Yield every line, one file after the other; with `follow`, new lines of all while `running`.

    If there are several files, each line begins with the name of its own.
    """
    with ExitStack() as stack:
        opened = {
            name: stack.enter_context(path.open(encoding="utf-8", errors="replace"))
            for name, path in files.items()
            if path.exists()
        }
        prefixes = {name: f"{name} | " if len(files) > 1 else "" for name in opened}
        while True:
            alive = follow and running()
            for name, file in opened.items():
                yield from (prefixes[name] + line for line in _lines(file, rest=not alive))
            if not alive:
                return
            time.sleep(_PAUSE)


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
    """Return the last line that is not empty, or that there is none."""
    text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
