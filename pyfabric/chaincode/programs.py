"""A program beside a department's contracts: a child of their host, which starts it again when it terminates.

It is a module of its own process: it reads its settings from one line of JSON on stdin, and ends when stdin does. On
stdout it says {"problem": text}, or null, whenever what keeps it from its work changes.
"""

import asyncio
import json
import logging
import signal
import subprocess
import sys
from contextlib import suppress
from typing import IO, Final

from pyfabric.chaincode.services import Program
from pyfabric.chaincode.supervision import Children, pause_after

_LOG = logging.getLogger(__name__)

_STOP_SECONDS: Final = 5.0
_STARTING: Final = "it is starting"


class HostedProgram:
    """One program; make it, and `stop` it. `problem` is what keeps it from its work, None if nothing does."""

    def __init__(self, wanted: Program, children: Children) -> None:
        self.wanted = wanted
        self.problem: str | None = _STARTING
        self.restarts = 0
        self._children = children
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    async def stop(self) -> None:
        """Stop the program: close its stdin, and kill it if it goes on."""
        self._stopping.set()
        self._close()
        done, _ = await asyncio.wait([self._task], timeout=_STOP_SECONDS)
        if not done and self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGKILL)
        await self._task

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()

    async def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            await self._once()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_after(failures)):
                    await self._stopping.wait()
            failures += 1
            self.restarts += not self._stopping.is_set()

    async def _once(self) -> None:
        """Start the program, follow what it says, and wait until it has terminated."""
        process = self._process = _start(self.wanted.module)
        terminated = self._children.expect(process.pid)
        with suppress(BrokenPipeError):
            _pipe(process.stdin).write(json.dumps(self.wanted.settings).encode() + b"\n")
            _pipe(process.stdin).flush()
        await self._follow(_pipe(process.stdout))
        process.returncode = await terminated
        self._close()
        if not self._stopping.is_set():
            said = self.problem not in (None, _STARTING)
            self._note(self.problem if said else f"it terminated ({process.returncode})")

    async def _follow(self, stream: IO[bytes]) -> None:
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), stream
        )
        try:
            while line := await reader.readline():
                with suppress(ValueError, LookupError, TypeError):
                    self._note(json.loads(line)["problem"])
        finally:
            transport.close()

    def _note(self, problem: str | None) -> None:
        if problem != self.problem and problem is not None:
            _LOG.error("%s: %s", self.wanted.name, problem)
        self.problem = problem


def _start(module: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - a module of this package's, named by the host's own file
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - `_start` asks for pipes
    return stream
