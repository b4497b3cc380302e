"""The spans of gRPC calls, and the header that carries them to the server."""

from contextlib import AbstractContextManager
from typing import Any

from pyfabric.client.effects import Unary
from pyfabric.client.tracing import TRACEPARENT, Tracer, call_attributes

Metadata = tuple[tuple[str, str], ...]


def client_span(tracer: Tracer, rpc: Unary[Any]) -> AbstractContextManager[str | None]:
    """Return a span of a call; the context's value is the traceparent to send with it."""
    attributes = {**call_attributes(rpc.method), "server.address": rpc.endpoint.address}
    return tracer.span(rpc.method.lstrip("/"), attributes, None)


def call_metadata(traceparent: str | None) -> Metadata | None:
    """Return the metadata of a call."""
    return None if traceparent is None else ((TRACEPARENT, traceparent),)
