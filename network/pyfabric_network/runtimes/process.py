"""A process that outlives the command that started it, and is ended by a later one."""

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pyfabric.errors import NetworkError

_PAUSE = 0.01
_LOCK_ATTEMPTS = 100

# The process writes its own id before it becomes the program: whoever starts it may be killed here.
_WRITE_ID = 'echo $$ >"$0" && exec "$@"'

# Children of this very process: they must be reaped here, or they stay as zombies.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Background:
    """The process that holds the lock on `file`, which also holds its id.

    The system drops the lock when the process ends, however it ends: an id alone may be another
    program's by then.
    """

    file: Path

    def pid(self) -> int | None:
        """The id of the process, or None if it does not run."""
        while True:
            try:
                with self.file.open(encoding="ascii") as file:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except FileNotFoundError:
                return None
            except BlockingIOError:
                text = self.file.read_text(encoding="ascii")
                if text.endswith("\n"):
                    return int(text)
                time.sleep(_PAUSE)  # it has the lock and is about to write its id
            else:
                return None

    def was_killed(self) -> bool:
        """Whether it ended without `end`: what it started may still be about to end."""
        return self.file.exists() and self.pid() is None

    def start(
        self,
        argv: Sequence[str],
        *,
        output: Path,
        log: Path,
        folder: Path,
        stdin: int = subprocess.DEVNULL,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it in a session of its own, in `folder`, with this `environment` (None: our own).

        Its standard output replaces `output`, its standard error is appended to `log`. Raises
        NetworkError if it runs already.
        """
        with (
            self.file.open("a+", encoding="ascii") as file,
            output.open("wb") as answers,
            log.open("ab") as errors,
        ):
            self._lock(file)
            file.truncate(0)
            child = subprocess.Popen(  # noqa: S603 - the command line is this program's own
                ["/bin/sh", "-c", _WRITE_ID, str(self.file.absolute()), *argv],
                stdin=stdin,
                stdout=answers,
                stderr=errors,
                cwd=folder,
                env=environment,
                start_new_session=True,
                pass_fds=(file.fileno(),),
            )
        _CHILDREN[child.pid] = child

    def _lock(self, file: IO[str]) -> None:
        """Take the lock; another command may hold it for a moment, to look."""
        for _ in range(_LOCK_ATTEMPTS):
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PAUSE)
            else:
                return
        raise NetworkError("the network is running already")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal; one that has ended is left alone."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, number)

    def end(self, *, patience: float) -> bool:
        """End it: SIGTERM, and SIGKILL after `patience` seconds; answers whether it ran."""
        pid = self.pid()
        for number, wait in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
            self.signal(number)
            deadline = time.monotonic() + wait
            while self.pid() is not None and time.monotonic() < deadline:
                time.sleep(_PAUSE)
        if self.pid() is not None:
            raise NetworkError(f"process {pid} does not end")
        if pid in _CHILDREN:
            _CHILDREN.pop(pid).wait()
        self.file.unlink(missing_ok=True)
        return pid is not None


def next_line(output: Path, offset: int, process: Background, *, timeout: float) -> bytes | None:
    """The line that a process writes to `output` behind `offset` bytes.

    None if it has not come after `timeout` seconds, empty if the process ended without it.
    """
    deadline = time.monotonic() + timeout
    while True:
        running = process.pid() is not None
        line = output.read_bytes()[offset:].partition(b"\n")
        if line[1]:
            return line[0]
        if not running:
            return b""
        if time.monotonic() > deadline:
            return None
        time.sleep(_PAUSE)
