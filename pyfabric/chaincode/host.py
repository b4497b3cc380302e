"""A department's contract host: it serves package ids, each by a process of its own on a port of its own.

    python -P -m pyfabric.chaincode.host [FILE]

Each line on stdin is all that is wanted from then on, in JSON; with FILE it is the content of the file,
now and again at each SIGHUP:

    {"services": [{"package_id": "label:hash", "address": "127.0.0.1:9999",
                   "contracts": ["module:Class"], "digest": "hexadecimal",
                   "tls_certificate": "path", "tls_key": "path", "tls_digest": "hexadecimal",
                   "client_certificates": "PEM", "msp_id": "TaxMSP",
                   "transactions": 64, "memory": 268435456, "nice": 5, "user": "name"}],
     "operations": {"address": "127.0.0.1:9998", "tls_certificate": "path", "tls_key": "path",
                    "tls_digest": "hexadecimal", "client_roots": "path"},
     "programs": [{"name": "ticker", "module": "package.module", "settings": {}}]}

Processes are started and stopped to match, and a line on stdout says {"serving": [package ids]}, with
"down": {package id: reason} if there are any, or {"error": "text"} if the line itself cannot be followed.
This process runs no contract (with -P it does not even find their modules): it has imported everything
else, and forks one process for each package. One that terminates, or cannot serve, is started again after a pause of
0.5 s, doubled up to 8 s; a new line ends the pause.

Contracts share neither pipe: what they print goes to stderr, which is the host's log, and they read
nothing from their stdin. With `digest` classes are imported from the folder of that name in the working
directory, whose files must have that digest (`code.code_digest`); others are installed packages, or in the
working directory. Without a certificate a service is plaintext; a certificate without its key is an error. With
`client_certificates` only clients with one of these certificates (or one that it signed) are served; `msp_id`
is their MSP, which contracts may ask for. `tls_digest` differs whenever the content of the TLS files does, so
that renewed ones are loaded. `operations` may be left out, and so may `programs`, which run beside the contracts (see
`programs`); the health of the host has a check for each. The host stops when stdin ends, or on SIGTERM:
running transactions are completed first.
"""

import asyncio
import gc
import importlib
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Final, Self, TextIO

from pydantic import ValidationError

from pyfabric._http.server import HttpsServer
from pyfabric._operations.certificates import TLS, add_certificate_metrics, ends_of
from pyfabric._operations.health import Check
from pyfabric._operations.levels import Levels
from pyfabric._operations.metrics import Registry
from pyfabric._operations.process import add_process_metrics
from pyfabric._operations.service import DISTRIBUTION, Operations, OperationsAddress
from pyfabric.chaincode.host_metrics import add_host_metrics, add_program_metrics
from pyfabric.chaincode.metrics import ContractCounts
from pyfabric.chaincode.programs import HostedProgram
from pyfabric.chaincode.rights import hide_memory
from pyfabric.chaincode.services import OperationsService, Program, Service, Wanted
from pyfabric.chaincode.supervision import Children, ContractProcess
from pyfabric.errors import ConfigError, FabricError
from pyfabric.local.printable import log_to
from pyfabric.messages.addresses import Address

_LOG = logging.getLogger(__name__)

# What contracts' processes would each import for themselves, when they listen and when they call.
for _name in ("encodings.idna", "concurrent.futures.thread"):
    importlib.import_module(_name)

_LONGEST_LINE: Final = 16 * 1024 * 1024
_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
_START_SECONDS: Final = 20.0


class ContractHost:
    """The processes of one department's contracts, with their health and metrics."""

    def __init__(self) -> None:
        self._processes: dict[str, ContractProcess] = {}
        self._counts: dict[str, ContractCounts] = {}
        self._programs: dict[str, HostedProgram] = {}
        self._children = Children()
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._children.reap)
        self._wanted: OperationsService | None = None
        self._levels = _ContractLevels(self._processes)
        registry = Registry()
        add_host_metrics(registry, self._processes, self._counts)
        add_program_metrics(registry, self._programs)
        add_process_metrics(registry)
        self._ends: dict[str, float] = {}
        add_certificate_metrics(registry, lambda: self._ends)
        self._operations = Operations(
            registry, self._checks, self._levels, version=version(DISTRIBUTION), now=_now
        )
        self._listening: HttpsServer | None = None

    @property
    def serving(self) -> list[str]:
        """The package ids that are served."""
        return [name for name, each in self._processes.items() if each.reason is None]

    @property
    def down(self) -> dict[str, str]:
        """The package ids that are not served, with the reasons."""
        return {
            name: each.reason for name, each in self._processes.items() if each.reason is not None
        }

    async def apply(self, line: bytes) -> None:
        """Start and stop processes to match a line, and wait until all serve or have failed to.

        One that needs more than twenty seconds to start is left to it. Raises ConfigError for a line that
        cannot be read, which changes nothing, and NetworkError if health and metrics cannot be served.
        """
        wanted = _wanted(line)
        await self._stop(
            [name for name, each in self._processes.items() if each.service not in wanted.services]
        )
        for service in wanted.services:
            if service.package_id in self._processes:
                self._processes[service.package_id].retry()
            else:
                self._start(service)
        await _all_settled(list(self._processes.values()))
        await self._run_programs(wanted.programs)
        if self._wanted != wanted.operations:
            await self._serve_operations(wanted.operations)

    async def stop(self) -> None:
        """Stop all processes; running transactions are completed first."""
        await self._run_programs(())
        await self._stop(list(self._processes))
        await self._serve_operations(None)

    def _start(self, service: Service) -> None:
        counts = self._counts.setdefault(service.package_id, ContractCounts())
        self._processes[service.package_id] = ContractProcess(
            service, counts, self._levels, self._children
        )

    async def _stop(self, names: Sequence[str]) -> None:
        processes = [self._processes.pop(name) for name in names]
        await asyncio.gather(*(process.stop() for process in processes))

    async def _run_programs(self, wanted: Sequence[Program]) -> None:
        """Run exactly these programs; one whose settings have changed is started again."""
        for name, program in list(self._programs.items()):
            if program.wanted not in wanted:
                await self._programs.pop(name).stop()
        for each in wanted:
            if each.name not in self._programs:
                self._programs[each.name] = HostedProgram(each, self._children)

    async def _serve_operations(self, wanted: OperationsService | None) -> None:
        listening, self._listening, self._wanted = self._listening, None, None
        if listening is not None:
            await listening.stop()
        if wanted is not None:
            self._ends = ends_of([(TLS, Path(wanted.tls_certificate))])
            self._listening = await self._operations.serve(
                OperationsAddress(
                    wanted.address, wanted.tls_certificate, wanted.tls_key, wanted.client_roots
                )
            )
        self._wanted = wanted

    def _checks(self) -> dict[str, Check]:
        checks: dict[str, Check] = {}
        for name, program in self._programs.items():
            checks[name] = partial(_check_program, program)
        for name, process in self._processes.items():
            checks[name] = partial(_check, process)
        return checks


class _ContractLevels(Levels):
    """The log levels of the host and of all its contracts' processes."""

    def __init__(self, processes: Mapping[str, ContractProcess]) -> None:
        super().__init__()
        self._processes = processes

    def activate(self, spec: str) -> None:
        """See Levels."""
        super().activate(spec)
        for process in self._processes.values():
            process.set_levels(spec)


async def _check_program(program: HostedProgram) -> str | None:
    """Return what keeps a program from its work."""
    return program.problem


async def _check(process: ContractProcess) -> str | None:
    """Return what keeps peers from a package, as far as the host can tell."""
    if process.reason is not None:
        return process.reason
    address = process.service.address
    place = Address.parse(address)
    try:
        _, writer = await asyncio.open_connection(place.host, place.port)
    except OSError:
        return f"{address} does not accept connections"
    writer.close()
    return None


async def _all_settled(processes: Sequence[ContractProcess]) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_START_SECONDS):
            await asyncio.gather(*(process.settled() for process in processes))


def _wanted(line: bytes) -> Wanted:
    try:
        return Wanted.model_validate_json(line)
    except ValidationError as error:
        raise ConfigError(f"not a list of services: {error.errors()[0]['msg']}") from error


def _now() -> datetime:
    return datetime.now(UTC)


async def _run(wanted: AsyncIterator[bytes], answer: Callable[[str], None]) -> None:
    host = ContractHost()
    try:
        async for line in wanted:
            answer(await _applied(host, line))
    finally:
        await host.stop()


@dataclass(frozen=True, slots=True)
class _Control:
    """The pipes to the host's parent, which no contract code shares."""

    wanted: BinaryIO
    answers: TextIO

    @classmethod
    def take(cls) -> Self:
        """Take over stdin and stdout: from now on stdin is empty, and what is printed goes to stderr."""
        control = cls(os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "w", encoding="utf-8"))
        empty = os.open(os.devnull, os.O_RDONLY)
        os.dup2(empty, 0)
        os.close(empty)
        os.dup2(2, 1)
        sys.stdout = os.fdopen(1, "w", 1, errors="backslashreplace", closefd=False)
        return control

    def answer(self, text: str) -> None:
        self.answers.write(text + "\n")
        self.answers.flush()


async def _from_input(stream: BinaryIO) -> AsyncIterator[bytes]:
    """Yield the lines of the stream, until it ends or a signal stops the process."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), stream
    )
    for number in _ENDING:
        loop.add_signal_handler(number, transport.close)
    try:
        while line := await reader.readline():
            yield line
    finally:
        transport.close()


async def _from_file(file: Path) -> AsyncIterator[bytes]:
    """Yield the content of a file, now and at each SIGHUP, until a signal stops the process."""
    loop = asyncio.get_running_loop()
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGHUP, *_ENDING):
        loop.add_signal_handler(number, signals.put_nowait, number)
    number = signal.SIGHUP
    while number is signal.SIGHUP:
        yield _line(file)
        number = await signals.get()


def _line(file: Path) -> bytes:
    """Return the content of the file; nothing, an invalid list of services, if it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        _LOG.error("cannot read %s: %s", file, error.strerror)
        return b""


async def _applied(host: ContractHost, line: bytes) -> str:
    """Apply a line, and return the reply."""
    try:
        await host.apply(line)
    except FabricError as error:
        return json.dumps({"error": str(error)})
    down = {"down": host.down} if host.down else {}
    return json.dumps({"serving": host.serving, **down})


def main(arguments: Sequence[str]) -> None:
    """Run a host until its input ends."""
    log_to(
        sys.stderr,
        level=logging.WARNING,
        form="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    sys.dont_write_bytecode = True  # it is found by seconds: too coarse for a file that is edited
    hide_memory()
    control = _Control.take()
    gc.collect()
    gc.freeze()  # what contracts' processes share with this one is never copied by the collector
    wanted = _from_file(Path(arguments[0])) if arguments else _from_input(control.wanted)
    asyncio.run(_run(wanted, control.answer))


if __name__ == "__main__":
    main(sys.argv[1:])
