"""A network's folder from a backup: everything is checked before anything is replaced."""

import shutil
from contextlib import ExitStack
from pathlib import Path

from pyfabric.errors import ConfigError, NetworkError
from pyfabric.local import files
from pyfabric_network.backups.archive import Facts, unpack
from pyfabric_network.backups.rejoining import advice, rejoining
from pyfabric_network.replacing import draft_of_network, recover, replace_network
from pyfabric_network.runtimes.runtime import Runtime, RuntimeName
from pyfabric_network.runtimes.selection import Site, make_runtime
from pyfabric_network.state import State, check_version, locked, plan_of, read_state
from pyfabric_network.state_folder import NETWORK_FILE, RESTORING, TOPOLOGY_COPY
from pyfabric_network.topology.loading import load_topology
from pyfabric_network.topology.plan import Plan


def restore(
    file: Path, folder: Path, *, passphrase: str | None, programs: Path | None, keep_orderers: bool
) -> tuple[str, tuple[str, ...]]:
    """Replace the network in the state folder `folder` that a backup is of; return its name and warnings.

    `keep_orderers` lets orderers go on from the backup although others are elsewhere (see `rejoining`).
    Raises ConfigError for a backup that is damaged, and NetworkError if the network that is there runs, or for
    orderers that may not go on; nothing is changed then. Raises NetworkError too if data outside the folder
    cannot be replaced: `up` refuses the network until it is restored.
    """
    recover(folder)
    with draft_of_network(folder) as draft:
        facts = unpack(file, draft, passphrase)
        root = folder.absolute() / _checked_name(facts, file)
        state = _adapted_state(draft, facts, file)
        plan = _plan(state, draft)
        runtime = _runtime(state.runtime, draft, plan, programs)
        without = rejoining(plan, keep=keep_orderers)
        for node in without:
            _remove(runtime.ledger_of(node))
        with ExitStack() as stack:
            if root.exists():
                stack.enter_context(locked(root))
                _refuse_running(root, plan)
            runtime = _runtime(state.runtime, root, plan, programs)
            runtime.check_outside(plan)
            replace_network(draft, root)
            runtime.restore_outside(_plan(state, root))
            (root / RESTORING).unlink()
    return plan.name, advice(plan, without)


def _checked_name(facts: Facts, file: Path) -> str:
    if Path(facts.network).name != facts.network or facts.network.startswith("."):
        raise ConfigError(f"{file}: {facts.network!r} in it is not a network's name")
    return facts.network


def _adapted_state(draft: Path, facts: Facts, file: Path) -> State:
    """Return what the network remembers, with the topology that is in the backup; raises ConfigError."""
    state = read_state(draft)
    if state is None:
        raise ConfigError(f"{file}: has no {NETWORK_FILE}")
    check_version(state, draft)
    topology = draft / TOPOLOGY_COPY
    if load_topology(topology).name != facts.network:
        raise ConfigError(f"{file}: its topology is of another network than {facts.network}")
    state = state.model_copy(update={"topology": topology})
    state.save(draft)
    files.write_private(draft / RESTORING, b"", error=ConfigError)
    return state


def _plan(state: State, root: Path) -> Plan:
    return plan_of(state, load_topology(root / TOPOLOGY_COPY), root)


def _runtime(name: RuntimeName, root: Path, plan: Plan, programs: Path | None = None) -> Runtime:
    return make_runtime(name, Site(root, plan.topology.fabric, programs))


def _refuse_running(root: Path, plan: Plan) -> None:
    """Raise NetworkError if any node of the network below `root` runs, whatever its runtime is."""
    if any(_runtime(name, root, plan).running() for name in RuntimeName):
        raise NetworkError(
            f"{plan.name} in {root} runs, and a restore replaces its keys and ledgers: stop it first "
            "(`pyfabric network down`)"
        )


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
