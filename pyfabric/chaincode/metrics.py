"""What a contract's server counts, and the metrics of these counts. Fabric has none: the names are ours."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from mmap import mmap
from typing import Final

from pyfabric._operations.metrics import BUCKETS, Observed, Registry

_STREAMS: Final = 0
_RECEIVED: Final = 1
_OUTCOMES: Final = {True: 2, False: 2 + len(BUCKETS) + 2}
_NUMBERS: Final = _OUTCOMES[False] + len(BUCKETS) + 2
_BYTES: Final = 8
_NANOSECONDS: Final = 1_000_000_000


class ContractCounts:
    """The transactions and streams of one package, as whole numbers in memory that forked processes share.

    One process counts and its parent reads: so they outlive the process that counted.
    """

    def __init__(self) -> None:
        self._numbers = memoryview(mmap(-1, _NUMBERS * _BYTES)).cast("Q")

    def received(self) -> None:
        """Count a transaction that a peer sent."""
        self._numbers[_RECEIVED] += 1

    def completed(self, seconds: float, *, success: bool) -> None:
        """Count a transaction that was answered, `seconds` after it came."""
        first = _OUTCOMES[success]
        self._numbers[first + bisect_left(BUCKETS, seconds)] += 1
        self._numbers[first + len(BUCKETS) + 1] += int(seconds * _NANOSECONDS)

    def stream_opened(self) -> None:
        """Count a peer that has connected."""
        self._numbers[_STREAMS] += 1

    def stream_closed(self) -> None:
        """Count a peer that has disconnected."""
        self._numbers[_STREAMS] -= 1

    def process_terminated(self) -> None:
        """Note that no peer is connected any more."""
        self._numbers[_STREAMS] = 0

    @property
    def streams(self) -> int:
        """How many peers are connected."""
        return self._numbers[_STREAMS]

    @property
    def transactions_received(self) -> int:
        """How many transactions peers have sent."""
        return self._numbers[_RECEIVED]

    def outcomes(self) -> Iterator[tuple[str, Observed]]:
        """Yield the seconds of the transactions by success ("true" and "false"), where there are any."""
        for success, first in _OUTCOMES.items():
            end = first + len(BUCKETS) + 1
            observed = Observed(
                self._numbers[first:end].tolist(), self._numbers[end] / _NANOSECONDS
            )
            if observed.count:
                yield str(success).lower(), observed


def add_contract_metrics(
    registry: Registry, counts: Callable[[], Mapping[str, ContractCounts]]
) -> None:
    """Add the metrics of these counts, by package id."""

    def outcomes() -> Iterable[tuple[tuple[str, str], Observed]]:
        for package_id, each in counts().items():
            for success, observed in each.outcomes():
                yield (package_id, success), observed

    registry.reading(
        "contract_transactions_received",
        "Transactions that peers sent.",
        ("package_id",),
        lambda: [((name,), each.transactions_received) for name, each in counts().items()],
        kind="counter",
    )
    registry.reading(
        "contract_transactions_completed",
        "Transactions that were answered; success is false where the contract refused.",
        ("package_id", "success"),
        lambda: [(labels, observed.count) for labels, observed in outcomes()],
        kind="counter",
    )
    registry.histogram_reading(
        "contract_transaction_duration",
        "Seconds from a transaction's arrival to its answer.",
        ("package_id", "success"),
        outcomes,
    )
    registry.reading(
        "contract_peer_streams",
        "Peers that are connected.",
        ("package_id",),
        lambda: [((name,), each.streams) for name, each in counts().items()],
    )
