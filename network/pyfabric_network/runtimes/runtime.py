"""What a runtime is: it runs the nodes of a plan."""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pyfabric_network.runtimes.log_choice import LogChoice

if TYPE_CHECKING:  # the command names runtimes without loading topologies
    from pyfabric_network.development import Development
    from pyfabric_network.runtimes.release import Releases
    from pyfabric_network.topology.nodes import Node
    from pyfabric_network.topology.plan import Plan


class RuntimeName(StrEnum):
    """The runtimes there are (`selection` makes them)."""

    EMBEDDED = "embedded"
    NATIVE = "native"
    COMPOSE = "compose"


def running_peer(name: str) -> str:
    """Return the message about a peer that cannot leave a channel, since it runs."""
    return f"{name} runs, and leaves a channel only while it is stopped: `pyfabric network stop {name}` first"


class Runtime(Protocol):
    """Starts and stops the nodes and contract hosts of one network; key material exists already.

    What contract hosts serve is in the plan (`Plan.served`).
    """

    def running(self) -> bool:
        """Return whether any of the nodes runs."""
        ...

    def check(self, plan: "Plan") -> tuple[str, ...]:
        """Raise NetworkError for what would keep `start` from working; return warnings.

        A port that is in use, a program that is missing or too old. Nothing is changed.
        """
        ...

    def idle(self, plan: "Plan") -> tuple[str, ...]:
        """Return the names of the nodes that `start` would start, again or for the first time."""
        ...

    def outdated(self, plan: "Plan") -> tuple[str, ...]:
        """Return the names of the nodes that run otherwise than they would be started now."""
        ...

    def process(self, node: str) -> str | None:
        """Return what runs a node, for people ("process 17"); None if nothing does."""
        ...

    def fault(self, node: str) -> str | None:
        """Return why a node that does not run has terminated, if its log ends with that."""
        ...

    def start(self, plan: "Plan", *, again: Collection[str] = ()) -> None:
        """Run exactly the nodes and services of this plan, and wait until they listen.

        What runs already as the plan has it is left alone, except the nodes and contract hosts in `again`:
        they are stopped and started. Raises NetworkError or LedgerError;
        nothing that this call started is left running then.
        """
        ...

    def serve(self, plan: "Plan") -> None:
        """Serve exactly the packages of this plan by the contract hosts, and wait until they do."""
        ...

    def stop(self) -> bool:
        """Stop exactly what `start` and `serve` started; return whether anything ran."""
        ...

    def discard(self) -> None:
        """Remove what stopped nodes have stored outside the network's folder."""
        ...

    def ledger_of(self, node: "Node") -> Path:
        """Return where a backup has the ledger of a node, in the network's folder."""
        ...

    def save_outside(self, plan: "Plan") -> None:
        """Copy what stopped nodes have stored outside the network's folder into it, for a backup.

        Raises NetworkError.
        """
        ...

    def check_outside(self, plan: "Plan") -> None:
        """Raise NetworkError if nothing can be restored outside the network's folder.

        Because an engine is missing, or has the data of another network.
        """
        ...

    def restore_outside(self, plan: "Plan") -> None:
        """Replace what nodes have stored outside the network's folder by the copies in it, and remove these.

        A node without a copy has stored nothing then. Raises NetworkError.
        """
        ...

    def start_nodes(self, plan: "Plan", names: Collection[str]) -> None:
        """Start some nodes and contract hosts of the plan, and wait until they work; nothing else is changed.

        Raises NetworkError, also where they cannot be started alone.
        """
        ...

    def stop_nodes(self, plan: "Plan", names: Collection[str]) -> None:
        """Stop some nodes and contract hosts; raises NetworkError, also where they cannot be stopped alone."""
        ...

    def halt(self, plan: "Plan", node: "Node") -> None:
        """Stop one node, on every runtime; `resume` or `start` starts it again. Raises NetworkError or LedgerError."""
        ...

    def resume(self, plan: "Plan", node: "Node") -> None:
        """Start one node that was halted, with its files as they are now; all others go on as they are.

        Raises NetworkError or LedgerError.
        """
        ...

    def forget(self, plan: "Plan", node: "Node") -> None:
        """Delete what a stopped node has stored of channels; raises NetworkError."""
        ...

    def leave(self, plan: "Plan", peer: "Node", channel: str) -> None:
        """Delete what a peer has of a channel, its private data too.

        Raises NetworkError if the peer runs, where nodes can be stopped alone, or if it has not joined.
        """
        ...

    def reachable(self, plan: "Plan", peer: "Node", folder: Path) -> AbstractContextManager[str]:
        """Hold a folder of this machine where a peer can read it, and give the path that it has there.

        Raises NetworkError, also where peers read none.
        """
        ...

    def was_stopped(self, node: str) -> bool:
        """Return whether a node that does not run was stopped, rather than terminated by itself."""
        ...

    def logs(self, plan: "Plan", choice: LogChoice, *, follow: bool) -> Iterator[str]:
        """Return the chosen lines of the logs; with `follow`, continue while the nodes run.

        Raises NetworkError for a choice of nodes whose logs are one.
        """
        ...

    @property
    def development(self) -> "Development | None":
        """The development tools of a development ledger; None where Fabric's own programs run."""
        ...

    @property
    def releases(self) -> "Releases | None":
        """Which release of Fabric nodes run; None for a development ledger."""
        ...
