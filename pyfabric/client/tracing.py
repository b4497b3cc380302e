"""What a tracing library provides to see the calls that are made and served.

Names and attributes are OpenTelemetry's where it has some. They hold no payloads.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

TRACEPARENT = "traceparent"
"""The W3C header (and gRPC metadata key) that ties the spans of two processes together."""

Attributes: TypeAlias = Mapping[str, str]


class Tracer(Protocol):
    """A maker of spans, called from the thread or task in which the work is done."""

    def span(
        self, name: str, attributes: Attributes, traceparent: str | None
    ) -> AbstractContextManager[str | None]:
        """Return a context that is a span; an exception that passes through it failed the work.

        `traceparent` is the caller's, if it sent one. The context's value is the traceparent to send
        with calls that are made in it; with None, none is sent.
        """


def call_attributes(method: str) -> Attributes:
    """Return the attributes of a gRPC call ("/service/method")."""
    service, _, name = method.lstrip("/").rpartition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
