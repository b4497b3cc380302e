"""What a node counts of the calls of its gRPC services, under the names of Fabric's metrics.

Source: docs/source/metrics_reference.rst of Fabric 3.1, and what its programs answer. Seconds are of
time.perf_counter.
"""

import asyncio
import time
from types import TracebackType

from pyfabric._operations.metrics import Registry
from pyfabric.errors import StatusCode
from pyfabric.ledger.failures import CallError
from pyfabric.messages.go_texts import status_name


class CallMetrics:
    """Calls of a node's gRPC services; `kind` is "unary" or "stream"."""

    def __init__(self, registry: Registry) -> None:
        self.received = {
            kind: registry.counter(
                f"grpc_server_{kind}_requests_received", "Calls that came.", "service", "method"
            )
            for kind in ("unary", "stream")
        }
        labels = ("service", "method", "code")
        self.completed = {
            kind: registry.counter(
                f"grpc_server_{kind}_requests_completed", "Calls that have ended.", *labels
            )
            for kind in self.received
        }
        self.duration = {
            kind: registry.histogram(
                f"grpc_server_{kind}_request_duration", "Seconds that calls took.", *labels
            )
            for kind in self.received
        }
        self.messages_received = registry.counter(
            "grpc_server_stream_messages_received", "Messages on streams.", "service", "method"
        )
        self.messages_sent = registry.counter(
            "grpc_server_stream_messages_sent", "Answers on streams.", "service", "method"
        )


class CountedCall:
    """One call, from `with` on; how it ends is read from what it raises.

    `labels` are the service, with underscores, and the method.
    """

    __slots__ = ("_kind", "_labels", "_metrics", "_started")

    def __init__(self, metrics: CallMetrics, kind: str, labels: tuple[str, str]) -> None:
        self._metrics = metrics
        self._kind = kind
        self._labels = labels
        self._started = 0.0

    def __enter__(self) -> None:
        self._metrics.received[self._kind].add(*self._labels)
        self._started = time.perf_counter()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        code = StatusCode.OK
        if isinstance(error, CallError):
            code = error.code
        elif isinstance(error, asyncio.CancelledError | GeneratorExit):
            code = StatusCode.CANCELLED
        elif error is not None:
            code = StatusCode.UNKNOWN
        labels = (*self._labels, status_name(code))
        self._metrics.completed[self._kind].add(*labels)
        self._metrics.duration[self._kind].observe(time.perf_counter() - self._started, *labels)
