"""What a tracing library must offer to see the calls that are made and served here.

Names and attributes are OpenTelemetry's where it has some. There are no payloads in them.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

TRACEPARENT = "traceparent"
"""The W3C header (and gRPC metadata key) that ties the spans of two processes together."""

Attributes: TypeAlias = Mapping[str, str]


class Tracer(Protocol):
    """Makes spans. It is called from the thread, or the task, in which the work is done."""

    def span(
        self, name: str, attributes: Attributes, traceparent: str | None
    ) -> AbstractContextManager[str | None]:
        """A span for as long as the context is open; an exception that passes through ended the work.

        `traceparent` is the caller's, if it sent one. The context's value is the traceparent that is
        sent on to whoever is called; None sends nothing on.
        """


def call_attributes(method: str) -> Attributes:
    """The attributes of a gRPC call ("/service/method")."""
    service, _, name = method.lstrip("/").rpartition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
