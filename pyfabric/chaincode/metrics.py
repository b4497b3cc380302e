"""What a contract's server counts, by package id. Fabric counts nothing here: the names are ours."""

from pyfabric._operations.metrics import Registry


class ContractMetrics:
    """The transactions and streams of the packages that one process serves."""

    def __init__(self, registry: Registry) -> None:
        self.received = registry.counter(
            "contract_transactions_received", "Transactions that peers sent.", "package_id"
        )
        self.completed = registry.counter(
            "contract_transactions_completed",
            "Transactions that were answered; success is false where the contract refused.",
            "package_id",
            "success",
        )
        self.duration = registry.histogram(
            "contract_transaction_duration",
            "Seconds from a transaction's arrival to its answer.",
            "package_id",
            "success",
        )
        self._streams: dict[str, int] = {}
        registry.reading(
            "contract_peer_streams",
            "Peers that are connected.",
            ("package_id",),
            lambda: [((package_id,), count) for package_id, count in self._streams.items()],
        )

    def stream_opened(self, package_id: str) -> None:
        """Count a peer that has connected."""
        self._streams[package_id] = self._streams.get(package_id, 0) + 1

    def stream_closed(self, package_id: str) -> None:
        """Count a peer that has disconnected."""
        self._streams[package_id] -= 1
