"""What a runtime is: the thing that makes the nodes of a Plan run."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # the command names runtimes without loading topologies
    from pyfabric_network.topology.plan import Plan, Served


class RuntimeName(StrEnum):
    """The runtimes there are (`runtimes` makes them)."""

    EMBEDDED = "embedded"
    NATIVE = "native"
    COMPOSE = "compose"


class Runtime(Protocol):
    """Starts and ends the nodes and contract hosts of one network; key material exists already."""

    def running(self) -> bool:
        """Whether any of the nodes runs."""
        ...

    def check(self, plan: "Plan", served: "Sequence[Served]") -> tuple[str, ...]:
        """Raise NetworkError for what would keep `start` from working; nothing is changed.

        A port that is in use, a program that is missing or too old. Answers warnings.
        """
        ...

    def idle(self, plan: "Plan", served: "Sequence[Served]") -> tuple[str, ...]:
        """The names of the nodes that `start` would start, anew or for the first time."""
        ...

    def start(self, plan: "Plan", served: "Sequence[Served]") -> None:
        """Exactly the nodes and services of this Plan run afterwards, and listen.

        What runs already as the Plan has it is left alone. Raises NetworkError or LedgerError;
        nothing that this call started is left running then.
        """
        ...

    def serve(self, plan: "Plan", served: "Sequence[Served]") -> None:
        """Have the contract hosts serve exactly these packages, and wait until they do."""
        ...

    def stop(self) -> bool:
        """End exactly what `start` and `serve` started; answers whether anything ran."""
        ...

    def discard(self) -> None:
        """Remove what stopped nodes have stored outside the network's folder."""
        ...

    def logs(self, *, follow: bool) -> Iterator[str]:
        """The logs, line by line; with `follow`, on and on while the nodes run."""
        ...
