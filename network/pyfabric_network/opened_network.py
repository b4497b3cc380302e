"""A network that was opened: its folder, state and plan, and the code that its contract hosts serve."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pyfabric.errors import NetworkError
from pyfabric.extras import require
from pyfabric.local import files
from pyfabric_network.followed import followed_topology, keep_followed
from pyfabric_network.kept_code import code_of, forget, keep_all
from pyfabric_network.members.agreement import Agreement
from pyfabric_network.opening import prepared, remembered, with_contract_user
from pyfabric_network.runtimes.runtime import Runtime, RuntimeName
from pyfabric_network.runtimes.selection import Site, make_runtime
from pyfabric_network.state import (
    State,
    check_version,
    is_copy,
    keep_topology,
    plan_of,
    read_state,
)
from pyfabric_network.state_folder import MODULES, RESTORING, TOPOLOGY_COPY
from pyfabric_network.status import service_status
from pyfabric_network.topology.contracts import ContractPlan, ServedPackage
from pyfabric_network.topology.plan import Plan
from pyfabric_network.topology.spec import Topology
from pyfabric_network.topology.transition import union


class OpenedNetwork:
    """A network below `folder` (the state folder, which may hold several).

    `programs` is the folder of Fabric's own programs, if they are not on PATH, and `modules` the one that
    contracts' code is taken from; None for the code that is kept in the network's folder. `followed` is the topology
    that the channels have, while this one is ahead of it (see `pyfabric_network.followed`).
    """

    def __init__(
        self,
        folder: Path,
        topology: Topology,
        state: State,
        programs: Path | None = None,
        modules: Path | None = None,
    ) -> None:
        require("network", "httpx", "rfc8785")
        self.folder = folder
        self.topology = topology
        self.root = folder.absolute() / topology.name
        self.state = state
        self.runtime: Runtime = make_runtime(
            state.runtime, Site(self.root, topology.fabric, programs)
        )
        self._modules = modules
        self._programs = programs
        self.followed = followed_topology(self.root, state, topology)
        self.plan: Plan = self._make_plan()

    @classmethod
    def prepare(
        cls,
        file: Path,
        folder: Path,
        *,
        base_port: int | None = None,
        runtime: RuntimeName | None = None,
        programs: Path | None = None,
        contract_user: str | None = None,
    ) -> Self:
        """Return the network of a topology file, new or as it exists; nothing is written yet.

        From the next `up` on, contracts have the rights of `contract_user`, if given: only root can do that. `base_port` replaces the topology's, 0 finds free ports; a new network's `runtime` is embedded
        unless given. Raises TopologyError, also for a change that the existing network cannot follow, and
        NetworkError.
        """
        topology, state = prepared(file, folder, base_port=base_port, runtime=runtime)
        if contract_user is not None:
            state = with_contract_user(state, contract_user)
        modules = None if is_copy(file, folder / topology.name) else file.parent
        return cls(folder, topology, state, programs, modules)

    @classmethod
    def open(cls, folder: Path, name: str | None = None, *, programs: Path | None = None) -> Self:
        """Return an existing network, as it was last brought up; raises NetworkError if there is none.

        Without a name it is the only one in the folder.
        """
        topology, state = remembered(folder, name)
        return cls(folder, topology, state, programs)

    @classmethod
    def reopen(
        cls,
        folder: Path,
        name: str | None = None,
        *,
        base_port: int | None = None,
        runtime: RuntimeName | None = None,
        programs: Path | None = None,
        contract_user: str | None = None,
    ) -> Self:
        """Return an existing network with the present contents of its topology file; see `prepare`."""
        topology, state = remembered(folder, name)
        file = state.topology
        return cls.prepare(
            file if file.exists() else folder.absolute() / topology.name / TOPOLOGY_COPY,
            folder,
            base_port=base_port,
            runtime=runtime,
            programs=programs,
            contract_user=contract_user,
        )

    def running(self) -> bool:
        """Return whether any node of this machine runs."""
        return self.runtime.running()

    @property
    def node_names(self) -> tuple[str, ...]:
        """The names of the nodes, contract hosts and CA servers of this machine."""
        hosts = [department.contract_host.name for department in self.plan.own_with_peers]
        return (*(one.name for one in self.plan.own_servers), *hosts)

    def check_names(self, names: Sequence[str]) -> None:
        """Raise NetworkError for a name that no node, contract host or CA server of this machine has."""
        unknown = [name for name in names if name not in self.node_names]
        if unknown:
            raise NetworkError(
                f"no node of this machine is named {unknown[0]}; there are: {', '.join(self.node_names)}"
            )

    def _refuse_half_restored(self) -> None:
        if (self.root / RESTORING).exists():
            raise NetworkError(
                f"{self.root} was not restored completely: run `pyfabric network restore` again"
            )

    def _require_nodes(self) -> None:
        self._refuse_half_restored()
        if not self.plan.own:
            raise NetworkError(
                f"no nodes of {self.plan.name} run on this machine: it has no department's keys, which "
                "`pyfabric network member init` makes"
            )

    def _make_plan(self, **changes: Any) -> Plan:
        """Return the plan of the topology, with what its channels still have of the one before."""
        topology = self.topology if self.followed is None else union(self.followed, self.topology)
        return self._plan_of(topology, **changes)

    def _plan_of(self, topology: Topology, **changes: Any) -> Plan:
        """Return the plan of a topology, with these changes of what the network remembers."""
        return plan_of(self.state.model_copy(update=changes), topology, self.root)

    def _refresh(self) -> None:
        """Read again what contract hosts serve: another command may have changed it.

        Raises NetworkError for a network of another version: its files are elsewhere.
        """
        check_version(self.state, self.root)
        saved = read_state(self.root)
        served = () if saved is None else saved.served
        self.state = self.state.model_copy(update={"served": served})
        self.plan = self._make_plan()

    def _save(self) -> None:
        """Keep the topology as it is now, with the code of its contracts."""
        self._keep_code()
        keep_followed(self.root, self.state, self.topology)
        if self.state.topology.exists():
            keep_topology(self.state.topology, self.root)
        self._remember()
        self._forget_code()

    def _agreement(self) -> Agreement:
        return Agreement.kept(self.root, self.state.code)

    def _keep_code(self) -> None:
        """Copy the code of contracts, as it is now, to the network's folder."""
        with files.reported(self.root / MODULES, NetworkError):
            (self.root / MODULES).mkdir(exist_ok=True)  # contract hosts work in it
        if self._modules is None:
            return
        found = keep_all(code_of(self.topology, self._modules), self.root)
        self.state = self.state.model_copy(update={"code": found})
        self.plan = self._make_plan()

    def _forget_code(self) -> None:
        """Remove copies that are neither served nor the topology's."""
        served = [item.code for item in self.state.served]
        forget(self.root / MODULES, [*self.state.code.values(), *served])

    def _remember(self, **changes: Any) -> None:
        """Remember these changes of the state."""
        self.state = self.state.model_copy(update=changes)
        self.state.save(self.root)
        self.plan = self._make_plan()

    def _serve_new(self, contracts: Mapping[str, ContractPlan], *, reload: bool) -> None:
        """Serve these contracts, with their code as it is now, beside what is served.

        Raises NetworkError if a contract host cannot, and serves what it served before.
        """
        before = self.plan.served
        new = [
            replace(one.service, code=self.state.code.get(name, ""))
            for name, one in contracts.items()
            if one.service is not None
        ]
        labels = {item.label for item in new}
        kept = [item for item in before if item.label not in labels]
        if reload:
            self.runtime.serve(self.plan.serving(kept))
        self._serve([*kept, *new])
        down = self._down(new)
        if down:
            self._serve(before)
            raise NetworkError("; ".join(down))

    def _down(self, served: Sequence[ServedPackage]) -> list[str]:
        """Return a sentence for each of these packages that a contract host does not serve."""
        labels = {item.label for item in served}
        return [
            f"{one.name} of {one.department} is down: {one.problem}"
            for one in (service_status(self.plan) if served else ())
            if one.name in labels and one.problem is not None
        ]

    def _serve(self, wanted: Sequence[ServedPackage]) -> None:
        """Serve exactly these packages by the contract hosts, now and after a restart."""
        self.runtime.serve(self.plan.serving(wanted))
        self._remember(served=tuple(wanted))


def present() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)
