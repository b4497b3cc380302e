"""Contract hosts: children of the ledger that stop when its pipe to them closes.

A host gets what to serve as lines of JSON on its stdin, and answers each with one on its stdout. One that
dies stays down, and its contracts are refused as Fabric refuses a chaincode whose server is gone, until
`apply` starts it again.
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
_STOP_TIMEOUT = 10.0
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
        if self.running and config.argv != self._config.argv:
            await self.stop()
        self._config = config
        if self.running:
            try:
                await self._tell()
            except _HostStoppedError:  # a moment ago, so that nobody has noticed yet
                await self.stop()
            else:
                return
        await _ports_free(config)
        await self._start()
        await self._tell()

    async def stop(self) -> None:
        """Stop the child: close its pipe, and kill it if it goes on."""
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
