"""A contract's process as its host sees it: it is started again, after a pause, when it terminates."""

import asyncio
import json
import logging
import os
import signal
from contextlib import suppress
from dataclasses import replace
from typing import Final

from pyfabric._operations.levels import Levels
from pyfabric.chaincode.contract_process import ContractWork, fork
from pyfabric.chaincode.metrics import ContractCounts
from pyfabric.chaincode.services import Service, server_tls
from pyfabric.errors import FabricError

_LOG = logging.getLogger(__name__)

_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
_STABLE_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 11.0  # the contract's server waits for ten
_LAST_WORDS_SECONDS: Final = 1.0
_LONGEST_REPORT: Final = 64 * 1024
_STARTING: Final = "its modules are being imported"
_STOPPED: Final = "not served"


def pause_after(failures: int) -> float:
    """Return the seconds for which what has failed so often before waits until it is started again."""
    return _PAUSES[min(failures, len(_PAUSES) - 1)]


class ContractProcess:
    """The process of one service; make it, and `stop` it. All of it belongs to one event loop.

    `counts` are kept over restarts. `reason` is why peers do not reach the contract, None if they do.
    """

    def __init__(
        self, service: Service, counts: ContractCounts, levels: Levels, children: "Children"
    ) -> None:
        self.service = service
        self.reason: str | None = _STARTING
        self.restarts = 0
        self.pid: int | None = None
        self._children = children
        self._work = ContractWork(service, None, counts, levels, last_error=None)
        self._settled = asyncio.Event()
        self._hurry = asyncio.Event()
        self._stopping = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._task = asyncio.ensure_future(self._run())

    async def settled(self) -> None:
        """Wait until the process serves, or it is known why it does not."""
        await self._settled.wait()

    def retry(self) -> None:
        """End the pause, if the process is down: what kept it from serving may be repaired."""
        if self.pid is None and not self._stopping.is_set():
            self._settled.clear()
            self._hurry.set()

    def set_levels(self, specification: str) -> None:
        """Set the log levels of the process."""
        if self._writer is not None:
            self._writer.write(json.dumps(specification).encode() + b"\n")

    async def stop(self) -> None:
        """Stop the process; running transactions are completed first."""
        self._stopping.set()
        self._hurry.set()
        self._signal(signal.SIGTERM)
        done, _ = await asyncio.wait([self._task], timeout=_STOP_SECONDS)
        if not done:
            _LOG.warning("%s was killed: it did not stop", self.service.package_id)
            self._signal(signal.SIGKILL)
        await self._task
        self.reason = _STOPPED

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None:
            with suppress(ProcessLookupError):  # it has just terminated
                os.kill(self.pid, number)

    async def _run(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            await self._once()
            if loop.time() - started >= _STABLE_SECONDS:
                failures = 0
            await self._pause(pause_after(failures))
            failures += 1
            self.restarts += not self._stopping.is_set()
        self._settled.set()

    async def _once(self) -> None:
        """Start the process and wait until it terminates; afterwards `reason` is why it is down."""
        try:
            self._work = replace(self._work, tls=server_tls(self.service))
            self.pid, connection = fork(self._work)
        except (FabricError, OSError) as error:
            self._failed(str(error))
            return
        terminated = self._children.expect(self.pid)
        reader, self._writer = await asyncio.open_connection(sock=connection, limit=_LONGEST_REPORT)
        reporting = asyncio.ensure_future(self._read_report(reader))
        status = await terminated
        self.pid = None
        self._work.counts.process_terminated()
        await asyncio.wait([reporting], timeout=_LAST_WORDS_SECONDS)
        reporting.cancel()
        self._writer.close()
        self._writer = None
        if not self._stopping.is_set():
            reported = reporting.done() and not reporting.cancelled() and reporting.result()
            self._failed(reported or f"its process terminated ({_ending(status)})")

    async def _read_report(self, reader: asyncio.StreamReader) -> str | None:
        """Take the first line of the process; return its error, None if it serves."""
        try:
            report = json.loads(await reader.readline())
            if "error" in report:
                return str(report["error"])
            self.reason = None
            self._settled.set()
            return None
        except (ValueError, TypeError, LookupError, RecursionError, OSError):
            return None  # nothing, or what a contract wrote there

    def _failed(self, reason: str) -> None:
        if self.reason is None or reason != self._work.last_error:
            _LOG.error("%s is down: %s; it is started again", self.service.package_id, reason)
        self.reason = reason
        self._work = replace(self._work, last_error=reason)
        if not self._hurry.is_set():  # or it starts again now, and what becomes of that counts
            self._settled.set()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        if not self._stopping.is_set():
            self._hurry.clear()


class Children:
    """The processes below this one, each the first of a group of its own: how they terminated.

    `reap` is to be called at each SIGCHLD. It also reaps orphans, which the first process of a container gets.
    """

    def __init__(self) -> None:
        self._awaited: dict[int, asyncio.Future[int]] = {}

    def expect(self, pid: int) -> asyncio.Future[int]:
        """Return the status of a child, once it has terminated; what it has started and left is killed."""
        self._awaited[pid] = asyncio.get_running_loop().create_future()
        return self._awaited[pid]

    def reap(self) -> None:
        """Find out which processes have terminated."""
        with suppress(ChildProcessError):  # there are none any more
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                if pid in self._awaited:
                    self._awaited.pop(pid).set_result(status)
                    with suppress(ProcessLookupError):  # it has left nothing
                        os.killpg(pid, signal.SIGKILL)


def _ending(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
