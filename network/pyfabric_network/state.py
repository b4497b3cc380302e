"""What a network's folder keeps between commands, besides keys, blocks and the ledger."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from pyfabric.errors import ConfigError, NetworkError
from pyfabric.local import files
from pyfabric_network.runtimes.runtime import RuntimeName
from pyfabric_network.state_folder import NETWORK_FILE, RESTORE, TOPOLOGY_COPY
from pyfabric_network.topology.contracts import ServedPackage
from pyfabric_network.topology.places import Place
from pyfabric_network.topology.plan import Plan, make_plan
from pyfabric_network.topology.spec import FurtherUser, Topology

_OWNERS: Final = 0o700
_OTHERS: Final = 0o077
STATE_VERSION: Final = 2
"""Of the layout of a network's folder. In version 1, whose files have none, the peers and orderers of a
department are one organisation, and contract hosts take everybody."""
_FIRST_VERSION: Final = 1


class State(BaseModel):
    """`version` is that of the folder's layout, `topology` the file the network was made from, `base_port`
    the ports it was given, `runtime` what makes it run, `served` the packages that contract hosts serve,
    `places` where departments run that have machines of their own, `blocks` the digests of the genesis
    blocks (see `integrity`), `code` those of the contracts' files (see `kept_code`), `contract_user` whose
    rights contracts have, None for the operator's, `left` the nodes that have left a channel, by channel, and
    `users` those whom the topology does not have, by MSP id and short name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int = STATE_VERSION
    topology: Path
    base_port: int
    runtime: RuntimeName = RuntimeName.EMBEDDED
    served: tuple[ServedPackage, ...] = ()
    places: Mapping[str, Place] = Field(default_factory=dict)
    blocks: Mapping[str, str] = Field(default_factory=dict)
    code: Mapping[str, str] = Field(default_factory=dict)
    contract_user: str | None = None
    left: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    users: Mapping[str, Mapping[str, FurtherUser]] = Field(default_factory=dict)

    def save(self, root: Path) -> None:
        """Write it below `root`, durably; raises NetworkError."""
        text = self.model_copy(update={"topology": _relative(self.topology, root)}).model_dump_json(
            indent=2
        )
        text += "\n"
        files.write_public(root / NETWORK_FILE, text.encode(), error=NetworkError)


def read_state(root: Path) -> State | None:
    """Return what `root` remembers, or None if there is no network; raises NetworkError if unreadable."""
    file = root / NETWORK_FILE
    try:
        content = {"version": _FIRST_VERSION, **json.loads(file.read_bytes())}
        _refuse_later(content, root)
        state = State.model_validate(content)
        return state.model_copy(update={"topology": _absolute(state.topology, root)})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:  # ValidationError is a ValueError
        raise NetworkError(f"{file} is damaged: {RESTORE}") from error


def _relative(file: Path, root: Path) -> Path:
    """Return a path as it is kept: from the network's folder, so that both can be moved together."""
    folder = os.path.relpath(file.absolute().parent.resolve(), root.resolve())
    return Path(folder) / file.name


def _absolute(file: Path, root: Path) -> Path:
    """Return a path that `_relative` made; earlier versions kept absolute ones."""
    path = root.absolute() / file
    return path if path.parent == root.absolute() else path.parent.resolve() / path.name


def check_version(state: State, root: Path) -> None:
    """Raise NetworkError for a network that an earlier version of this project made."""
    if state.version < STATE_VERSION:
        raise NetworkError(
            f"{root} was made by an earlier version, in which the peers and orderers of a department are one "
            "organisation: use it with that version, or give up its keys and ledgers with `pyfabric network "
            "down --delete` and bring it up again"
        )


def _refuse_later(content: Mapping[str, object], root: Path) -> None:
    version = content["version"]
    if isinstance(version, int) and version > STATE_VERSION:
        raise NetworkError(f"{root} was made by a later version: use it with that version")


def plan_of(state: State, topology: Topology, root: Path) -> Plan:
    """Work a topology out below `root` for a network that remembers this state; raises NetworkError as `make_plan`."""
    return make_plan(
        topology,
        root,
        base_port=state.base_port,
        served=state.served,
        places=state.places,
        containers=state.runtime is RuntimeName.COMPOSE,
        code=state.code,
        contract_user=state.contract_user,
        left=state.left,
        users=state.users,
        every_ca=state.runtime is RuntimeName.EMBEDDED,
    )


def is_copy(file: Path, root: Path) -> bool:
    """Return whether a topology file is the copy in the network's folder, whose code is kept there too."""
    return file.name == TOPOLOGY_COPY and file.parent.resolve() == root.resolve()


def keep_topology(source: Path, root: Path) -> None:
    """Copy a topology file to below `root`, unless it is that copy; raises NetworkError."""
    copy = root / TOPOLOGY_COPY
    if not (copy.exists() and source.samefile(copy)):
        with files.reported(copy, NetworkError):
            content = source.read_bytes()
        files.write_public(copy, content, error=NetworkError)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the network's lock, so that two commands never change it at once.

    The folder becomes its owner's alone: private data and the locks of processes are in it. Raises
    NetworkError if another command holds the lock, ConfigError if the folder cannot be used.
    """
    try:
        _make_private(root)
        lock = (root / "lock").open("w")
    except OSError as error:
        raise ConfigError(
            f"{error.filename or root} cannot be written: {error.strerror}; choose another state folder "
            "with --state or PYFABRIC_STATE"
        ) from error
    with lock as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NetworkError(f"another command is changing the network in {root}") from error
        yield


def _make_private(root: Path) -> None:
    """Make the folder, or take away the rights of others to one that is there; raises ConfigError."""
    root.mkdir(parents=True, exist_ok=True, mode=_OWNERS)
    found = root.stat()
    if found.st_uid != os.geteuid():
        raise ConfigError(
            f"{root}: belongs to another user, who can read and change the network: run the command "
            "as that user, or give the folder to this one (chown)"
        )
    if found.st_mode & _OTHERS:
        root.chmod(_OWNERS)
