"""A network and its state folder: up, down, status, and the deployment of contracts."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from pyfabric._grpc.driver import Driver
from pyfabric.client.effects import now
from pyfabric.errors import NetworkError
from pyfabric.extras import require
from pyfabric_network import readiness, steps
from pyfabric_network.contexts import Context, Contexts
from pyfabric_network.deployment import Deployed, deploy_all
from pyfabric_network.development import Development
from pyfabric_network.material.expiry import expiry_warnings
from pyfabric_network.material.integrity import block_digests, check_integrity, check_remembered
from pyfabric_network.material.material import make_material
from pyfabric_network.members.bundle import write_bundle
from pyfabric_network.pending import Step, pending
from pyfabric_network.ports import free_base
from pyfabric_network.profile import profile_file, write_profiles
from pyfabric_network.runtimes.embedded import EmbeddedRuntime
from pyfabric_network.runtimes.runtime import Runtime, RuntimeName
from pyfabric_network.runtimes.runtimes import Site, make_runtime
from pyfabric_network.state import State, keep_topology, locked, read_state
from pyfabric_network.state_folder import TOPOLOGY_COPY, networks
from pyfabric_network.status import NodeStatus, network_status, service_status
from pyfabric_network.steps import Report, silent
from pyfabric_network.topology.changes import check_change
from pyfabric_network.topology.plan import ADMIN, ContractPlan, Plan, Served, make_plan
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT, Topology
from pyfabric_network.topology.topologies import load_topology

ANY_FREE_PORT = 0
_DELETE = "delete it with `pyfabric network down --delete`"


class Network:
    """A network below `folder` (the state folder, which may hold several).

    `programs` is the folder of Fabric's own programs, if they are not on PATH.
    """

    def __init__(
        self, folder: Path, topology: Topology, state: State, programs: Path | None = None
    ) -> None:
        require("network", "httpx", "rfc8785")
        root = folder.absolute() / topology.name
        self.folder = folder
        self.state = state
        self.plan: Plan = make_plan(
            topology,
            root,
            base_port=state.base_port,
            served=state.served,
            places=state.places,
            containers=state.runtime is RuntimeName.COMPOSE,
        )
        self.runtime: Runtime = make_runtime(
            state.runtime, Site(root, state.topology.parent, topology.fabric, programs)
        )

    @classmethod
    def prepare(
        cls,
        file: Path,
        folder: Path,
        *,
        base_port: int | None = None,
        runtime: RuntimeName | None = None,
        programs: Path | None = None,
    ) -> Self:
        """The network of a topology file, new or as it exists; nothing is written yet.

        `base_port` replaces the topology's, 0 finds free ports; a new network's `runtime` is
        embedded unless given. Raises TopologyError, also for a change that the existing network
        cannot follow, and NetworkError.
        """
        topology = load_topology(file)
        root = folder / topology.name
        state = read_state(root)
        if state is None:
            check_remembered(root)
            port = topology.base_port if base_port is None else base_port
            state = State(
                topology=file.absolute(),
                base_port=port or _free_port(topology),
                runtime=runtime or RuntimeName.EMBEDDED,
            )
            return cls(folder, topology, state, programs)
        check_change(load_topology(root / TOPOLOGY_COPY), topology, file)
        if base_port not in (None, ANY_FREE_PORT, state.base_port):
            raise NetworkError(
                f"{topology.name} has its ports from {state.base_port} on: they are in its first "
                f"blocks; {_DELETE} to choose others"
            )
        if runtime not in (None, state.runtime):
            raise NetworkError(
                f"{topology.name} was made for the {state.runtime} runtime, and its ledgers are "
                f"there; {_DELETE} to choose another"
            )
        state = state.model_copy(update={"topology": file.absolute()})
        return cls(folder, topology, state, programs)

    @classmethod
    def open(cls, folder: Path, name: str | None = None, *, programs: Path | None = None) -> Self:
        """An existing network, as it was last brought up; raises NetworkError if there is none.

        Without a name it is the only one in the folder.
        """
        found = networks(folder)
        if name is None and len(found) != 1:
            which = (
                f"name one of {', '.join(found)}" if found else "`pyfabric network up` makes one"
            )
            raise NetworkError(f"{len(found) or 'no'} networks in {folder}: {which}")
        root = folder / (name or found[0])
        state = read_state(root)
        if state is None:
            raise NetworkError(
                f"no network named {name} in {folder}: `pyfabric network up` makes one"
            )
        return cls(folder, load_topology(root / TOPOLOGY_COPY), state, programs)

    @classmethod
    def reopen(
        cls,
        folder: Path,
        name: str | None = None,
        *,
        base_port: int | None = None,
        runtime: RuntimeName | None = None,
        programs: Path | None = None,
    ) -> Self:
        """An existing network with what its topology file says now; see `prepare`."""
        copy = cls.open(folder, name)
        file = copy.state.topology
        return cls.prepare(
            file if file.exists() else copy.plan.root / TOPOLOGY_COPY,
            folder,
            base_port=base_port,
            runtime=runtime,
            programs=programs,
        )

    def pending(self) -> list[Step]:
        """What `up` would do; nothing is changed. Raises NetworkError for what would keep it from it."""
        self._require_nodes()
        served = self._served()
        with closing(Driver()) as driver:
            check_integrity(self.plan, self.state.blocks)
            self.runtime.check(self.plan, served)
            return driver.run(pending(self.plan, served, self.runtime.idle(self.plan, served)))

    def up(self, report: Report = silent) -> tuple[str, ...]:
        """The network runs afterwards, with every channel joined; safe to repeat. Answers warnings.

        What runs already as it should is left alone. If it cannot come up, a network that did not
        run before does not run afterwards. Raises NetworkError, LedgerError, IdentityError,
        ConfigError, OrdererError, PeerResponseError or GatewayError.
        """
        self._require_nodes()
        total = 6
        with locked(self.plan.root), closing(Driver()) as driver:
            ran = self.runtime.running()
            check_integrity(self.plan, self.state.blocks)
            steps.check_first_blocks(self.plan)
            warnings = self.runtime.check(self.plan, self._served())
            self._save()
            report("keys and certificates", 0, total)
            make_material(self.plan, now=driver.run(now()))
            report("first blocks", 1, total)
            if not self.plan.places:  # between machines they come in bundles
                driver.run(steps.make_first_blocks(self.plan))
            self._remember(blocks=block_digests(self.plan))
            report("nodes", 2, total)
            self.runtime.start(self.plan, self._served())
            try:
                report("orderers join", 3, total)
                driver.run(steps.join_orderers(self.plan))
                report("peers join", 4, total)
                driver.run(steps.join_peers(self.plan))
                report("channels", 5, total)
                driver.run(readiness.await_channels(self.plan))
            except BaseException:
                if not ran:
                    self.runtime.stop()
                raise
            warnings += driver.run(readiness.absent(self.plan))
        write_profiles(self.plan)
        self._add_contexts()
        return (*warnings, *self.expiring())

    def deploy(
        self, names: Sequence[str] = (), report: Report = silent, *, reload: bool = False
    ) -> list[Deployed]:
        """These contracts (default: all) are committed on their channels; safe to repeat.

        `reload` starts the contract hosts anew, so that they load changed code. Raises NetworkError if the network does not run or a committed definition is in the way.
        """
        if not self.runtime.running():
            raise NetworkError(f"{self.plan.name} is not running: `pyfabric network up`")
        wanted = [self._contract(name) for name in names] or list(self.plan.contracts.values())
        work = [
            (channel, contract)
            for channel in self.plan.channels.values()
            for contract in channel.contracts
            if contract in wanted and channel.own
        ]
        with locked(self.plan.root), closing(Driver()) as driver:
            report("contract hosts", 0, len(work) + 1)
            if reload:
                self.runtime.serve(self.plan, ())
            kept = [item for item in self._served() if item.label not in _labels(wanted)]
            self._serve([*kept, *(each.served for each in wanted if each.served is not None)])
            deployed = driver.run(deploy_all(self.plan, work, report))
            if not any(one.waiting_for for one in deployed):
                current = _labels(self.plan.contracts.values())
                self._serve([item for item in self._served() if item.label in current])
        return deployed

    def bundle(self, department: str, target: Path) -> None:
        """The folder `target` is the department's bundle; the first blocks stay as they are from now on.

        Raises NetworkError if the network is on this machine alone or a department is not known yet,
        ConfigError if the folder is there.
        """
        found = self.plan.department(department)
        if not self.plan.places:
            raise NetworkError(
                f"{self.plan.name} is on this machine alone, and its first blocks say so: a network on "
                "many machines begins with `pyfabric network member init`"
            )
        with locked(self.plan.root), closing(Driver()) as driver:
            driver.run(steps.make_first_blocks(self.plan))
            self._save()
        write_bundle(self.plan, found, self.state.topology.parent, target)

    def down(self, *, delete: bool = False) -> bool:
        """Nothing that `up` started runs afterwards; answers whether anything ran.

        `delete` also removes keys, blocks and ledger.
        """
        with locked(self.plan.root):
            ran = self.runtime.stop()
            if delete:
                self.runtime.discard()
                shutil.rmtree(self.plan.root)
        if delete:
            contexts = Contexts(self.folder)
            for name in contexts.all():
                if name.startswith(f"{self.plan.name}/"):
                    contexts.remove(name)
        return ran

    def status(self) -> list[NodeStatus]:
        """Every node with the channels it has, then every contract service."""
        with closing(Driver()) as driver:
            nodes = driver.run(network_status(self.plan))
            services = driver.run(service_status(self.plan, self._served()))
        return [*nodes, *services]

    def development(self) -> Development:
        """The comforts of a development ledger; raises NetworkError if this network is not one."""
        if not isinstance(self.runtime, EmbeddedRuntime):
            raise NetworkError(
                f"{self.plan.name} runs on Fabric, which cannot do this: only the embedded runtime can"
            )
        return self.runtime.development()

    def expiring(self) -> tuple[str, ...]:
        """A sentence for each certificate on this machine that has expired or soon will."""
        with closing(Driver()) as driver:
            return expiry_warnings(self.plan, now=driver.run(now()))

    def logs(self, *, follow: bool = False) -> Iterator[str]:
        """The nodes' log, line by line."""
        return self.runtime.logs(follow=follow)

    def _require_nodes(self) -> None:
        if not self.plan.own:
            raise NetworkError(
                f"no nodes of {self.plan.name} run on this machine: it has no department's keys, which "
                "`pyfabric network member init` makes"
            )

    def _save(self) -> None:
        """Remember the topology as it is now."""
        if self.state.topology.exists():
            keep_topology(self.state.topology, self.plan.root)
        self._remember(served=self._served())

    def _remember(self, **changes: Any) -> None:
        """Remember these changes of the state."""
        self.state = self.state.model_copy(update=changes)
        self.state.save(self.plan.root)

    def _served(self) -> tuple[Served, ...]:
        state = read_state(self.plan.root)
        return () if state is None else state.served

    def _serve(self, wanted: Sequence[Served]) -> None:
        """The contract hosts serve exactly these, now and after a restart."""
        self.runtime.serve(self.plan, wanted)
        self._remember(served=tuple(wanted))

    def _add_contexts(self) -> None:
        """A context for each department here, unless there is one: first user, first channel."""
        contexts = Contexts(self.folder)
        for department in self.plan.own:
            name = f"{self.plan.name}/{department.name}"
            channels = [c.name for c in self.plan.channels.values() if department in c.departments]
            user = next((short for short in department.users if short != ADMIN), ADMIN)
            if name not in contexts.all() and channels:
                profile = profile_file(self.plan, department)
                contexts.put(name, Context(profile=profile, user=user, channel=channels[0]))

    def _contract(self, name: str) -> ContractPlan:
        if name not in self.plan.contracts:
            known = ", ".join(self.plan.contracts) or "none"
            raise NetworkError(f"no contract named {name} in {self.plan.name}; there are: {known}")
        return self.plan.contracts[name]


def _labels(contracts: Iterable[ContractPlan]) -> set[str]:
    return {contract.package.label for contract in contracts}


def _free_port(topology: Topology) -> int:
    return free_base(range(PORTS_PER_DEPARTMENT * len(topology.departments)))
