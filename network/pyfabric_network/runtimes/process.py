"""A process that outlives the command that started it, and is stopped by a later one."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pyfabric.errors import NetworkError
from pyfabric.local.waiting import poll

_PAUSE = 0.01
_LOCK_SECONDS = 1.0
_START_SECONDS = 30.0
_STARTING = -1
_BOOT = Path("/proc/sys/kernel/random/boot_id")
# Field 22 of /proc/PID/stat (proc_pid_stat(5)), counted from the state, the third, which follows the name.
_STARTED = 22 - 3

# The process writes when it started, then its own id, before it becomes the program: its starter may be killed
# in between. Without /proc (macOS), the start is empty.
_WRITE_ID = """
started() { shift 19 && echo "$1"; } 2>/dev/null
{ read -r stat </proc/$$/stat && read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null
echo $(started ${stat##*) }) $boot >"$0.start" && echo $$ >"$0" && exec "$@"
"""

# Children of this very process: they must be reaped here, or they stay as zombies.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Background:
    """The process that holds the lock on `file`, which also holds its id.

    The system drops the lock when the process stops for any reason: an id alone may be another
    program's by then. The file beside it, `.start`, holds when the process started, in ticks since a boot of
    the system, which names one process for ever.
    """

    file: Path

    @property
    def _start_file(self) -> Path:
        return self.file.with_name(f"{self.file.name}.start")

    def pid(self) -> int | None:
        """Return the id of the process, or None if it does not run."""
        found = poll(
            self._look, until=lambda pid: pid != _STARTING, every=_PAUSE, timeout=_START_SECONDS
        )
        if found == _STARTING:
            raise NetworkError(f"{self.file}: locked by a process that does not write its id there")
        return found

    def _look(self) -> int | None:
        """Return the id in the file, `_STARTING` until it is there, None if nobody holds the lock."""
        try:
            with self.file.open(encoding="ascii") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return None
        except BlockingIOError:
            text = self.file.read_text(encoding="ascii", errors="replace")
            return self._id_in(text) if text.endswith("\n") else _STARTING
        return None

    def _id_in(self, text: str) -> int:
        if not text.strip().isdecimal():
            raise NetworkError(
                f"{self.file}: must hold the id of the process that holds its lock; it holds {text[:40]!r}: find that "
                "process with `fuser`, and terminate it"
            )
        return int(text)

    def was_killed(self) -> bool:
        """Return whether it stopped without `stop`: what it started may still be stopping."""
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
        if not poll(lambda: _locks(file), until=bool, every=_PAUSE, timeout=_LOCK_SECONDS):
            raise NetworkError("the network is running already")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs; raises NetworkError if another process holds its lock."""
        pid = self.pid()
        if pid is None:
            return
        if not self._is_named(pid):
            if self.pid() != pid:
                return  # it has just terminated
            raise NetworkError(
                f"{self.file}: names process {pid}, which is another program: something else holds "
                "the lock on that file; find it with `fuser`, and terminate it"
            )
        with suppress(ProcessLookupError):  # it has just terminated
            os.kill(pid, number)

    def _is_named(self, pid: int) -> bool:
        """Return whether the process of this id started when the file beside it says."""
        try:
            start = self._start_file.read_text(encoding="ascii").split()
        except FileNotFoundError:  # written by none of ours
            return False
        return start == _start(pid)

    def stop(self, *, timeout: float) -> bool:
        """Stop it by SIGTERM, by SIGKILL after `timeout` seconds; return whether it ran."""
        pid = self.pid()
        for number, wait in ((signal.SIGTERM, timeout), (signal.SIGKILL, 5.0)):
            self.signal(number)
            self.signal(signal.SIGCONT)  # a process that is stopped would not get SIGTERM
            if poll(self.pid, every=_PAUSE, timeout=wait) is None:
                break
        else:
            raise NetworkError(f"process {pid} does not terminate, not even by SIGKILL")
        if pid in _CHILDREN:
            _CHILDREN.pop(pid).wait()
        for file in (self.file, self._start_file):
            file.unlink(missing_ok=True)
        return pid is not None


def next_line(output: Path, offset: int, process: Background, *, timeout: float) -> bytes | None:
    """Return the line that a process writes to `output` behind `offset` bytes.

    None if it has not come after `timeout` seconds, empty if the process stopped without it.
    """

    def line() -> bytes | None:
        running = process.pid() is not None  # before the look at what it wrote
        found, end, _ = output.read_bytes()[offset:].partition(b"\n")
        if end:
            return found
        return None if running else b""

    return poll(line, until=lambda found: found is not None, every=_PAUSE, timeout=timeout)


def _start(pid: int) -> list[str]:
    """Return a process's start and the system's boot that it counts from; nothing where they are not shown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = _BOOT.read_text(encoding="ascii")
    except OSError:
        return []
    return [stat.rpartition(")")[2].split()[_STARTED], boot.strip()]


def _locks(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
