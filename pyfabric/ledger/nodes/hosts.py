"""Contract hosts: children of the ledger that stop when its pipe to them closes.

A host gets what to serve as lines of JSON on its stdin, and answers each with one on its stdout. One that
dies is started again after a pause of 0.5 s, doubled up to 8 s; until then its contracts are refused as
Fabric refuses a chaincode whose server is gone. What it cannot serve is down, and it tries again by itself.
"""

import asyncio
import json
import logging
from collections.abc import Sequence
from operator import not_

from pyfabric.errors import NetworkError
from pyfabric.ledger.config import HostConfig
from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll_async
from pyfabric.messages.addresses import Address

_log = logging.getLogger("pyfabric.ledger.nodes.hosts")

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 12.0
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
_STABLE_SECONDS = 60.0
_LINE_LIMIT = 2**20
_PORT_SECONDS = 5.0
_PORT_PAUSE = 0.05


class _HostStoppedError(NetworkError):
    """The child stopped instead of answering."""


class ContractHost:
    """One contract host."""

    def __init__(self, config: HostConfig) -> None:
        self._config = config
        self._process: asyncio.subprocess.Process | None = None
        self._changing = asyncio.Lock()
        self._restarting: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the child is there."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        return None if self._process is None else self._process.pid

    async def apply(self, config: HostConfig) -> None:
        """Start the child if it is not there, and tell it what to serve; raises NetworkError."""
        async with self._changing:
            self._leave_stopped()
            if self.running and config.argv != self._config.argv:
                await self._stop()
            self._config = config
            try:
                await self._serve()
            finally:
                if self.running:
                    self._restarting = asyncio.create_task(self._start_again())

    async def stop(self) -> None:
        """Stop the child: close its pipe, and kill it if it goes on."""
        async with self._changing:
            self._leave_stopped()
            await self._stop()

    async def _serve(self) -> None:
        if self.running:
            try:
                await self._tell()
            except _HostStoppedError:  # a moment ago, so that nobody has noticed yet
                await self._stop()
            else:
                return
        await _ports_free(self._config)
        await self._start()
        await self._tell()

    def _leave_stopped(self) -> None:
        """Start the child no more when it terminates."""
        if self._restarting is not None:
            self._restarting.cancel()
            self._restarting = None

    async def _start_again(self) -> None:
        """Start the child again, after a pause, whenever it terminates."""
        loop, failures = asyncio.get_running_loop(), 0
        while self._process is not None:
            started = loop.time()
            await self._process.wait()
            if loop.time() - started >= _STABLE_SECONDS:
                failures = 0
            _log.error("contract host %s terminated: it is started again", self._config.name)
            await asyncio.sleep(_PAUSES[min(failures, len(_PAUSES) - 1)])
            failures += 1
            async with self._changing:
                try:
                    await self._serve()
                except NetworkError as error:
                    _log.error("%s", error)

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT):
                await process.wait()
        except TimeoutError:
            _log.warning(
                "contract host %s was killed: it did not stop within %g seconds",
                self._config.name,
                _STOP_TIMEOUT,
            )
            process.kill()
            await process.wait()

    async def _start(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._config.argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=_LINE_LIMIT,
            )
        except OSError as error:
            raise NetworkError(f"contract host {self._config.name}: {error}") from error

    async def _tell(self) -> None:
        process, name = self._process, self._config.name
        if process is None or process.stdin is None or process.stdout is None:
            raise NetworkError(f"contract host {name} is not running")
        try:
            process.stdin.write(json.dumps(self._config.services).encode() + b"\n")
            await process.stdin.drain()
            async with asyncio.timeout(_START_TIMEOUT):
                line = await process.stdout.readline()
        except TimeoutError as error:
            raise NetworkError(
                f"contract host {name} did not answer within {_START_TIMEOUT:g} seconds"
            ) from error
        except ConnectionError as error:
            raise _HostStoppedError(f"contract host {name} stopped: {error}") from error
        if not line:
            raise _HostStoppedError(
                f"contract host {name} stopped without an answer: its error output has the reason"
            )
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise NetworkError(
                f"contract host {name} answered {line!r}, which is not JSON"
            ) from error
        if "error" in answer:
            raise NetworkError(f"contract host {name}: {answer['error']}")


async def _ports_free(config: HostConfig) -> None:
    """Give the host of a ledger that was killed a moment ago the time to stop.

    If a port is taken for longer, the new host reports it.
    """
    services = list(config.services.get("services", ()))
    operations = config.services.get("operations")
    if operations is not None:
        services.append(operations)
    taken = [Address.parse(service["address"]) for service in services]
    await poll_async(
        lambda: any(map(listens, taken)), until=not_, every=_PORT_PAUSE, timeout=_PORT_SECONDS
    )


class ContractHosts:
    """All contract hosts of the process, by name."""

    def __init__(self) -> None:
        self._hosts: dict[str, ContractHost] = {}

    async def apply(self, configs: Sequence[HostConfig]) -> None:
        """Run exactly these hosts, serving what their configurations name; raises NetworkError."""
        wanted = {config.name: config for config in configs}
        for name in set(self._hosts) - set(wanted):
            await self._hosts.pop(name).stop()
        for name, config in wanted.items():
            self._hosts.setdefault(name, ContractHost(config))
        tasks = [self._hosts[name].apply(config) for name, config in wanted.items()]
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        for outcome in outcomes:  # only once all have answered: a host takes one line at a time
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self) -> None:
        """Stop all hosts."""
        await asyncio.gather(*(host.stop() for host in self._hosts.values()))

    def pids(self) -> dict[str, int | None]:
        """Return the children's process ids, by host."""
        return {name: host.pid for name, host in self._hosts.items()}
