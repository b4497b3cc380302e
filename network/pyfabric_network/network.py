"""A network and its state folder: up, down, status, and the deployment of contracts."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pyfabric._grpc.drivers import Driver
from pyfabric.errors import NetworkError
from pyfabric_network import steps
from pyfabric_network.changes import check_change
from pyfabric_network.contexts import Context, Contexts
from pyfabric_network.deployment import deploy
from pyfabric_network.embedded import EmbeddedRuntime
from pyfabric_network.material import make_material
from pyfabric_network.plan import ADMIN, Plan, make_plan
from pyfabric_network.ports import free_base
from pyfabric_network.profile import write_profiles
from pyfabric_network.runtime import Runtime
from pyfabric_network.spec import PORTS_PER_DEPARTMENT, Topology, load_topology
from pyfabric_network.state import TOPOLOGY_COPY, State, locked, networks, read_state
from pyfabric_network.status import NodeStatus, network_status
from pyfabric_network.steps import Report, silent

ANY_FREE_PORT = 0


@dataclass(frozen=True)
class Network:
    """A network below `folder` (the state folder, which may hold several)."""

    folder: Path
    state: State
    plan: Plan
    runtime: Runtime

    @classmethod
    def prepare(cls, file: Path, folder: Path, *, base_port: int | None = None) -> Self:
        """The network of a topology file, new or as it exists; nothing is written yet.

        `base_port` replaces the topology's, 0 finds free ports. Raises TopologyError, also for a
        change that the existing network cannot follow, and NetworkError.
        """
        topology = load_topology(file)
        root = folder.absolute() / topology.name
        state = read_state(root)
        if state is None:
            state = State(topology=file.absolute(), base_port=_base_port(topology, base_port))
        else:
            check_change(load_topology(root / TOPOLOGY_COPY), topology, file)
            if base_port not in (None, ANY_FREE_PORT, state.base_port):
                raise NetworkError(
                    f"{topology.name} has its ports from {state.base_port} on: they are in its first "
                    "blocks; delete it with `pyfabric network down --delete` to choose others"
                )
        return cls._of(folder, topology, root, replace_topology(state, file))

    @classmethod
    def open(cls, folder: Path, name: str | None = None) -> Self:
        """An existing network, as it was last brought up; raises NetworkError if there is none.

        Without a name it is the only one in the folder.
        """
        root = _existing(folder, name)
        state = read_state(root)
        if state is None:
            raise NetworkError(f"no network named {name} in {folder}: `pyfabric network up` makes one")
        return cls._of(folder, load_topology(root / TOPOLOGY_COPY), root, state)

    @classmethod
    def reopen(cls, folder: Path, name: str | None = None) -> Self:
        """An existing network with what its topology file says now."""
        found = cls.open(folder, name)
        file = found.state.topology
        return cls.prepare(file, folder) if file.exists() else found

    @classmethod
    def _of(cls, folder: Path, topology: Topology, root: Path, state: State) -> Self:
        plan = make_plan(topology, root, base_port=state.base_port, served=state.served)
        return cls(folder, state, plan, EmbeddedRuntime(root, modules=state.topology.parent))
