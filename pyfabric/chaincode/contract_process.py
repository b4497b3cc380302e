"""What runs in a contract's own process: its module is imported and served until the host wants it to stop.

The process is forked from the host, which has imported everything but contracts: they share that memory.
Its first line to the host is {"serving": true} or {"error": reason}; each line of the host's is a
specification of log levels. It finishes what runs, and stops, on SIGTERM or when the host is gone.
"""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyfabric._operations.levels import Levels
from pyfabric.chaincode.code import check_code
from pyfabric.chaincode.loading import load_chaincode
from pyfabric.chaincode.metrics import ContractCounts
from pyfabric.chaincode.rights import restrict
from pyfabric.chaincode.server import ChaincodeServer, ServerTLS
from pyfabric.chaincode.services import Service
from pyfabric.errors import FabricError

_LOG = logging.getLogger(__name__)

_STANDARD_FILES: Final = 3
_HERE_FOR_OTHERS: Final = Path("/proc/self/cwd")
"""The working directory, for a user who may not enter the folders above it."""
_IGNORED: Final = (signal.SIGINT, signal.SIGHUP)
_HANDLED: Final = (signal.SIGTERM, signal.SIGCHLD, *_IGNORED)
_LONGEST_ERROR: Final = 4096


@dataclass(frozen=True, slots=True)
class ContractWork:
    """What a contract's process serves, where it counts, and the log levels that it begins with.

    `last_error` is what kept it from serving the last time: that is not logged again.
    """

    service: Service
    tls: ServerTLS | None
    counts: ContractCounts
    levels: Levels
    last_error: str | None


def fork(work: ContractWork) -> tuple[int, socket.socket]:
    """Start a process that does this work; return its id and the host's end of their connection."""
    host, ours = socket.socketpair()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    # Until the new process has its own, a signal to it would reach the host's loop.
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    pid = os.fork()
    if pid == 0:
        _run(work, ours, parent)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
    ours.close()
    return pid, host


def _run(work: ContractWork, host: socket.socket, parent: int) -> None:
    """Do the work in this new process, and never return to the code of the host."""
    code = 1
    try:
        _leave_the_host(host.fileno())
        code = _work(work, host, parent)
    except BaseException:  # noqa: BLE001 - whatever it is, this process terminates
        _LOG.exception("a contract's process failed")
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


def _leave_the_host(connection: int) -> None:
    """Give up the host's files and signals: nothing of it, or of who started it, outlives it here."""
    signal.set_wakeup_fd(-1)
    for number in _HANDLED:
        signal.signal(number, signal.SIG_IGN if number in _IGNORED else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
    os.closerange(_STANDARD_FILES, connection)
    os.closerange(connection + 1, os.sysconf("SC_OPEN_MAX"))
    os.setsid()


def _work(work: ContractWork, host: socket.socket, parent: int) -> int:
    try:
        restrict(work.service, parent)
        server = _server(work)
    except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit too
        _report_error(work, host, error)
        return 1
    return asyncio.run(_serve(work, server, host))


def _server(work: ContractWork) -> ChaincodeServer:
    service = work.service
    folder = _HERE_FOR_OTHERS if service.user is not None else Path.cwd()
    if service.digest:
        folder /= service.digest
        check_code(folder, service.digest, service.package_id.rpartition(":")[0])
    return ChaincodeServer(
        load_chaincode(service.contracts, folder),
        package_id=service.package_id,
        address=service.address,
        tls=work.tls,
        threads=service.transactions,
        counts=work.counts,
        msp_id=service.msp_id,
    )


async def _serve(work: ContractWork, server: ChaincodeServer, host: socket.socket) -> int:
    try:
        await server.start()
    except FabricError as error:
        _report_error(work, host, error)
        return 1
    reader, writer = await asyncio.open_connection(sock=host)
    writer.write(_line({"serving": True}))
    following = asyncio.ensure_future(_follow(reader, work.levels))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, following.cancel)
    await asyncio.wait([following])
    await server.stop()
    return 0


async def _follow(reader: asyncio.StreamReader, levels: Levels) -> None:
    """Set the log levels that the host sends, until it is gone."""
    while line := await reader.readline():
        levels.activate(json.loads(line))


def _report_error(work: ContractWork, host: socket.socket, error: BaseException) -> None:
    is_ours = isinstance(error, FabricError)
    text = str(error) if is_ours else f"{type(error).__name__}: {error}"
    if not is_ours and text != work.last_error:
        _LOG.error("cannot serve %s", work.service.package_id, exc_info=error)
    host.sendall(_line({"error": text[:_LONGEST_ERROR]}))


def _line(content: object) -> bytes:
    return json.dumps(content).encode() + b"\n"
