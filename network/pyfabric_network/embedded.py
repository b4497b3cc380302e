"""The embedded runtime: every node of a network in one development ledger process."""

import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pyfabric.errors import LedgerError, NetworkError
from pyfabric.ledger.config import HostConfig, LedgerConfig, OrdererConfig, PeerConfig, TLSFiles
from pyfabric_network.plan import DepartmentPlan, Member, Node, Plan, Served
from pyfabric_network.process import Background, next_line

_ANSWER_SECONDS = 60.0
_END_SECONDS = 15.0


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

    def was_killed(self) -> bool:
        """Whether the ledger ended without being stopped: its contract hosts may still be ending."""
        return self._process.was_killed()

    def runs(self, plan: Plan, served: Sequence[Served]) -> bool:
        """Whether the ledger runs with exactly the nodes and services of this Plan."""
        return self.running() and LedgerConfig.load(self._config) == ledger_config(plan, served)

    def start(self, plan: Plan, served: Sequence[Served]) -> None:
        """Start the ledger and wait until everything listens.

        Raises LedgerError with the ledger's own words if it gives up, NetworkError if it runs
        already or a contract host does not come to listen; nothing is left running then.
        """
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

    def stop(self) -> bool:
        """End the ledger, and with it the contract hosts; answers whether it ran."""
        return self._process.end(patience=_END_SECONDS)

    def logs(self, *, follow: bool) -> Iterator[str]:
        """The ledger's log, line by line."""
        if not self._log.exists():
            return
        with self._log.open(encoding="utf-8", errors="replace") as lines:
            while True:
                line = lines.readline()
                if line:
                    yield line.rstrip("\n")
                elif follow and self.running():
                    time.sleep(0.2)
                else:
                    return

    def _write(self, plan: Plan, served: Sequence[Served]) -> None:
        temporary = self._config.with_suffix(".new")
        config = ledger_config(plan, served)
        temporary.write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
        temporary.replace(self._config)

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
            raise LedgerError(said.get("error") or self._last_words())

    def _last_words(self) -> str:
        lines = [line for line in self.logs(follow=False) if line.strip()]
        return f"the ledger ended at once: {lines[-1] if lines else 'it said nothing'}"


def ledger_config(plan: Plan, served: Sequence[Served]) -> LedgerConfig:
    """The development ledger's configuration for a Plan."""
    return LedgerConfig(
        folder=plan.root / "ledger",
        peers=[_peer(peer, _builder(plan.owner(peer))) for peer in plan.peers],
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


def _builder(department: DepartmentPlan) -> dict[str, str]:
    """What fills the templates of packages at this department's peers."""
    roots = department.contract_host.tls_roots.read_text(encoding="utf-8")
    return {"root_cert": roots, **department.builder_addresses()}


def _host(department: DepartmentPlan, served: Sequence[Served]) -> HostConfig:
    member = department.contract_host
    services = [
        {
            "package_id": item.package_id,
            "address": str(department.contract_address(item.slot)),
            "contracts": list(item.classes),
            "tls_certificate": str(member.tls_certificate),
            "tls_key": str(member.tls_key),
            "client_roots": None,
        }
        for item in served
    ]
    operations = {
        "address": str(department.host_operations),
        "tls_certificate": str(member.tls_certificate),
        "tls_key": str(member.tls_key),
        "client_roots": str(member.tls_roots),
    }
    return HostConfig(
        name=member.name,
        argv=[sys.executable, "-m", "pyfabric.chaincode.host"],
        services={"services": services, "operations": operations},
    )


def _tls(member: Member) -> TLSFiles:
    return TLSFiles(certificate=member.tls_certificate, key=member.tls_key)
