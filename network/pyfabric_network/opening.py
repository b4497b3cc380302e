"""Which network a command works on: a new one from a topology file, or one that exists in a state folder."""

import os
import pwd
from pathlib import Path

from pyfabric.errors import FabricError, NetworkError
from pyfabric_network.channels.following import Following, with_keys
from pyfabric_network.connections import Connections
from pyfabric_network.kept_code import code_of, digests
from pyfabric_network.material.integrity import check_remembered
from pyfabric_network.ports import free_base
from pyfabric_network.replacing import recover
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.state import State, check_version, is_copy, plan_of, read_state
from pyfabric_network.state_folder import TOPOLOGY_COPY, networks
from pyfabric_network.topology.changes import check_change, lacking_between_machines
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan
from pyfabric_network.topology.spec import PORTS_PER_DEPARTMENT, Topology

ANY_FREE_PORT = 0
"""As `base_port`: choose ports that are free."""
_ANEW = "a network of another name can have others"


def prepared(
    file: Path, folder: Path, *, base_port: int | None, runtime: RuntimeName | None
) -> tuple[Topology, State]:
    """Return the network of a topology file, new or as it exists in the state folder `folder`.

    See `Network.prepare` for the arguments and errors.
    """
    recover(folder)
    topology = load_topology(file)
    root = folder / topology.name
    state = read_state(root)
    if state is None:
        check_remembered(root)
        port = topology.base_port if base_port is None else base_port
        return topology, State(
            topology=file.absolute(),
            base_port=port or _free_port(topology),
            runtime=runtime or RuntimeName.EMBEDDED,
            code=digests(code_of(topology, file.parent)),
        )
    check_version(state, root)
    before = load_topology(root / TOPOLOGY_COPY)
    check_change(
        before,
        topology,
        file,
        base_port=state.base_port,
        lacking=lambda: _lacking(before, topology, root, state),
    )
    if base_port not in (None, ANY_FREE_PORT, state.base_port):
        raise NetworkError(
            f"{topology.name} has its ports from {state.base_port} on: they are in its genesis blocks; {_ANEW}"
        )
    if runtime not in (None, state.runtime):
        raise NetworkError(
            f"{topology.name} was made for the {state.runtime} runtime, which has its ledgers; a network "
            "of another name can have another"
        )
    code = state.code if is_copy(file, root) else digests(code_of(topology, file.parent))
    return topology, state.model_copy(update={"topology": file.absolute(), "code": code})


def wanted_plan(folder: Path, name: str | None) -> Plan:
    """Return an existing network by its topology file as it is now, which its channels may not follow yet.

    Raises NetworkError if there is no such network, TopologyError for a file that is no topology.
    """
    topology, state = remembered(folder, name)
    root = folder / topology.name
    file = state.topology if state.topology.exists() else root / TOPOLOGY_COPY
    return plan_of(state, load_topology(file), root.absolute())


def _lacking(before: Topology, after: Topology, root: Path, state: State) -> list[str] | None:
    """Return what the running channels lack of a topology, in words; None if they do not say."""
    if state.places:
        return lacking_between_machines(before, after)
    if not before.channels.keys() <= after.channels.keys():
        return None
    plans = [plan_of(state, one, root.absolute()) for one in (before, after)]
    try:
        with with_keys(plans[1]) as planned, Connections(plans[0]) as connections:
            return Following(plans[0], planned, plans[0]).all_words(connections)
    except (FabricError, OSError):
        return None


def with_contract_user(state: State, name: str) -> State:
    """Return the state of a network whose contracts have the rights of a user of this machine.

    Raises NetworkError for one that they cannot have: only root can start processes of other users.
    """
    try:
        user = pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise NetworkError(
            f"contracts cannot run as {name}: this machine has no such user"
        ) from error
    if state.runtime is RuntimeName.COMPOSE:
        raise NetworkError("contracts run in containers, which have no users of this machine")
    if os.geteuid() not in (0, user):
        raise NetworkError(f"contracts cannot run as {name}: only root can start them so")
    return state.model_copy(update={"contract_user": name})


def remembered(folder: Path, name: str | None) -> tuple[Topology, State]:
    """Return a network of a state folder as it was last brought up; see `Network.open`."""
    recover(folder)
    found = networks(folder)
    if name is None and len(found) != 1:
        which = f"name one of {', '.join(found)}" if found else "`pyfabric network up` makes one"
        raise NetworkError(f"{len(found) or 'no'} networks in {folder}: {which}")
    root = folder / (name or found[0])
    state = read_state(root)
    if state is None:
        raise NetworkError(f"no network named {name} in {folder}: `pyfabric network up` makes one")
    return load_topology(root / TOPOLOGY_COPY), state


def _free_port(topology: Topology) -> int:
    return free_base(range(PORTS_PER_DEPARTMENT * len(topology.departments)))
