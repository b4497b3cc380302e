"""`python -m pyfabric.ledger CONFIG`: run a development ledger until SIGTERM.

When everything listens, one line of JSON goes to stdout: {"ready": true, "pid", "peers", "orderers",
"hosts"}; a failure to start is {"ready": false, "error": …} and exit code 1. SIGHUP reads CONFIG again and
applies its nodes and contract hosts, starting those that are down; the answer is a further line, {"reloaded": true} or {"reloaded": false, "error": …}. Logs go to stderr.
"""

import asyncio
import json
import logging
import os
import secrets
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from typing import Any

from pyfabric.errors import FabricError
from pyfabric.ledger.config import LedgerConfig
from pyfabric.ledger.process import LedgerProcess
from pyfabric.local.printable import log_to
from pyfabric.messages.envelopes import NONCE_SIZE


def main() -> int:
    """Run; returns the exit code."""
    log_to(
        sys.stderr,
        level=logging.INFO,
        form="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m pyfabric.ledger CONFIG\n")
        return 2
    return asyncio.run(_run(Path(sys.argv[1])))


async def _run(path: Path) -> int:
    stopping, reloading = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, reloading.set)
    try:
        config = LedgerConfig.load(path)
        ledger = await LedgerProcess.start(config, _now, _nonce, SystemRandom())
    except FabricError as error:
        _say({"ready": False, "error": str(error)})
        return 1
    try:
        _say(
            {
                "ready": True,
                "pid": os.getpid(),
                "peers": {name: one.port for name, one in ledger.peers.items()},
                "orderers": {
                    name: {"port": one.port, "admin_port": one.admin_port}
                    for name, one in ledger.orderers.items()
                },
                "hosts": ledger.hosts.pids(),
            }
        )
        await _serve(ledger, path, stopping, reloading)
    finally:
        await ledger.stop()
    return 0


async def _serve(
    ledger: LedgerProcess, path: Path, stopping: asyncio.Event, reloading: asyncio.Event
) -> None:
    stopped = asyncio.ensure_future(stopping.wait())
    while not stopped.done():
        asked = asyncio.ensure_future(reloading.wait())
        await asyncio.wait((stopped, asked), return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            asked.cancel()
            return
        reloading.clear()
        try:
            await ledger.reload(LedgerConfig.load(path))
        except FabricError as error:
            _say({"reloaded": False, "error": str(error)})
        else:
            _say({"reloaded": True, "hosts": ledger.hosts.pids()})


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _now() -> datetime:
    return datetime.now(UTC)


def _nonce() -> bytes:
    return secrets.token_bytes(NONCE_SIZE)


if __name__ == "__main__":
    sys.exit(main())
