"""What a runtime is: the thing that makes the nodes of a Plan run."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from pyfabric_network.plan import Plan, Served


class Runtime(Protocol):
    """Starts and ends the nodes and contract hosts of one network; key material exists already."""

    def running(self) -> bool:
        """Whether the nodes run."""
        ...

    def was_killed(self) -> bool:
        """Whether the nodes ended without being stopped: what they left may still hold ports."""
        ...

    def runs(self, plan: Plan, served: Sequence[Served]) -> bool:
        """Whether exactly the nodes and services of this Plan run."""
        ...

    def start(self, plan: Plan, served: Sequence[Served]) -> None:
        """Start every node and contract host, and wait until all listen.

        Raises NetworkError or LedgerError, and then leaves nothing running.
        """
        ...

    def serve(self, plan: Plan, served: Sequence[Served]) -> None:
        """Have the contract hosts serve exactly these packages, and wait until they do."""
        ...

    def stop(self) -> bool:
        """End exactly what `start` started; answers whether anything ran."""
        ...

    def logs(self, *, follow: bool) -> Iterator[str]:
        """The log, line by line; with `follow`, on and on while the nodes run."""
        ...
