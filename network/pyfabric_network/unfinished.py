"""Commands that change a network in many steps, remembered in its folder from the first step to the last.

One that was interrupted is named by `up`, `status` and the doctor until it is finished: by itself, run again.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pyfabric.errors import FabricError, NetworkError
from pyfabric.local import files
from pyfabric_network.state import locked

_FILE: Final = "unfinished"


def unfinished(root: Path) -> tuple[str, ...]:
    """Return the commands that were begun on the network below `root` and are not finished, as people type them."""
    file = root / _FILE
    return tuple(file.read_text(encoding="utf-8").splitlines()) if file.exists() else ()


def begin(root: Path, command: str) -> None:
    """Remember a command that is finished later; the network's lock is held. Raises NetworkError."""
    _write(root, (*(one for one in unfinished(root) if one != command), command))


@contextmanager
def until_finished(root: Path, command: str) -> Iterator[None]:
    """Remember a command until the block ends without an error; the network's lock is held. Raises NetworkError."""
    begin(root, command)
    yield
    finish(root, lambda one: one == command)


def finish(root: Path, is_finished: Callable[[str], bool]) -> None:
    """Forget the commands that are finished; raises NetworkError."""
    _write(root, tuple(one for one in unfinished(root) if not is_finished(one)))


def interrupted(root: Path) -> tuple[str, ...]:
    """Return the commands that are not finished; none while a command is changing the network, which may be one of them."""
    found = unfinished(root)
    if found:
        try:
            with locked(root):
                pass
        except NetworkError:
            return ()
    return found


def advice(commands: Iterable[str]) -> tuple[str, ...]:
    """Return a sentence for each command that was interrupted."""
    return tuple(
        f"`pyfabric {one}` was interrupted, and the network is between two states: run it again to finish it"
        for one in commands
    )


@contextmanager
def named_in_errors(commands: Sequence[str]) -> Iterator[None]:
    """Name commands that were interrupted in any error of the block: they may be its cause. Raises NetworkError then."""
    try:
        yield
    except FabricError as error:
        if not commands:
            raise
        raise NetworkError(f"{error}; {'; '.join(advice(commands))}") from error


def _write(root: Path, commands: tuple[str, ...]) -> None:
    file = root / _FILE
    if commands:
        text = "".join(f"{one}\n" for one in commands)
        files.write_public(file, text.encode(), error=NetworkError)
        return
    with files.reported(file, NetworkError):
        file.unlink(missing_ok=True)
