"""What the nodes of the ledger count, under the names of Fabric's metrics.

Source: docs/source/metrics_reference.rst of Fabric 3.1, and what its programs answer. Seconds are of
time.perf_counter.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Final

from fabric_protos.common import common_pb2

from pyfabric._operations.metrics import Registry
from pyfabric._operations.process import add_process_metrics
from pyfabric.errors import StatusCode, ValidationCode
from pyfabric.ledger.channel.channel import ChannelLedger, CommittedBlock
from pyfabric.ledger.failures import CallError
from pyfabric.messages.go_texts import enum_name, status_name

Channels = Callable[[], Iterable[ChannelLedger]]

_UNKNOWN: Final = "unknown"


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


class Call:
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


class EndorserMetrics:
    """Proposals that a peer's endorser got."""

    def __init__(self, registry: Registry) -> None:
        self.received = registry.counter("endorser_proposals_received", "Proposals that came.")
        self.successful = registry.counter(
            "endorser_successful_proposals", "Proposals that were endorsed or evaluated."
        )
        self.invalid = registry.counter(
            "endorser_proposal_validation_failures", "Proposals refused for their form or creator."
        )
        self.denied = registry.counter(
            "endorser_proposal_acl_failures",
            "Proposals refused by an access rule.",
            "channel",
            "chaincode",
        )
        self.duplicates = registry.counter(
            "endorser_duplicate_transaction_failures",
            "Proposals whose transaction is in the ledger.",
            "channel",
            "chaincode",
        )
        self.failed = registry.counter(
            "endorser_proposal_simulation_failures",
            "Proposals whose chaincode could not be run to its end.",
            "channel",
            "chaincode",
        )
        self.refused = registry.counter(
            "endorser_endorsement_failures",
            "Proposals that were run and not endorsed.",
            "channel",
            "chaincode",
            "chaincodeerror",
        )
        self.duration = registry.histogram(
            "endorser_proposal_duration",
            "Seconds that proposals took.",
            "channel",
            "chaincode",
            "success",
        )


class ShimMetrics:
    """What a peer's contracts ask of it; `chaincode` is a package id."""

    def __init__(self, registry: Registry) -> None:
        labels = ("type", "channel", "chaincode")
        self.received = registry.counter(
            "chaincode_shim_requests_received", "Requests of contracts.", *labels
        )
        self.completed = registry.counter(
            "chaincode_shim_requests_completed", "Requests that were answered.", *labels, "success"
        )
        self.duration = registry.histogram(
            "chaincode_shim_request_duration", "Seconds until the answer.", *labels, "success"
        )
        self.timeouts = registry.counter(
            "chaincode_execute_timeouts", "Transactions that took too long.", "chaincode"
        )
        self.launches = registry.histogram(
            "chaincode_launch_duration",
            "Seconds until a contract's server was connected and registered.",
            "chaincode",
            "success",
        )
        self.launch_failures = registry.counter(
            "chaincode_launch_failures", "Connections to contracts that failed.", "chaincode"
        )


class LedgerMetrics:
    """The blocks of a node's channels."""

    def __init__(self, registry: Registry, channels: Channels) -> None:
        self._validated = registry.histogram(
            "ledger_block_processing_time", "Seconds to validate a block.", "channel"
        )
        self._stored = registry.histogram(
            "ledger_blockstorage_and_pvtdata_commit_time",
            "Seconds to write a block and its state.",
            "channel",
        )
        self._transactions = registry.counter(
            "ledger_transaction_count",
            "Transactions in blocks.",
            "channel",
            "transaction_type",
            "chaincode",
            "validation_code",
        )
        add_height(registry, channels)

    def committed(self, ledger: ChannelLedger, block: CommittedBlock) -> None:
        """Count a block."""
        channel = ledger.channel_id
        self._validated.observe(block.validation_seconds, channel)
        self._stored.observe(block.storage_seconds, channel)
        for one in block.transactions:
            kind, code = _header_type(one.kind), ValidationCode(one.code).name
            self._transactions.add(channel, kind, one.chaincode or _UNKNOWN, code)


class PeerMetrics:
    """Everything that a peer counts."""

    def __init__(self, channels: Channels) -> None:
        self.registry = Registry()
        add_process_metrics(self.registry)
        self.calls = CallMetrics(self.registry)
        self.endorser = EndorserMetrics(self.registry)
        self.shim = ShimMetrics(self.registry)
        self.ledger = LedgerMetrics(self.registry, channels)


class OrdererMetrics:
    """Everything that an orderer counts; `is_consenter` tells consenters of a channel from followers."""

    def __init__(self, channels: Channels, is_consenter: Callable[[str], bool]) -> None:
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
        add_height(registry, channels)
        for consensus in ("etcdraft", "BFT"):
            _add_consensus(registry, consensus, channels)
        registry.reading(
            "participation_status",
            "1: the orderer is on the channel.",
            ("channel",),
            lambda: [((each.channel_id,), 1) for each in channels()],
        )
        registry.reading(
            "participation_consensus_relation",
            "1: the orderer is a consenter of the channel; 2: it follows it.",
            ("channel",),
            lambda: [
                ((each.channel_id,), 1 if is_consenter(each.channel_id) else 2)
                for each in channels()
            ],
        )


def _add_consensus(registry: Registry, consensus: str, channels: Channels) -> None:
    def of_kind() -> list[ChannelLedger]:
        return [each for each in channels() if each.config.consensus_type == consensus]

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
        self._channel = self._type = _UNKNOWN
        self.transaction_id = ""
        self._started = time.perf_counter()
        self._checked: float | None = None

    def identified(self, header: common_pb2.ChannelHeader) -> None:
        """The message's channel, type and transaction could be read."""
        self.transaction_id = header.tx_id
        self._channel = header.channel_id
        self._type = _header_type(header.type)

    def checked(self) -> None:
        """The message may be ordered."""
        self._checked = time.perf_counter()

    def answered(self, status: int) -> None:
        """The message was answered."""
        labels = (self._channel, self._type, common_pb2.Status.Name(status))
        now, metrics = time.perf_counter(), self._metrics
        metrics.processed.add(*labels)
        metrics.validation.observe((self._checked or now) - self._started, *labels)
        if self._checked is not None:
            metrics.enqueueing.observe(now - self._checked, *labels)


def add_height(registry: Registry, channels: Channels) -> None:
    """Have the registry tell how far a node's channels have come."""
    registry.reading(
        "ledger_blockchain_height",
        "Blocks of the channel.",
        ("channel",),
        lambda: [((each.channel_id,), each.height) for each in channels()],
    )


def _header_type(number: int) -> str:
    return _UNKNOWN if number < 0 else enum_name(common_pb2.HeaderType.DESCRIPTOR, number)
