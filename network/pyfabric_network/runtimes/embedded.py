"""The embedded runtime: every node of a network in one development ledger process."""

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pyfabric.errors import LedgerError, NetworkError
from pyfabric.ledger.config import HostConfig, LedgerConfig, OrdererConfig, PeerConfig, TLSFiles
from pyfabric.local import files
from pyfabric_network.development import Development
from pyfabric_network.ports import check_free
from pyfabric_network.runtimes.contract_hosts import HOST_COMMAND, builder_values, host_services
from pyfabric_network.runtimes.log_files import last_line, read_logs
from pyfabric_network.runtimes.process import Background, next_line
from pyfabric_network.topology.plan import DepartmentPlan, Member, Node, Plan, Served

DEVELOPMENT = "development.sock"
_ANSWER_SECONDS = 60.0
_END_SECONDS = 15.0
# Contract hosts finish what runs before they end, for ten seconds at most.
_LEFTOVER_SECONDS = 15.0


class EmbeddedRuntime:
    """A development ledger below `root`; contract classes are imported from `modules`."""

    def __init__(self, root: Path, *, modules: Path) -> None:
        self._root = root
        self._modules = modules
        self._config = root / "ledger.json"
        self._process = Background(root / "ledger.pid")
        self._answers = root / "ledger.answers"
        self._log = root / "ledger.log"

    def running(self) -> bool:
        """Whether the ledger's process runs."""
        return self._process.pid() is not None

    def check(self, plan: Plan, served: Sequence[Served]) -> tuple[str, ...]:
        """Raise NetworkError for a port that is in use.

        A ledger that was killed leaves contract hosts that are ending: they are given the time.
        """
        if not self.running():
            patience = _LEFTOVER_SECONDS if self._process.was_killed() else 0.0
            check_free(plan.listening(served), patience=patience)
        return ()

    def idle(self, plan: Plan, served: Sequence[Served]) -> tuple[str, ...]:
        """All nodes, unless the one process has exactly these."""
        if self._runs(plan, served):
            return ()
        return tuple(node.name for node in (*plan.orderers, *plan.peers))

    def start(self, plan: Plan, served: Sequence[Served]) -> None:
        """Start the ledger and wait until everything listens; one that runs as it should, stays.

        Raises LedgerError with the ledger's own words if it gives up, NetworkError if a contract
        host does not come to listen; nothing is left running then.
        """
        if self._runs(plan, served):
            self.serve(plan, served)  # a contract host may have died
            return
        self.stop()
        self._write(plan, served)
        command = [sys.executable, "-m", "pyfabric.ledger", str(self._config)]
        self._process.start(command, output=self._answers, log=self._log, folder=self._modules)
        try:
            self._await_answer("ready", after=0)
        except BaseException:
            self._process.end(patience=_END_SECONDS)
            raise

    def serve(self, plan: Plan, served: Sequence[Served]) -> None:
        """Have the contract hosts serve exactly these packages.

        Raises NetworkError if the ledger does not run or a host does not come to serve one.
        """
        if not self.running():
            raise NetworkError(f"{plan.name} is not running")
        self._write(plan, served)
        said = self._answers.stat().st_size
        self._process.signal(signal.SIGHUP)
        self._await_answer("reloaded", after=said)

    def development(self) -> Development:
        """What the ledger can do, and Fabric cannot, for its developer."""
        return Development(self._root / DEVELOPMENT)

    def stop(self) -> bool:
        """End the ledger, and with it the contract hosts; answers whether it ran."""
        return self._process.end(patience=_END_SECONDS)

    def discard(self) -> None:
        """Nothing: all is in the network's folder."""

    def logs(self, *, follow: bool) -> Iterator[str]:
        """The ledger's log, line by line."""
        return read_logs({"ledger": self._log}, follow=follow, running=self.running)

    def _runs(self, plan: Plan, served: Sequence[Served]) -> bool:
        """Whether the ledger runs with exactly the nodes and services of this Plan."""
        return self.running() and LedgerConfig.load(self._config) == ledger_config(plan, served)

    def _write(self, plan: Plan, served: Sequence[Served]) -> None:
        text = ledger_config(plan, served).model_dump_json(indent=2) + "\n"
        files.write_public(self._config, text.encode(), error=NetworkError)

    def _await_answer(self, word: str, *, after: int) -> None:
        """Wait for {word: true} from the ledger; LedgerError with its own words if it says no."""
        line = next_line(self._answers, after, self._process, timeout=_ANSWER_SECONDS)
        if line is None:
            raise LedgerError(f"no answer from the ledger in {_ANSWER_SECONDS:.0f} s: {self._log}")
        try:
            said: dict[str, Any] = json.loads(line or b"{}")
        except ValueError as error:
            raise LedgerError(f"the ledger said {line!r}: {self._log}") from error
        if said.get(word) is not True:
            raise LedgerError(
                said.get("error") or f"the ledger ended at once: {last_line(self._log)}"
            )


def ledger_config(plan: Plan, served: Sequence[Served]) -> LedgerConfig:
    """The development ledger's configuration for a Plan."""
    return LedgerConfig(
        folder=plan.root / "ledger",
        development=plan.root / DEVELOPMENT,
        peers=[_peer(peer, builder_values(plan.owner(peer))) for peer in plan.peers],
        orderers=[_orderer(node) for node in plan.orderers],
        hosts=[_host(department, served) for department in plan.departments.values() if served],
    )


def _peer(node: Node, builder: dict[str, str]) -> PeerConfig:
    return PeerConfig(
        name=node.name,
        msp_id=node.msp_id,
        address=str(node.outside),
        msp=node.member.msp,
        tls=_tls(node.member),
        builder=builder,
        gateway_address=str(node.inside),
        operations_address=str(node.operations),
        operations_client_roots=node.member.tls_roots,
    )


def _orderer(node: Node) -> OrdererConfig:
    return OrdererConfig(
        name=node.name,
        msp_id=node.msp_id,
        address=str(node.outside),
        msp=node.member.msp,
        tls=_tls(node.member),
        admin_address=str(node.admin),
        admin_client_roots=node.member.tls_roots,
        operations_address=str(node.operations),
        operations_client_roots=node.member.tls_roots,
    )


def _host(department: DepartmentPlan, served: Sequence[Served]) -> HostConfig:
    return HostConfig(
        name=department.contract_host.name,
        argv=list(HOST_COMMAND),
        services=host_services(department, served),
    )


def _tls(member: Member) -> TLSFiles:
    return TLSFiles(certificate=member.tls_certificate, key=member.tls_key)
