"""What of a network's folder is in its backup: all that a start does not make again."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from pyfabric.errors import ConfigError
from pyfabric_network.state_folder import PROGRAMS_FILE

# Of this machine, and of the processes that run, or ran: below the network's folder, and below the folder of a node.
_PASSING: Final = frozenset(
    {
        "lock",
        "pid",
        "pid.start",
        "ledger.pid",
        "ledger.pid.start",
        "log",
        "ledger.log",
        "answers",
        "ledger.answers",
        "tmp",
        PROGRAMS_FILE,
    }
)
_NODES: Final = "nodes"
_DRAFT: Final = re.compile(r"\..+\.new")
_COMPILED: Final = "__pycache__"


def contents(root: Path) -> Iterator[PurePosixPath]:
    """Yield the folders and files of a backup, from `root` on, each folder before what is in it.

    Raises ConfigError for a symbolic link: what it leads to would be missing.
    """
    for path in sorted(root.rglob("*")):
        name = PurePosixPath(path.relative_to(root))
        if any(_passes(parent) for parent in (name, *name.parents)):
            continue
        if path.is_symlink():
            raise ConfigError(
                f"{path}: is a symbolic link: a backup has only what is in the network's folder itself; put "
                "the files themselves there"
            )
        if path.is_dir() or path.is_file():  # no sockets
            yield name


def _passes(name: PurePosixPath) -> bool:
    of_process = not name.parts[1:] or (name.parts[0] == _NODES and len(name.parts) == 3)
    return (
        (of_process and name.name in _PASSING)
        or name.name == _COMPILED
        or _DRAFT.fullmatch(name.name) is not None
    )
