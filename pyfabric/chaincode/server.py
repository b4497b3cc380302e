"""The contract as a service: a gRPC server to which the department's peer connects."""

import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from pyfabric._grpc.stream_server import ServerCall, ServerLimits, StreamServer
from pyfabric.chaincode.chaincode import Chaincode
from pyfabric.chaincode.metrics import ContractCounts
from pyfabric.chaincode.peer_stream import PeerStream, StreamLimits
from pyfabric.chaincode.workers import Workers
from pyfabric.client.tracing import Tracer
from pyfabric.errors import ConfigError, NetworkError
from pyfabric.local.tls import http2_server_context
from pyfabric.messages.addresses import Address

__all__ = ["ChaincodeServer", "ServerTLS"]

_METHOD = "/protos.Chaincode/Connect"
TRANSACTIONS: Final = 64
"""How many transactions of a contract run at once, unless it is set."""
_GRACE_SECONDS = 10.0


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
    functions of blocking contracts run at once; further ones wait. `tracer` gets a span of each transaction,
    in the thread or task that runs it; `counts` counts them. `msp_id` is the MSP of these peers, for `stub.msp_id`;
    `limits` are what a peer is given up after.
    """

    def __init__(
        self,
        chaincode: Chaincode,
        *,
        package_id: str,
        address: str,
        tls: ServerTLS | None,
        threads: int = TRANSACTIONS,
        tracer: Tracer | None = None,
        counts: ContractCounts | None = None,
        msp_id: str | None = None,
        limits: StreamLimits | None = None,
    ) -> None:
        if not package_id:
            raise ConfigError("a chaincode server needs the package id")
        chaincode.prepare()
        self.package_id = package_id
        self.address = address
        self._chaincode = chaincode
        self._tls = tls
        self._workers = Workers(threads)
        self._tracer = tracer
        self._counts = counts or ContractCounts()
        self._msp_id = msp_id
        self._limits = limits or StreamLimits()
        self._server: StreamServer | None = None

    async def start(self) -> None:
        """Listen; raises NetworkError when the address cannot be taken."""
        server = StreamServer(_METHOD, self._accept, ServerLimits(calls=1))
        port = await server.start(self.address, self._context())
        self.address = str(Address(Address.parse(self.address).host, port))
        self._server = server

    async def stop(self, grace: float = _GRACE_SECONDS) -> None:
        """Take no more transactions, answer those that run for up to `grace` seconds, and end."""
        if self._server is None:
            return
        await self._server.stop(grace)
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

    def _context(self) -> ssl.SSLContext | None:
        tls = self._tls
        if tls is None:
            return None
        try:
            return http2_server_context(tls.certificate_chain, tls.key, tls.client_roots)
        except (ssl.SSLError, ValueError) as error:
            raise NetworkError(f"{self.address}: TLS material cannot be used: {error}") from error

    def _accept(self, call: ServerCall) -> PeerStream:
        return PeerStream(
            self._chaincode,
            self.package_id,
            self._workers,
            self._counts,
            self._tracer,
            call,
            self._msp_id,
            self._limits,
        )
