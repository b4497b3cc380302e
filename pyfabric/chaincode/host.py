"""A department's contract host: one process that serves package ids, each on a port of its own.

    python -m pyfabric.chaincode.host [FILE]

Each line on stdin is all that is wanted from then on, in JSON; with FILE it is the content of the file,
now and again at each SIGHUP:

    {"services": [{"package_id": "label:hash", "address": "127.0.0.1:9999",
                   "contracts": ["module:Class"], "digest": "hexadecimal",
                   "tls_certificate": "path", "tls_key": "path", "tls_digest": "hexadecimal",
                   "client_certificates": "PEM", "msp_id": "TaxMSP"}],
     "operations": {"address": "127.0.0.1:9998", "tls_certificate": "path", "tls_key": "path",
                    "tls_digest": "hexadecimal", "client_roots": "path"}}

Ports are opened and closed to match, and a line on stdout says {"serving": [package ids]} or
{"error": "text"}. Contracts share neither pipe: what they print goes to stderr, which is the host's log, and
they read nothing from their stdin. With `digest` classes are imported from the folder of that name in the
working directory, whose files must have that digest (`code.code_digest`); others are installed packages. Without
a certificate a service is plaintext; a certificate without its key is an
error. With `client_certificates` only clients with one of these certificates (or one that it signed) are
served; `msp_id` is their MSP, which contracts may ask for. `tls_digest` differs whenever the content of the
TLS files does, so that renewed ones are loaded. `operations` may be left out. The host stops when stdin ends, or on SIGTERM: running
transactions are completed first.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO, Self, TextIO

from pydantic import BaseModel, ConfigDict, ValidationError

from pyfabric._http.server import HttpsServer
from pyfabric._operations.health import Check
from pyfabric._operations.levels import Levels
from pyfabric._operations.metrics import Registry
from pyfabric._operations.process import add_process_metrics
from pyfabric._operations.service import DISTRIBUTION, Operations, OperationsAddress
from pyfabric.chaincode.code import check_code
from pyfabric.chaincode.loading import load_chaincode
from pyfabric.chaincode.metrics import ContractMetrics
from pyfabric.chaincode.server import ChaincodeServer, ServerTLS
from pyfabric.errors import ConfigError, FabricError
from pyfabric.local.printable import log_to
from pyfabric.messages.addresses import Address

_LOG = logging.getLogger(__name__)

_LONGEST_LINE = 16 * 1024 * 1024
_ENDING = (signal.SIGTERM, signal.SIGINT)


class Service(BaseModel):
    """One package id: where it is served, and by which contract classes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    package_id: str
    address: str
    contracts: tuple[str, ...]
    digest: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    tls_digest: str | None = None
    client_certificates: str | None = None
    msp_id: str | None = None


class OperationsService(BaseModel):
    """Where health and metrics of the whole host are served; always over TLS."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: str
    tls_certificate: Path
    tls_key: Path
    tls_digest: str | None = None
    client_roots: Path | None = None


class Wanted(BaseModel):
    """All services that a host should offer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    services: tuple[Service, ...]
    operations: OperationsService | None = None


class ContractHost:
    """The services of one process."""

    def __init__(self) -> None:
        self._servers: dict[Service, ChaincodeServer] = {}
        self._wanted = Wanted(services=())
        self._registry = Registry()
        self._metrics = ContractMetrics(self._registry)
        add_process_metrics(self._registry)
        self._operations = Operations(
            self._registry, self._checks, Levels(), version=version(DISTRIBUTION), now=_now
        )
        self._listening: HttpsServer | None = None

    @property
    def serving(self) -> list[str]:
        """The package ids that are served."""
        return [service.package_id for service in self._servers]

    async def apply(self, line: bytes) -> None:
        """Open and close services to match a line.

        Raises ConfigError, or NetworkError for an address that is taken; a line that cannot be read
        or whose contracts cannot be loaded changes nothing.
        """
        try:
            wanted = Wanted.model_validate_json(line)
        except ValidationError as error:
            raise ConfigError(f"not a list of services: {error.errors()[0]['msg']}") from error
        new = {
            each: _server(each, self._metrics)
            for each in wanted.services
            if each not in self._servers
        }
        before, self._wanted = self._wanted, wanted
        await self._stop([each for each in self._servers if each not in wanted.services])
        if before.operations != wanted.operations or self._listening is None:
            await self._serve_operations(wanted.operations)
        for service, server in new.items():
            await server.start()
            self._servers[service] = server

    async def stop(self) -> None:
        """Stop all services; running transactions are completed first."""
        await self._stop(list(self._servers))
        await self._serve_operations(None)

    async def _stop(self, services: list[Service]) -> None:
        servers = [self._servers.pop(service) for service in services]
        await asyncio.gather(*(server.stop() for server in servers))

    async def _serve_operations(self, wanted: OperationsService | None) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            await listening.stop()
        if wanted is not None:
            self._listening = await self._operations.serve(
                OperationsAddress(
                    wanted.address, wanted.tls_certificate, wanted.tls_key, wanted.client_roots
                )
            )

    def _checks(self) -> dict[str, Check]:
        return {each.package_id: partial(self._check, each) for each in self._wanted.services}

    async def _check(self, service: Service) -> str | None:
        """Return what keeps peers from a package, as far as the host can tell."""
        if service not in self._servers:
            return "not served"
        place = Address.parse(self._servers[service].address)
        try:
            _, writer = await asyncio.open_connection(place.host, place.port)
        except OSError:
            return f"{service.address} does not accept connections"
        writer.close()
        return None


def _now() -> datetime:
    return datetime.now(UTC)


def _server(service: Service, metrics: ContractMetrics) -> ChaincodeServer:
    folder = Path.cwd() / service.digest if service.digest else None
    if folder is not None:
        check_code(folder, service.digest, service.package_id.rpartition(":")[0])
    return ChaincodeServer(
        load_chaincode(service.contracts, folder),
        package_id=service.package_id,
        address=service.address,
        tls=_tls(service),
        metrics=metrics,
        msp_id=service.msp_id,
    )


def _tls(service: Service) -> ServerTLS | None:
    if service.tls_certificate is None and service.tls_key is None:
        if service.client_certificates is not None:
            raise ConfigError(
                f"{service.package_id}: client_certificates without a TLS certificate"
            )
        return None
    clients = service.client_certificates
    return ServerTLS(
        certificate_chain=_content(service.tls_certificate) or b"",
        key=_content(service.tls_key) or b"",
        client_roots=None if clients is None else clients.encode(),
    )


def _content(path: Path | None) -> bytes | None:
    try:
        return None if path is None else path.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


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
    """Apply a line, and return the reply; what a contract's module raises becomes one too."""
    task = asyncio.ensure_future(host.apply(line))
    await asyncio.wait([task])
    error = task.exception()
    if error is None:
        return json.dumps({"serving": host.serving})
    if isinstance(error, FabricError):
        return json.dumps({"error": str(error)})
    _LOG.error("cannot serve what was asked", exc_info=error)
    return json.dumps({"error": f"{type(error).__name__}: {error}"})


def main(arguments: Sequence[str]) -> None:
    """Run a host until its input ends."""
    log_to(
        sys.stderr,
        level=logging.WARNING,
        form="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    sys.dont_write_bytecode = True  # it is found by seconds: too coarse for a file that is edited
    control = _Control.take()
    wanted = _from_file(Path(arguments[0])) if arguments else _from_input(control.wanted)
    asyncio.run(_run(wanted, control.answer))


if __name__ == "__main__":
    main(sys.argv[1:])
