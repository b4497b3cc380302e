"""The contract as a service: a gRPC server to which the department's peer connects."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import grpc
import grpc.aio

from pyfabric._grpc.options import SERVER_OPTIONS, server_credentials
from pyfabric._operations.metrics import Registry
from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.metrics import ContractMetrics
from pyfabric.chaincode.session import Session
from pyfabric.chaincode.workers import Workers
from pyfabric.core.tracing import Tracer
from pyfabric.errors import ConfigError, NetworkError

_THREADS = 64
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ServerTLS:
    """A server's certificate chain and its key (PEM); with `client_roots` peers must show theirs."""

    certificate_chain: bytes
    key: bytes = field(repr=False)
    client_roots: bytes | None = None

    def __post_init__(self) -> None:
        if not self.certificate_chain or not self.key:
            raise ConfigError("TLS needs both a certificate and its key")


class ChaincodeServer:
    """Serves a chaincode to peers under one package id, on a port of its own.

    A peer takes the id from the server, so one port serves one id. `address` is host:port; port 0
    takes a free one, which `address` then names. `tls` None serves plaintext. At most `threads`
    functions of blocking contracts run at once. `tracer` gets a span of each transaction, in the thread
    or task that runs it; `metrics` counts them.
    """

    def __init__(
        self,
        chaincode: Chaincode,
        *,
        package_id: str,
        address: str,
        tls: ServerTLS | None,
        threads: int = _THREADS,
        tracer: Tracer | None = None,
        metrics: ContractMetrics | None = None,
    ) -> None:
        if not package_id:
            raise ConfigError("a chaincode server needs the package id")
        self.package_id = package_id
        self.address = address
        self._chaincode = chaincode
        self._tls = tls
        self._workers = Workers(threads)
        self._tracer = tracer
        self._metrics = metrics or ContractMetrics(Registry())
        self._sessions: set[Session] = set()
        self._server: grpc.aio.Server | None = None

    async def start(self) -> None:
        """Listen; raises NetworkError when the address cannot be taken."""
        server = grpc.aio.server(options=SERVER_OPTIONS)
        handler = grpc.stream_stream_rpc_method_handler(self._connect)
        service = grpc.method_handlers_generic_handler("protos.Chaincode", {"Connect": handler})
        server.add_generic_rpc_handlers((service,))
        host, _, _port = self.address.rpartition(":")
        try:
            port = self._bind(server)
        except RuntimeError as error:
            raise NetworkError(f"cannot listen on {self.address}: is it in use?") from error
        self.address = f"{host}:{port}"
        await server.start()
        self._server = server

    async def stop(self, patience: float = _PATIENCE_SECONDS) -> None:
        """Take no more transactions, answer those that run for up to `patience` seconds, and end."""
        if self._server is None:
            return
        for session in self._sessions:
            session.drain()
        await self._server.stop(patience)
        self._workers.close()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _bind(self, server: grpc.aio.Server) -> int:
        if self._tls is None:
            return int(server.add_insecure_port(self.address))
        tls = self._tls
        credentials = server_credentials(tls.certificate_chain, tls.key, tls.client_roots)
        return int(server.add_secure_port(self.address, credentials))

    async def _connect(
        self, incoming: AsyncIterator[bytes], _context: object
    ) -> AsyncIterator[bytes]:
        session = Session(
            self._chaincode, self.package_id, self._workers, self._metrics, self._tracer
        )
        self._sessions.add(session)
        self._metrics.stream_opened(self.package_id)
        try:
            async with contextlib.aclosing(session.serve(incoming)) as outgoing:
                async for message in outgoing:
                    yield message
        finally:
            self._sessions.discard(session)
            self._metrics.stream_closed(self.package_id)
