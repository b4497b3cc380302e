"""What a peer counts, under the names of Fabric's metrics.

Source: docs/source/metrics_reference.rst of Fabric 3.1, and what its programs answer. Seconds are of
time.perf_counter.
"""

from collections.abc import Collection

from pyfabric._operations.metrics import Registry
from pyfabric._operations.process import add_process_metrics
from pyfabric.errors import ValidationCode
from pyfabric.ledger.call_metrics import CallMetrics
from pyfabric.ledger.channel.channel import Channel, HasChannel
from pyfabric.ledger.channel.commit import CommittedBlock
from pyfabric.ledger.channel.metrics import UNKNOWN, add_height, header_type


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

    def __init__(self, registry: Registry, joined: Collection[HasChannel]) -> None:
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
        add_height(registry, joined)

    def committed(self, channel: Channel, block: CommittedBlock) -> None:
        """Count a block."""
        name = channel.channel_id
        self._validated.observe(block.validation_seconds, name)
        self._stored.observe(block.storage_seconds, name)
        for one in block.transactions:
            kind, code = header_type(one.kind), ValidationCode(one.code).name
            self._transactions.add(name, kind, one.chaincode or UNKNOWN, code)


class PeerMetrics:
    """Everything that a peer counts; `joined` is its channels, as it joins them."""

    def __init__(self, joined: Collection[HasChannel]) -> None:
        self.registry = Registry()
        add_process_metrics(self.registry)
        self.calls = CallMetrics(self.registry)
        self.endorser = EndorserMetrics(self.registry)
        self.shim = ShimMetrics(self.registry)
        self.ledger = LedgerMetrics(self.registry, joined)
