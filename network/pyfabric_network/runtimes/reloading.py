"""A process that reads a file when it starts and at each SIGHUP, and answers with a line of JSON each time.

The development ledger and contract hosts are controlled in this way, contract hosts in containers too.
"""

import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pyfabric.errors import FabricError
from pyfabric.local import files
from pyfabric.local.environment import clean_environment
from pyfabric_network.runtimes.log_files import last_line
from pyfabric_network.runtimes.process import Background, next_line

ANSWER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class ReloadingProcess:
    """Such a process as a background process; `what` and `error` are for messages about it.

    It reads `wanted`; its answers go to `answers`, its log to `log`.
    """

    what: str
    error: type[FabricError]
    process: Background
    wanted: Path
    answers: Path
    log: Path

    def start(
        self,
        content: bytes,
        argv: Sequence[str],
        *,
        folder: Path,
        until: Callable[[Mapping[str, Any]], bool],
    ) -> None:
        """Start it in `folder` with this content of its file, and wait for the answer that is wanted.

        It runs contracts, or starts what does: it gets nothing of the operator's environment.

        Raises `error` with its own text if it answers with one, or terminates.
        """
        self._write(content)
        self.process.start(
            argv,
            output=self.answers,
            log=self.log,
            folder=folder,
            environment=clean_environment(os.environ),  # noqa: TID251 - reads no setting
        )
        self._await(until, after=0)

    def reload(self, content: bytes, *, until: Callable[[Mapping[str, Any]], bool]) -> None:
        """Reload the running process with this content, and wait for the answer that is wanted.

        An answer to a command that was interrupted may come before it. Raises as `start`.
        """
        if not self.answers.stat().st_size:  # SIGHUP would terminate it
            self._await(lambda _: True, after=0)
        self._write(content)
        answered = self.answers.stat().st_size
        self.process.signal(signal.SIGHUP)
        self._await(until, after=answered)

    def _write(self, content: bytes) -> None:
        files.write_private(self.wanted, content, error=self.error)

    def _await(self, until: Callable[[Mapping[str, Any]], bool], *, after: int) -> None:
        while True:
            line = next_line(self.answers, after, self.process, timeout=ANSWER_SECONDS)
            if line is None:
                raise self.error(
                    f"{self.what}: no answer in {ANSWER_SECONDS:.0f} s: see {self.log}; "
                    "`pyfabric network up` starts it again if it hangs"
                )
            if not line:
                raise self.error(f"{self.what} terminated at once: {last_line(self.log)}")
            if until(read_answer(self.what, line, error=self.error)):
                return
            after += len(line) + 1


def read_answer(what: str, line: bytes, *, error: type[FabricError]) -> Mapping[str, Any]:
    """Return an answer's members; raises `error` with its text if it reports one."""
    try:
        answer: Mapping[str, Any] = json.loads(line)
    except ValueError as cause:
        raise error(f"{what}: its answer is not JSON: {line!r}") from cause
    if "error" in answer:
        raise error(f"{what}: {answer['error']}")
    return answer
