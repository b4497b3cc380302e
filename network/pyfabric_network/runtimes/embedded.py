"""The embedded runtime: every node of a network in one development ledger process."""

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

from pyfabric.errors import LedgerError, NetworkError
from pyfabric.ledger.config import (
    AuthorityConfig,
    CAConfig,
    HostConfig,
    LedgerConfig,
    OrdererConfig,
    PeerConfig,
    TLSFiles,
)
from pyfabric_network.development import Development
from pyfabric_network.material.ca_server import REGISTRAR, certificates_digest
from pyfabric_network.ports import check_free
from pyfabric_network.runtimes.contract_hosts import (
    HOST_COMMAND,
    builder_values,
    can_fill,
    host_services,
)
from pyfabric_network.runtimes.in_folder import InFolder
from pyfabric_network.runtimes.log_choice import LogChoice
from pyfabric_network.runtimes.log_files import read_logs
from pyfabric_network.runtimes.process import Background
from pyfabric_network.runtimes.reloading import ReloadingProcess
from pyfabric_network.state_folder import MODULES
from pyfabric_network.topology.ca_servers import CAServer
from pyfabric_network.topology.contracts import ServedPackage
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

N = TypeVar("N", PeerConfig, OrdererConfig, CAConfig)

DEVELOPMENT = "development.sock"
_LEDGER = "ledger"
_REGISTRY = "registry.db"
_STOP_SECONDS = 15.0
# Contract hosts finish what runs before they stop, for ten seconds at most.
_LEFTOVER_SECONDS = 15.0


class EmbeddedRuntime(InFolder):
    """A development ledger below `root`; contract classes are imported from the modules kept there."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._modules = root / MODULES
        self._config = root / "ledger.json"
        self._process = Background(root / "ledger.pid")
        self._log = root / "ledger.log"

    def running(self) -> bool:
        """Return whether the ledger's process runs."""
        return self._process.pid() is not None

    def check(self, plan: Plan) -> tuple[str, ...]:
        """Raise NetworkError for a port that is in use.

        A ledger that was killed leaves contract hosts that are stopping: this waits for them.
        """
        if self.running():
            hosts = [one.contract_host.name for one in plan.own_with_peers]
            present = self._present()
            check_free(plan.listening(running=[*present, *hosts]))
        else:
            timeout = _LEFTOVER_SECONDS if self._process.was_killed() else 0.0
            check_free(plan.listening(), timeout=timeout)
        return ()

    def idle(self, plan: Plan) -> tuple[str, ...]:
        """Return the nodes that the one process does not have, or all if it must be started again."""
        if self._runs(plan):
            return ()
        present = self._nodes(LedgerConfig.load(self._config)) if self._can_change(plan) else ()
        return tuple(one.name for one in plan.own_servers if one.name not in present)

    def outdated(self, plan: Plan) -> tuple[str, ...]:
        """Return the nodes that run with other settings than the plan's."""
        if not self.running():
            return ()
        wanted, present = self._nodes(ledger_config(plan)), self._present()
        return tuple(name for name, one in present.items() if wanted.get(name, one) != one)

    def process(self, node: str) -> str | None:
        """Return the ledger's process, which runs every node."""
        pid = self._process.pid()
        return None if pid is None else f"process {pid}"

    def fault(self, _node: str) -> str | None:
        """Return None: the ledger's process does not terminate for one node."""
        return None

    def start(self, plan: Plan, *, again: Collection[str] = ()) -> None:
        """Start the ledger and wait until everything listens; one that runs as it should is kept.

        It runs all nodes: with any in `again`, or if the settings of a peer or an orderer have changed, it is stopped and
        started; nodes that are new or gone come and go while the others run, and CA servers with other settings.

        Raises LedgerError with the ledger's own error if it or a contract host cannot start; nothing is
        left running then.
        """
        if not again and self._runs(plan):
            self.serve(plan)  # by the settings of now
            return
        if not again and self._can_change(plan):
            self._ledger.reload(_content(plan), until=_has("reloaded"))
            return
        self.stop()
        command = [sys.executable, "-P", "-m", "pyfabric.ledger", str(self._config)]
        try:
            self._ledger.start(_content(plan), command, folder=self._modules, until=_has("ready"))
        except BaseException:
            self.stop()
            raise

    def serve(self, plan: Plan) -> None:
        """Serve exactly the packages of this plan by the contract hosts; its nodes go on as they are.

        Raises NetworkError if the ledger does not run, LedgerError if a host cannot serve one.
        """
        if not self.running():
            raise NetworkError(f"{plan.name} is not running")
        now = LedgerConfig.load(self._config)
        nodes = {"peers": now.peers, "orderers": now.orderers}
        content = _bytes(ledger_config(plan).model_copy(update=nodes))
        self._ledger.reload(content, until=_has("reloaded"))

    @property
    def development(self) -> Development:
        """The development tools of the ledger."""
        return Development(self._root / DEVELOPMENT)

    @property
    def releases(self) -> None:
        """None: the development ledger is a part of this package."""

    def stop(self) -> bool:
        """Stop the ledger, and with it the contract hosts; return whether it ran."""
        return self._process.stop(timeout=_STOP_SECONDS)

    def ledger_of(self, node: Node) -> Path:
        """Return the one ledger of all nodes."""
        return self._root / _LEDGER

    def start_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Raise NetworkError: one process runs all nodes."""
        raise _indivisible(f"start {' '.join(names)} alone", "`pyfabric network up` starts all")

    def stop_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Raise NetworkError: one process runs all nodes."""
        raise _indivisible(f"stop {' '.join(names)} alone", "`pyfabric network down` stops all")

    def halt(self, plan: Plan, node: Node) -> None:
        """Stop one node of the running ledger."""
        self._run_nodes(plan, {name for name in self._present() if name != node.name})

    def resume(self, plan: Plan, node: Node) -> None:
        """Start one node in the running ledger."""
        self._run_nodes(plan, {*self._present(), node.name})

    def _present(self) -> dict[str, PeerConfig | OrdererConfig | CAConfig]:
        return self._nodes(LedgerConfig.load(self._config))

    def _run_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Run exactly these nodes: peers and orderers that run already go on with the settings that they have."""
        wanted, present = ledger_config(plan), LedgerConfig.load(self._config)
        peers = {**_by_name(wanted.peers), **_by_name(present.peers)}
        orderers = {**_by_name(wanted.orderers), **_by_name(present.orderers)}
        nodes = {
            "peers": [peers[one.name] for one in wanted.peers if one.name in names],
            "orderers": [orderers[one.name] for one in wanted.orderers if one.name in names],
            "cas": [one for one in wanted.cas if one.name in names],
        }
        content = _bytes(wanted.model_copy(update=nodes))
        self._ledger.reload(content, until=_has("reloaded"))

    def forget(self, plan: Plan, node: Node) -> None:
        """Do nothing: the blocks of a channel are those of all nodes."""

    def leave(self, plan: Plan, peer: Node, channel: str) -> None:
        """Take a peer of the running ledger out of a channel: it cannot be stopped alone."""
        try:
            self.development.leave(peer.name, channel)
        except LedgerError as error:
            raise NetworkError(str(error)) from error

    def reachable(self, _plan: Plan, peer: Node, _folder: Path) -> AbstractContextManager[str]:
        """Raise NetworkError: peers of the development ledger share its blocks."""
        raise NetworkError(
            f"{peer.name} is a peer of the development ledger, which knows no snapshots of Fabric: join it from the "
            "genesis block (`pyfabric channel join` without --snapshot), or run the network on native or compose"
        )

    def was_stopped(self, node: str) -> bool:
        """Return whether the ledger was stopped."""
        return not self.running() and not self._process.was_killed()

    def logs(self, plan: Plan, choice: LogChoice, *, follow: bool) -> Iterator[str]:
        """Return the lines of the ledger's log, which is one for all nodes."""
        if choice.nodes:
            raise _indivisible("log nodes apart", "leave their names out")
        return read_logs({"ledger": self._log}, choice, follow=follow, running=self.running)

    def _runs(self, plan: Plan) -> bool:
        """Return whether the ledger runs with exactly the nodes of this plan."""
        if not (self.running() and all(map(can_fill, plan.own_with_peers))):
            return False
        configs = LedgerConfig.load(self._config), ledger_config(plan)
        now, wanted = (config.model_copy(update={"hosts": []}) for config in configs)
        return now == wanted

    def _can_change(self, plan: Plan) -> bool:
        """Return whether the ledger runs, and its peers and orderers that this plan has are as it has them."""
        if not (self.running() and all(map(can_fill, plan.own_with_peers))):
            return False
        wanted = self._nodes(ledger_config(plan))
        return all(
            wanted.get(name, one) == one
            for name, one in self._present().items()
            if not isinstance(one, CAConfig)
        )

    @staticmethod
    def _nodes(config: LedgerConfig) -> dict[str, PeerConfig | OrdererConfig | CAConfig]:
        return {**_by_name(config.peers), **_by_name(config.orderers), **_by_name(config.cas)}

    @property
    def _ledger(self) -> ReloadingProcess:
        return ReloadingProcess(
            what="the development ledger",
            error=LedgerError,
            process=self._process,
            wanted=self._config,
            answers=self._root / "ledger.answers",
            log=self._log,
        )


def _by_name(nodes: Sequence[N]) -> dict[str, N]:
    return {one.name: one for one in nodes}


def _indivisible(what: str, instead: str) -> NetworkError:
    return NetworkError(
        f"the embedded runtime cannot {what}: its nodes are one process; {instead}, or use the native or the "
        "compose runtime"
    )


def _has(word: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda answer: answer.get(word) is True


def _content(plan: Plan) -> bytes:
    return _bytes(ledger_config(plan))


def _bytes(config: LedgerConfig) -> bytes:
    return config.model_dump_json(indent=2).encode() + b"\n"


def ledger_config(plan: Plan) -> LedgerConfig:
    """Return the development ledger's configuration for a plan."""
    return LedgerConfig(
        folder=plan.root / _LEDGER,
        development=plan.root / DEVELOPMENT,
        peers=[_peer(peer, builder_values(plan.owner(peer))) for peer in plan.peers],
        orderers=[_orderer(node) for node in plan.orderers],
        cas=[_ca_server(server) for server in plan.own_ca_servers],
        hosts=[
            _host(department, plan.served_by(department), plan.contract_user)
            for department in plan.own_with_peers
            if plan.served_by(department)
        ],
    )


def _peer(node: Node, builder: dict[str, str]) -> PeerConfig:
    return PeerConfig(
        name=node.name,
        msp_id=node.msp_id,
        address=str(node.outside),
        msp=node.member.msp,
        tls=_tls(node),
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
        tls=_tls(node),
        admin_address=str(node.admin),
        admin_client_roots=node.member.tls_roots,
        operations_address=str(node.operations),
        operations_client_roots=node.member.tls_roots,
    )


def _ca_server(server: CAServer) -> CAConfig:
    return CAConfig(
        name=server.name,
        address=str(server.address),
        tls=TLSFiles(certificate=server.member.tls_certificate, key=server.member.tls_key),
        registrar=REGISTRAR,
        secret=server.registrar_secret,
        authorities=[
            AuthorityConfig(
                name=ca.name,
                certificate=ca.certificate,
                key=ca.key,
                chain=ca.chain,
                registry=ca.home / _REGISTRY,
                tls=ca.tls,
            )
            for ca in server.served
        ],
        operations_address=str(server.operations),
        operations_client_roots=server.member.tls_roots,
        certificates=certificates_digest(server),
    )


def _host(
    department: DepartmentPlan, served: Sequence[ServedPackage], user: str | None
) -> HostConfig:
    return HostConfig(
        name=department.contract_host.name,
        argv=list(HOST_COMMAND),
        services=host_services(department, served, user=user),
    )


def _tls(node: Node) -> TLSFiles:
    own = node.member
    return TLSFiles(
        certificate=own.tls_certificate,
        key=own.tls_key,
        client_roots=own.tls_roots if node.client else None,
    )
