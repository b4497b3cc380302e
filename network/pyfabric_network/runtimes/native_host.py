"""A contract host as a local process of its own, that outlives the command that started it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyfabric.errors import NetworkError
from pyfabric_network.runtimes.contract_hosts import HOST_COMMAND
from pyfabric_network.runtimes.log_files import last_line
from pyfabric_network.runtimes.process import Background, next_line

_ANSWER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class NativeHost:
    """A host that keeps its files in `folder` and imports contract classes from `modules`.

    It reads what it shall serve from a named pipe, which it holds open itself: a host ends at the end
    of its input, and that must not be the end of a command.
    """

    folder: Path
    modules: Path

    @property
    def process(self) -> Background:
        """The host's process."""
        return Background(self.folder / "pid")

    @property
    def log(self) -> Path:
        """The host's log."""
        return self.folder / "log"

    def serve(self, services: Mapping[str, Any]) -> None:
        """Serve exactly this line of services; starts the host if it does not run.

        Raises NetworkError with the host's own words if it cannot.
        """
        if self.process.pid() is None:
            self._start()
        said = self._answers.stat().st_size
        # Open for both, as the host has it: to open it for writing alone waits for a reader.
        with self._pipe.open("r+b", buffering=0) as pipe:
            pipe.write(json.dumps(services).encode() + b"\n")
        wanted = [item["package_id"] for item in services["services"]]
        self._await(wanted, after=said)

    @property
    def _pipe(self) -> Path:
        return self.folder / "wanted"

    @property
    def _answers(self) -> Path:
        return self.folder / "answers"

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._pipe.unlink(missing_ok=True)
        os.mkfifo(self._pipe, mode=0o600)
        descriptor = os.open(self._pipe, os.O_RDWR)
        try:
            self.process.start(
                HOST_COMMAND,
                output=self._answers,
                log=self.log,
                folder=self.modules,
                stdin=descriptor,
            )
        finally:
            os.close(descriptor)

    def _await(self, wanted: Sequence[str], *, after: int) -> None:
        """Wait for the answer to our line: one to an interrupted command's may come before it."""
        name = self.folder.name
        while True:
            line = next_line(self._answers, after, self.process, timeout=_ANSWER_SECONDS)
            if line is None:
                raise NetworkError(
                    f"contract host {name}: no answer in {_ANSWER_SECONDS:.0f} s: {self.log}"
                )
            if not line:
                raise NetworkError(f"contract host {name} ended at once: {last_line(self.log)}")
            said = json.loads(line)
            if "error" in said:
                raise NetworkError(f"contract host {name}: {said['error']}")
            if sorted(said["serving"]) == sorted(wanted):
                return
            after += len(line) + 1
