"""`pyfabric` in a process that is killed after a number of its effects.

An effect is a call that changes a channel, a node, or what decides about them on disk. As a program:
`python -m tests.support.network.killed NUMBER ARGUMENT…`.
"""

import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pyfabric_cli.main import main
from pyfabric_network import unfinished
from pyfabric_network.backups import writing
from pyfabric_network.runtimes.compose_runtime import ComposeRuntime
from pyfabric_network.runtimes.embedded import EmbeddedRuntime
from pyfabric_network.runtimes.native import NativeRuntime

from pyfabric.gateway import Admin, OrdererAdmin
from tests.support.paths import ROOT

EFFECTS: Final[tuple[tuple[Any, tuple[str, ...]], ...]] = (
    (Admin, ("submit_update", "join_channel", "install", "approve", "commit")),
    (OrdererAdmin, ("join", "remove")),
    *(
        (runtime, ("start", "stop", "halt", "forget"))
        for runtime in (EmbeddedRuntime, NativeRuntime, ComposeRuntime)
    ),
    (Path, ("replace",)),
    (unfinished, ("_write",)),
    (shutil, ("rmtree",)),
    (writing, ("write_archive",)),
)


def run_killed(state: Path, after: int, *arguments: str) -> bool:
    """Run `pyfabric`, killed after a number of effects; return whether it had that many."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.support.network.killed", str(after), *arguments],
        cwd=ROOT,
        env={**os.environ, "PYFABRIC_STATE": str(state)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode in (0, -signal.SIGKILL), f"{arguments}\n{ended.stdout}{ended.stderr}"
    return ended.returncode != 0


def _kill_after(number: int) -> None:
    left = [number]

    def counted(effect: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(effect)
        def call(*arguments: Any, **options: Any) -> Any:
            result = effect(*arguments, **options)
            left[0] -= not _is_draft(arguments)
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    for owner, names in EFFECTS:
        for name in names:
            setattr(owner, name, counted(getattr(owner, name)))


def _is_draft(arguments: tuple[Any, ...]) -> bool:
    """Return whether a file is moved that was written beside its place: writing is no effect that counts."""
    return bool(arguments) and isinstance(arguments[0], Path) and arguments[0].name.startswith(".")


if __name__ == "__main__":
    _kill_after(int(sys.argv[1]))
    sys.argv[:2] = ["pyfabric"]
    main()
