"""An orderer on the network: AtomicBroadcast over gRPC, the participation API over HTTPS."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

import grpc

from pyfabric._http.server import HttpsServer, server_context
from pyfabric._operations.health import Check
from pyfabric.errors import NetworkError
from pyfabric.identity.loading import load_msp_folder
from pyfabric.ledger.config import OrdererConfig
from pyfabric.ledger.nodes.client_roots import orderer_client_roots
from pyfabric.ledger.nodes.operations import Watching
from pyfabric.ledger.ordering.chain import Chain
from pyfabric.ledger.ordering.chains import Chains
from pyfabric.ledger.ordering.orderer import Orderer
from pyfabric.ledger.ordering.participation import BODY_LIMIT, Participation
from pyfabric.ledger.ordering.service import AtomicBroadcast
from pyfabric.ledger.servers import Limit, ServiceBuilder, start_server

_SERVICE = "orderer.AtomicBroadcast"
_UNLIMITED = 1 << 30
"""Fabric's orderers do not limit calls at once unless they are configured to."""


class OrdererNode:
    """A listening orderer. Make it with `start`."""

    def __init__(
        self,
        orderer: Orderer,
        server: grpc.aio.Server,
        port: int,
        admin: HttpsServer,
        operations: HttpsServer | None,
    ) -> None:
        self.orderer = orderer
        self.port = port
        self.admin_port = admin.port
        self._server = server
        self._admin = admin
        self._operations = operations

    @classmethod
    async def start(
        cls,
        config: OrdererConfig,
        chains: Chains,
        now: Callable[[], datetime],
        watching: Watching,
    ) -> "OrdererNode":
        """Listen; raises IdentityError or NetworkError, and then nothing is left listening."""
        orderer = Orderer(
            config.name,
            load_msp_folder(config.msp, config.msp_id),
            chains,
            now,
            tls_certificate=_read(config.tls.certificate),
        )
        atomic = AtomicBroadcast(orderer, mutual_tls=config.tls.client_roots is not None)
        calls = orderer.metrics.calls
        service = ServiceBuilder(_SERVICE, Limit(_SERVICE, _UNLIMITED), calls, watching.tracer)
        service.stream("Broadcast", atomic.broadcasts)
        service.stream("Deliver", atomic.deliver)
        context = server_context(config.tls.certificate, config.tls.key, config.admin_client_roots)
        async with AsyncExitStack() as stack:
            roots = orderer_client_roots(orderer, config.tls.client_roots)
            server, port = await start_server(
                config.address, config.tls, [service], client_roots=roots
            )
            stack.push_async_callback(server.stop, None)
            admin = await HttpsServer.start(
                config.admin_address, context, Participation(orderer).handle, body_limit=BODY_LIMIT
            )
            stack.push_async_callback(admin.stop)
            operations = await watching.serve(
                config, orderer.metrics.registry, partial(_checks, orderer)
            )
            stack.pop_all()
        return cls(orderer, server, port, admin, operations)

    async def broadcast(self, envelope: bytes) -> tuple[int, str]:
        """Take a message, as its gRPC service does."""
        return await self.orderer.broadcast(envelope)

    async def stop(self) -> None:
        """Stop listening. The channels' sequences go on until `Chains.close`."""
        if self._operations is not None:
            await self._operations.stop()
        await self._admin.stop()
        await self._server.stop(None)


def _checks(orderer: Orderer) -> Mapping[str, Check]:
    """Return the checks of the channels that an orderer has joined."""
    return {f"channel {name}": partial(_chain, chain) for name, chain in orderer.joined.items()}


async def _chain(chain: Chain) -> str | None:
    return chain.trouble()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NetworkError(f"{path}: {error.strerror}") from error
