"""The native runtime: Fabric's `peer`, `orderer` and `fabric-ca-server` as local processes, one for each node.

Each process outlives the command that started it and is found again by its lock (see `process`): what
an interrupted `up` left, the next `up` continues with and `down` stops.
"""

import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from pyfabric.errors import NetworkError
from pyfabric.local import files
from pyfabric.local.sockets import listens
from pyfabric.local.waiting import poll
from pyfabric_network.connections import Connections, health
from pyfabric_network.development import Development
from pyfabric_network.parallel import side_by_side
from pyfabric_network.ports import check_free
from pyfabric_network.runtimes.builder import write_builder
from pyfabric_network.runtimes.contract_hosts import builder_values, can_fill, host_services
from pyfabric_network.runtimes.in_folder import InFolder
from pyfabric_network.runtimes.log_choice import LogChoice
from pyfabric_network.runtimes.log_files import last_line, panic, read_logs
from pyfabric_network.runtimes.native_ca import NativeCA
from pyfabric_network.runtimes.native_host import NativeHost
from pyfabric_network.runtimes.node_config import BUILDER_VARIABLE, orderer_config, peer_config
from pyfabric_network.runtimes.node_programs import NodePrograms
from pyfabric_network.runtimes.process import Background
from pyfabric_network.runtimes.programs import find_ca_server, unjoin
from pyfabric_network.runtimes.release import Releases
from pyfabric_network.runtimes.runtime import running_peer
from pyfabric_network.state_folder import MODULES
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.plan import Plan

_READY_SECONDS = 60.0
_STOP_SECONDS = 15.0
_PAUSE = 0.02
_LOG_FORMAT = "%{time:2006-01-02T15:04:05.000Z07:00} %{level} %{module} %{message}"


@dataclass(frozen=True, slots=True)
class Launch:
    """How one of Fabric's programs is started: a process that runs was started with its own."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    config: Mapping[str, Any]
    config_file: str


class NativeRuntime(InFolder):
    """The processes below `root`; contract classes are imported from the modules kept there.

    Fabric's programs of a new network are in `programs`, or else on PATH; it keeps them (see `NodePrograms`).
    """

    def __init__(self, root: Path, *, programs: Path | None, fabric: str) -> None:
        self._root = root
        self._folder = root / "nodes"
        self._modules = root / MODULES
        self._given = programs
        self._programs = NodePrograms(root, programs, fabric)

    def running(self) -> bool:
        """Return whether any process runs."""
        return any(process.pid() is not None for process in self._processes().values())

    def check(self, plan: Plan) -> tuple[str, ...]:
        """Raise NetworkError for a missing or old program, or a port that is in use."""
        running = [name for name in self._processes() if self._runs(name)]
        check_free(plan.listening(running=running))
        if plan.own_ca_servers:
            _ = self._ca_program
        return self._programs.check(plan.own_nodes)

    def idle(self, plan: Plan) -> tuple[str, ...]:
        """Return the nodes that do not run, or not as the plan has them."""
        nodes = [one.name for one in plan.own_nodes if not self._runs_as(plan, one)]
        cas = [one for one in self._cas(plan) if not one.runs_as_planned(self._ca_program)]
        return (*nodes, *(one.server.name for one in cas))

    def outdated(self, plan: Plan) -> tuple[str, ...]:
        """Return the nodes whose processes were started otherwise."""
        return tuple(name for name in self.idle(plan) if self._runs(name))

    def process(self, node: str) -> str | None:
        """Return the node's process."""
        pid = self._process(node).pid()
        return None if pid is None else f"process {pid}"

    def fault(self, node: str) -> str | None:
        """Return why Fabric's program has panicked, with its log."""
        log = self._folder / node / "log"
        why = panic(log)
        return None if why is None else f"{why} ({log})"

    def start(self, plan: Plan, *, again: Collection[str] = ()) -> None:
        """Start what does not run yet, and what is in `again`, and wait until all is healthy.

        Raises NetworkError with the end of the log of a node that stopped.
        """
        idle = {*self.idle(plan), *again}
        nodes = plan.own_nodes
        hosts = [department.contract_host for department in plan.own_with_peers]
        cas = self._cas(plan)
        planned = {one.name for one in plan.own_servers} | {host.name for host in hosts}
        self._stop([name for name in self._processes() if name in idle or name not in planned])
        self._programs.keep()
        write_builder(self._builder)
        starting = [node for node in nodes if node.name in idle]
        try:
            self.serve(plan)  # first: peers that start show the certificates of now
            for node in starting:
                self._start(node.name, self._launch(plan, node))
            self._start_cas(plan, [one for one in cas if one.server.name in idle])
            self._await_health(plan, starting)
        except BaseException:
            self._stop(list(idle))
            raise

    def serve(self, plan: Plan) -> None:
        """Serve exactly the packages of this plan by each department's contract host."""
        self._stop(
            [one.contract_host.name for one in plan.own_with_peers if not plan.served_by(one)]
        )
        self._serve(plan, plan.own_with_peers)

    def _serve(self, plan: Plan, departments: Sequence[DepartmentPlan]) -> None:
        """Serve the packages of this plan by the contract hosts of these departments."""
        side_by_side(
            [
                partial(
                    self._host(department.contract_host.name).serve,
                    host_services(department, plan.served_by(department), user=plan.contract_user),
                )
                for department in departments
                if plan.served_by(department)
            ]
        )

    @property
    def development(self) -> Development | None:
        """None: Fabric has no development tools."""
        return None

    @property
    def releases(self) -> Releases:
        """The folders of programs that nodes run."""
        return self._programs

    def stop(self) -> bool:
        """Stop every process; return whether any ran."""
        return self._stop(list(self._processes()))

    def ledger_of(self, node: Node) -> Path:
        """Return the folder with a node's data."""
        return self._folder / node.name / "data"

    def start_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Start those of these nodes and hosts that do not run, and wait until they are healthy.

        If one cannot be started, none of them is left running that did not run before.
        """
        new = [name for name in names if not self._runs(name)]
        others = [one.name for one in plan.own_servers if one.name not in new]
        check_free(plan.listening(running=[*others, *_host_names(plan)]))
        nodes = [node for node in plan.own_nodes if node.name in new]
        try:
            self._serve(plan, [one for one in plan.own_with_peers if one.contract_host.name in new])
            write_builder(self._builder)
            for node in nodes:
                self._start(node.name, self._launch(plan, node))
            self._start_cas(plan, [one for one in self._cas(plan) if one.server.name in new])
            self._await_health(plan, nodes)
        except BaseException:
            self._stop(new)
            raise

    def stop_nodes(self, plan: Plan, names: Collection[str]) -> None:
        """Stop these processes."""
        self._stop(list(names))

    def halt(self, plan: Plan, node: Node) -> None:
        """Stop a node's process."""
        self._stop([node.name])

    def resume(self, plan: Plan, node: Node) -> None:
        """Start a node alone."""
        self.start_nodes(plan, [node.name])

    def forget(self, plan: Plan, node: Node) -> None:
        """Delete a stopped node's data."""
        data = self.ledger_of(node)
        with files.reported(data, NetworkError), suppress(FileNotFoundError):
            shutil.rmtree(data)

    def leave(self, plan: Plan, peer: Node, channel: str) -> None:
        """Delete a stopped peer's ledger of a channel, as `peer node unjoin` does."""
        if self._runs(peer.name):
            raise NetworkError(running_peer(peer.name))
        launch = self._launch(plan, peer)
        self._configure(peer.name, launch)
        unjoin(self._programs.of(peer), channel, launch.environment)

    @contextmanager
    def reachable(self, _plan: Plan, _peer: Node, folder: Path) -> Iterator[str]:
        """Give the folder's own path: the peer is a process of the same user."""
        yield str(folder.absolute())

    def was_stopped(self, node: str) -> bool:
        """Return whether the node's process is gone by `stop`, which leaves no file with its id."""
        return not self._process(node).file.exists()

    def logs(self, plan: Plan, choice: LogChoice, *, follow: bool) -> Iterator[str]:
        """Return the logs of processes; each line begins with the name of its own."""
        files = {
            path.parent.name: path
            for path in sorted(self._folder.glob("*/log"))
            if not choice.nodes or path.parent.name in choice.nodes
        }
        return read_logs(files, choice, follow=follow, running=self.running)

    @cached_property
    def _ca_program(self) -> Path:
        return find_ca_server(self._given)

    def _cas(self, plan: Plan) -> list[NativeCA]:
        return [
            NativeCA(self._folder / one.cas.name, one, one.cas)
            for one in plan.own
            if one.cas is not None
        ]

    def _start_cas(self, plan: Plan, cas: Sequence[NativeCA]) -> None:
        """Start CA servers, and wait until they are healthy; raises NetworkError."""
        for one in cas:
            one.start(self._ca_program)
        with Connections(plan) as connections:
            side_by_side([partial(one.await_health, connections) for one in cas])

    @property
    def _builder(self) -> Path:
        return self._root / "builder"

    def _host(self, name: str) -> NativeHost:
        return NativeHost(self._folder / name, self._modules)

    def _process(self, name: str) -> Background:
        return Background(self._folder / name / "pid")

    def _processes(self) -> dict[str, Background]:
        """Return every process that was started and not stopped."""
        names = sorted(path.parent.name for path in self._folder.glob("*/pid"))
        return {name: self._process(name) for name in names}

    def _runs(self, name: str) -> bool:
        return self._process(name).pid() is not None

    def _runs_as(self, plan: Plan, node: Node) -> bool:
        """Return whether a node runs as it would be started now."""
        record = self._folder / node.name / "launch.json"
        if not (self._runs(node.name) and record.exists()):
            return False
        if node.admin is None and not can_fill(plan.owner(node)):
            return False
        return record.read_text(encoding="utf-8") == _record(self._launch(plan, node))

    def _launch(self, plan: Plan, node: Node) -> Launch:
        return self._peer(plan, node) if node.admin is None else self._orderer(plan, node)

    def _peer(self, plan: Plan, node: Node) -> Launch:
        folder = self._folder / node.name
        return Launch(
            argv=(str(self._programs.of(node)), "node", "start"),
            environment={
                **_environment(folder),
                BUILDER_VARIABLE: json.dumps(builder_values(plan.owner(node))),
            },
            config=peer_config(plan, node, data=folder / "data", builder=self._builder),
            config_file="core.yaml",
        )

    def _orderer(self, plan: Plan, node: Node) -> Launch:
        folder = self._folder / node.name
        return Launch(
            argv=(str(self._programs.of(node)),),
            environment=_environment(folder),
            config=orderer_config(plan, node, data=folder / "data"),
            config_file="orderer.yaml",
        )

    def _configure(self, name: str, launch: Launch) -> None:
        """Write the configuration that a node's program reads."""
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for part in ("data", "tmp"):
            (folder / part).mkdir(exist_ok=True)
        config = yaml.safe_dump(launch.config, sort_keys=False)
        files.write_public(folder / launch.config_file, config.encode(), error=NetworkError)

    def _start(self, name: str, launch: Launch) -> None:
        folder = self._folder / name
        self._configure(name, launch)
        _remove_builds(folder / "data")
        files.write_public(folder / "launch.json", _record(launch).encode(), error=NetworkError)
        self._process(name).start(
            launch.argv,
            output=Path(os.devnull),
            log=folder / "log",
            folder=folder,
            environment=launch.environment,
        )

    def _await_health(self, plan: Plan, nodes: Sequence[Node]) -> None:
        """Wait until each of these nodes listens and is healthy."""
        waiting = list(nodes)
        with Connections(plan) as connections:

            def unready() -> Node | None:
                waiting[:] = [one for one in waiting if not self._is_ready(one, connections)]
                return next(iter(waiting), None)

            node = poll(unready, every=_PAUSE, timeout=_READY_SECONDS)
        if node is not None:
            log = self._folder / node.name / "log"
            raise NetworkError(
                f"{node.name} is not healthy after {_READY_SECONDS:.0f} s: {last_line(log)} ({log})"
            )

    def _is_ready(self, node: Node, connections: Connections) -> bool:
        if not self._runs(node.name):
            log = self._folder / node.name / "log"
            raise NetworkError(f"{node.name} terminated at once: {last_line(log)} ({log})")
        if not all(map(listens, node.listening().values())):
            return False
        found = health(connections.operations(node))
        return found is not None and found.is_healthy

    def _stop(self, names: Sequence[str]) -> bool:
        """Stop these processes, all at once; return whether any ran."""
        stops = [partial(self._process(name).stop, timeout=_STOP_SECONDS) for name in names]
        return any(side_by_side(stops))


def _host_names(plan: Plan) -> list[str]:
    return [one.contract_host.name for one in plan.own_with_peers]


def _record(launch: Launch) -> str:
    """Return how a process was started, with a digest in place of the variable that holds a key."""
    record = asdict(launch)
    environment = record["environment"]
    if BUILDER_VARIABLE in environment:
        digest = sha256(environment[BUILDER_VARIABLE].encode()).hexdigest()
        record["environment"] = environment | {BUILDER_VARIABLE: f"sha256:{digest}"}
    return json.dumps(record, indent=2) + "\n"


def _remove_builds(data: Path) -> None:
    """Remove what a peer built of its packages: it keeps builds, with all that filled them, for ever.

    A certificate, key or address that has changed since would never be read. Source: CachedBuild in
    core/container/externalbuilder/externalbuilder.go of Fabric 3.1.
    """
    builds = data / "externalbuilder" / "builds"
    with files.reported(builds, NetworkError), suppress(FileNotFoundError):
        shutil.rmtree(builds)


def _environment(folder: Path) -> dict[str, str]:
    """Return the whole environment of a process: ours could hold variables that Fabric reads as settings."""
    return {
        "FABRIC_CFG_PATH": str(folder),
        "FABRIC_LOGGING_FORMAT": _LOG_FORMAT,
        "FABRIC_LOGGING_SPEC": "info",
        "PATH": os.defpath,
        "TMPDIR": str(folder / "tmp"),
    }
