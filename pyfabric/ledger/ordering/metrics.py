"""What an orderer counts, under the names of Fabric's metrics.

Source: docs/source/metrics_reference.rst of Fabric 3.1, and what its programs answer. Seconds are of
time.perf_counter.
"""

import time
from collections.abc import Collection

from fabric_protos.common import common_pb2

from pyfabric._operations.metrics import Registry
from pyfabric._operations.process import add_process_metrics
from pyfabric.ledger.call_metrics import CallMetrics
from pyfabric.ledger.channel.channel import Channel
from pyfabric.ledger.channel.metrics import UNKNOWN, add_height, header_type
from pyfabric.ledger.ordering.chain import Chain
from pyfabric.messages.consensus import METADATA


class OrdererMetrics:
    """Everything that an orderer counts; `joined` is the chains that the orderer `name` takes part in."""

    def __init__(self, joined: Collection[Chain], name: str) -> None:
        self.registry = registry = Registry()
        add_process_metrics(registry)
        self.calls = CallMetrics(registry)
        labels = ("channel", "type", "status")
        self.processed = registry.counter(
            "broadcast_processed_count", "Messages that were answered.", *labels
        )
        self.validation = registry.histogram(
            "broadcast_validate_duration", "Seconds to check a message.", *labels
        )
        self.enqueueing = registry.histogram(
            "broadcast_enqueue_duration", "Seconds to take a message into the order.", *labels
        )
        add_height(registry, joined)
        for consensus in METADATA:
            _add_consensus(registry, consensus, joined)
        registry.reading(
            "participation_status",
            "1: the orderer is on the channel.",
            ("channel",),
            lambda: [((one.channel.channel_id,), 1) for one in joined],
        )
        registry.reading(
            "participation_consensus_relation",
            "1: the orderer is a consenter of the channel; 2: it follows it.",
            ("channel",),
            lambda: [
                ((one.channel.channel_id,), 1 if one.has_consenter(name) else 2) for one in joined
            ],
        )


def _add_consensus(registry: Registry, consensus: str, joined: Collection[Chain]) -> None:
    def of_kind() -> list[Channel]:
        channels = [one.channel for one in joined]
        return [each for each in channels if each.config.consensus_type == consensus]

    registry.reading(
        f"consensus_{consensus}_committed_block_number",
        "The number of the newest block.",
        ("channel",),
        lambda: [((each.channel_id,), each.height - 1) for each in of_kind()],
    )
    registry.reading(
        f"consensus_{consensus}_cluster_size",
        "Consenters of the channel.",
        ("channel",),
        lambda: [((each.channel_id,), len(each.config.consenters)) for each in of_kind()],
    )


class BroadcastEntry:
    """One message that an orderer got: what it is, as soon as that is known, and how long it took."""

    def __init__(self, metrics: OrdererMetrics) -> None:
        self._metrics = metrics
        self._channel = self._type = UNKNOWN
        self.transaction_id = ""
        self._started = time.perf_counter()
        self._checked: float | None = None

    def identified(self, header: common_pb2.ChannelHeader) -> None:
        """Take the channel, type and transaction of the message, which could be read."""
        self.transaction_id = header.tx_id
        self._channel = header.channel_id
        self._type = header_type(header.type)

    def checked(self) -> None:
        """Note that the message may be ordered."""
        self._checked = time.perf_counter()

    def answered(self, status: int) -> None:
        """Count the message, which was answered."""
        labels = (self._channel, self._type, common_pb2.Status.Name(status))
        now, metrics = time.perf_counter(), self._metrics
        metrics.processed.add(*labels)
        metrics.validation.observe((self._checked or now) - self._started, *labels)
        if self._checked is not None:
            metrics.enqueueing.observe(now - self._checked, *labels)
