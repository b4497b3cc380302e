"""A CA server as a node: its CAs from the files of its configuration, its operations service."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from random import Random

from pyfabric._http.server import HttpsServer
from pyfabric._operations.health import Check
from pyfabric._operations.metrics import Registry
from pyfabric._operations.process import add_process_metrics
from pyfabric.ca_server.authority import Authority, Rules
from pyfabric.ca_server.profiles import DEFAULT, PROFILES
from pyfabric.ca_server.server import (
    Authorities,
    AuthorityFiles,
    CAServer,
    Registrar,
    open_authority,
)
from pyfabric.errors import LedgerError
from pyfabric.ledger.config import AuthorityConfig, CAConfig
from pyfabric.ledger.nodes.operations import Watching


class CANode:
    """A listening CA server. Make it with `start`."""

    def __init__(self, config: CAConfig, server: CAServer, operations: HttpsServer | None) -> None:
        self.config = config
        self._server = server
        self._operations = operations
        self.port = server.port

    @classmethod
    async def start(
        cls, config: CAConfig, now: Callable[[], datetime], random: Random, watching: Watching
    ) -> "CANode":
        """Listen; raises NetworkError, and then nothing is left listening. CAs are opened when they are asked for."""
        openers = {one.name: partial(_open, config, one, now, random) for one in config.authorities}
        metrics = Registry()
        add_process_metrics(metrics)
        async with AsyncExitStack() as stack:
            server = await CAServer.start(
                config.address, config.tls.certificate, config.tls.key, Authorities(openers)
            )
            stack.push_async_callback(server.stop)
            operations = await watching.serve(config, metrics, partial(_checks, server))
            stack.pop_all()
        return cls(config, server, operations)

    async def stop(self) -> None:
        """Stop listening, and close the registries."""
        if self._operations is not None:
            await self._operations.stop()
        await self._server.stop()


def _checks(server: CAServer) -> Mapping[str, Check]:
    return {"server": server.check}


def _open(
    config: CAConfig, one: AuthorityConfig, now: Callable[[], datetime], random: Random
) -> Authority:
    try:
        secret = config.secret.read_text(encoding="ascii").strip()
    except OSError as error:
        raise LedgerError(f"{config.secret}: {error.strerror}") from error
    files = AuthorityFiles(one.name, one.certificate, one.key, one.chain, one.registry)
    profiles = {**PROFILES, DEFAULT: PROFILES["tls"]} if one.tls else PROFILES
    registrar = Registrar(config.registrar, secret)
    return open_authority(files, registrar, now=now, random=random, rules=Rules(profiles=profiles))
