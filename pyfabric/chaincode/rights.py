"""What a contract's process may do: its user, its environment, its limits. Source: prctl(2), setrlimit(2)."""

import ctypes
import os
import pwd
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from pyfabric.chaincode.services import Service
from pyfabric.errors import ConfigError
from pyfabric.local.environment import clean_environment

_SET_PARENT_DEATH_SIGNAL: Final = 1
_SET_DUMPABLE: Final = 4
_SET_NO_NEW_PRIVILEGES: Final = 38

_OPEN_FILES: Final = 1024
_MORE_TASKS: Final = 1024
_TASKS: Final = Path("/proc/loadavg")
_KILLED_FIRST: Final = ("/proc/self/oom_score_adj", "500")


def hide_memory() -> None:
    """Keep other processes of the same user from reading this one's memory and environment, and from tracing it."""
    _prctl(_SET_DUMPABLE, 0)


def restrict(service: Service, parent: int) -> None:
    """Take away from this process, for good, what a contract does not need; `parent` started it.

    Raises ConfigError for a user that it cannot become.
    """
    _clean_environment()
    _be_killed_first()
    os.nice(service.nice)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_NPROC, _tasks() + _MORE_TASKS)
    if service.memory is not None:
        _limit(resource.RLIMIT_DATA, service.memory)
    if service.user is not None:
        _become(service.user)
    _prctl(_SET_NO_NEW_PRIVILEGES, 1)
    hide_memory()
    _terminate_with(parent)


def _clean_environment() -> None:
    kept = clean_environment(os.environ)  # noqa: TID251 - reads no setting: takes what is there away
    for name in os.environ.keys() - kept.keys():  # noqa: TID251
        del os.environ[name]  # noqa: TID251


def _be_killed_first() -> None:
    """Make the kernel choose a contract, not a node or the host, when memory runs out."""
    file, score = _KILLED_FIRST
    _prctl(_SET_DUMPABLE, 1)  # or the file is root's
    with suppress(OSError):  # not every container lets it be written
        Path(file).write_text(score, encoding="ascii")


def _limit(kind: int, most: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(kind, (most, most))


def _tasks() -> int:
    """Return how many processes and threads there are: the limit counts all of the same user."""
    try:
        return int(_TASKS.read_text(encoding="ascii").split()[3].partition("/")[2])
    except FileNotFoundError:
        return 0


def _become(name: str) -> None:
    try:
        user = pwd.getpwnam(name)
    except KeyError as error:
        raise ConfigError(f"contracts are to run as {name}: there is no such user") from error
    if user.pw_uid == os.getuid():
        return
    try:
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)
    except PermissionError as error:
        raise ConfigError(
            f"contracts are to run as {name}: only root can start them so; run the network as root, or "
            "as that user"
        ) from error
    if not os.access(".", os.R_OK | os.X_OK):
        raise ConfigError(f"{name} cannot read the folder of the contracts: {Path.cwd()}")


def _terminate_with(parent: int) -> None:
    """Make the kernel kill this process when its parent dies. After a change of user, which undoes it."""
    _prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux" and ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value})")
