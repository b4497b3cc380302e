"""One grpc.aio server a node: its services by name, TLS, limits on calls at once.

An unknown service or method is answered with the text of Go's gRPC, which clients of Fabric know. A
service over its limit answers UNKNOWN, as Fabric's peers do (internal/peer/node/grpc_limiters.go).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fabric_protos.common import common_pb2

from pyfabric._grpc.options import SERVER_OPTIONS, server_credentials
from pyfabric.client.tracing import TRACEPARENT, Tracer, call_attributes
from pyfabric.errors import NetworkError, StatusCode
from pyfabric.ledger.call_metrics import CallMetrics, CountedCall
from pyfabric.ledger.config import TLSFiles
from pyfabric.ledger.failures import CallError
from pyfabric.messages.decoding import M, decode

_NO_SPAN = nullcontext()
_REQUEST = "grpc: error unmarshalling request"
_MESSAGE = "grpc: failed to unmarshal the received message"


def _internal(text: str) -> CallError:
    return CallError(StatusCode.INTERNAL, text)


class Limit:
    """Counts a service's calls."""

    def __init__(self, service: str, most: int) -> None:
        self._service = service
        self._most = most
        self._active = 0

    def __enter__(self) -> None:
        if self._active >= self._most:
            raise CallError(
                StatusCode.UNKNOWN,
                f"too many requests for /{self._service}, exceeding concurrency limit "
                f"({self._most})",
            )
        self._active += 1

    def __exit__(self, *_: object) -> None:
        self._active -= 1


class _Envelopes(AsyncIterator[bytes]):
    """The envelopes of a stream, counted as they come; other bytes fail the call."""

    def __init__(
        self, requests: AsyncIterator[bytes], metrics: CallMetrics, labels: tuple[str, str]
    ) -> None:
        self._requests = aiter(requests)
        self._metrics = metrics
        self._labels = labels

    async def __anext__(self) -> bytes:
        request = await anext(self._requests)
        self._metrics.messages_received.add(*self._labels)
        decode(common_pb2.Envelope, request, _internal, _MESSAGE)
        return request


@dataclass(slots=True)
class ServiceBuilder:
    """Gathers the methods of one service under its limit; `metrics` counts their calls.

    `tracer` gets a span of each unary call.
    """

    name: str
    limit: Limit
    metrics: CallMetrics
    tracer: Tracer | None = None
    methods: dict[str, grpc.RpcMethodHandler] = field(default_factory=dict)

    def unary(
        self,
        name: str,
        kind: type[M],
        method: Callable[[M, grpc.aio.ServicerContext], Awaitable[Any]],
    ) -> None:
        """Add a unary method; a CallError becomes the call's status."""
        limit, labels = self.limit, self._labels(name)

        async def handle(request: bytes, context: grpc.aio.ServicerContext) -> Any:
            try:
                with CountedCall(self.metrics, "unary", labels), limit, self._span(name, context):
                    return await method(decode(kind, request, _internal, _REQUEST), context)
            except CallError as failure:
                await failure.abort(context)

        self.methods[name] = grpc.unary_unary_rpc_method_handler(
            handle, response_serializer=_serialize
        )

    def server_stream(
        self,
        name: str,
        kind: type[M],
        method: Callable[[M], AsyncIterator[Any]],
    ) -> None:
        """Add a method that answers one request with a stream."""
        limit, labels = self.limit, self._labels(name)

        async def handle(request: bytes, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            try:
                with CountedCall(self.metrics, "stream", labels), limit:
                    self.metrics.messages_received.add(*labels)
                    # Headers at once: a client waits for them to know that the stream is open.
                    await context.send_initial_metadata(())
                    async for message in method(decode(kind, request, _internal, _MESSAGE)):
                        self.metrics.messages_sent.add(*labels)
                        yield message
            except CallError as failure:
                await failure.abort(context)

        self.methods[name] = grpc.unary_stream_rpc_method_handler(
            handle, response_serializer=_serialize
        )

    def stream(
        self,
        name: str,
        method: Callable[[AsyncIterator[bytes], grpc.aio.ServicerContext], AsyncIterator[Any]],
    ) -> None:
        """Add a method that answers a stream of raw envelopes with a stream."""
        limit, labels = self.limit, self._labels(name)

        async def handle(
            requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
        ) -> AsyncIterator[Any]:
            try:
                with CountedCall(self.metrics, "stream", labels), limit:
                    async for message in method(
                        _Envelopes(requests, self.metrics, labels), context
                    ):
                        self.metrics.messages_sent.add(*labels)
                        yield message
            except CallError as failure:
                await failure.abort(context)

        self.methods[name] = grpc.stream_stream_rpc_method_handler(
            handle, response_serializer=_serialize
        )

    def _labels(self, method: str) -> tuple[str, str]:
        return self.name.replace(".", "_"), method

    def _span(
        self, method: str, context: grpc.aio.ServicerContext
    ) -> AbstractContextManager[str | None]:
        if self.tracer is None:
            return _NO_SPAN
        sent = dict(context.invocation_metadata() or ())
        name = f"{self.name}/{method}"
        attributes = {**call_attributes(name), "client.address": context.peer()}
        return self.tracer.span(name, attributes, sent.get(TRACEPARENT))

    def handler(self) -> grpc.GenericRpcHandler:
        """Return the service as a server takes it."""
        return grpc.method_handlers_generic_handler(self.name, self.methods)


def _serialize(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data


class UnknownMethods:
    """Answers calls that no service takes; must be added last."""

    def __init__(self, services: frozenset[str]) -> None:
        self._services = services

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Return a handler that refuses any call."""
        service, _, method = handler_call_details.method.lstrip("/").rpartition("/")
        text = f"unknown service {service}"
        if service in self._services:
            text = f"unknown method {method} for service {service}"

        async def refuse(
            _requests: AsyncIterator[bytes], context: grpc.aio.ServicerContext
        ) -> AsyncIterator[bytes]:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, text)
            yield b""

        return grpc.stream_stream_rpc_method_handler(refuse)


async def start_server(
    address: str,
    tls: TLSFiles,
    services: list[ServiceBuilder],
    *,
    client_roots: Callable[[], bytes] | None = None,
) -> tuple[grpc.aio.Server, int]:
    """Serve at an address (port 0: any that is free); returns the server and its port. Raises NetworkError.

    With `client_roots` every client must show a certificate of the CAs that it returns then (PEM).
    """
    server = grpc.aio.server(options=SERVER_OPTIONS)
    known = frozenset(service.name for service in services)
    server.add_generic_rpc_handlers(
        (*(service.handler() for service in services), UnknownMethods(known))
    )
    try:
        credentials = server_credentials(
            tls.certificate.read_bytes(), tls.key.read_bytes(), client_roots
        )
        port = server.add_secure_port(address, credentials)
    except (OSError, RuntimeError) as error:
        await server.stop(None)
        raise NetworkError(f"cannot listen on {address}: {error}") from error
    await server.start()
    return server, port


def client_certificate_hash(context: grpc.aio.ServicerContext) -> bytes | None:
    """Return the SHA-256 of the certificate that the client presented; None if it had none."""
    pem = context.auth_context().get("x509_pem_cert", [])
    if not pem:
        return None
    certificate = x509.load_pem_x509_certificate(pem[0])
    return sha256(certificate.public_bytes(Encoding.DER)).digest()
