"""Fabric's own programs on this machine: where they are, and whether they are new enough."""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric_network.parallel import side_by_side

# The oldest release that runs what a topology asks for with `fabric`.
_OLDEST = {"3.1": (3, 1), "2.5": (2, 5)}
_RELEASE = re.compile(r"^ Version: v?(\d+)\.(\d+)", re.MULTILINE)
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Programs:
    """Where `peer` and `orderer` are; `warnings` name what could not be checked."""

    peer: Path
    orderer: Path
    warnings: tuple[str, ...] = ()

    def unjoin(self, channel: str, environment: Mapping[str, str]) -> None:
        """Delete the ledger of a channel of the stopped peer with this environment; raises NetworkError."""
        command = [str(self.peer), "node", "unjoin", "--channelID", channel]
        done = subprocess.run(  # noqa: S603 - the command line is this program's own
            command, capture_output=True, check=False, text=True, env=dict(environment)
        )
        if done.returncode:
            raise NetworkError(unjoin_failure(channel, done.stderr))


def unjoin_failure(channel: str, said: str) -> str:
    """Return the message about a peer that could not leave a channel, from the error output of `peer node unjoin`."""
    lines = [line.removeprefix("Error: ") for line in said.splitlines() if line.startswith("Error")]
    return f"the peer cannot leave {channel}: {(lines or said.splitlines() or ['no reason'])[-1]}"


def find_programs(folder: Path | None, fabric: str) -> Programs:
    """Find Fabric's `peer` and `orderer` in `folder`, or else on PATH, for the version `fabric`.

    A development build names no version: it is used, with a warning. Raises NetworkError for a
    program that is missing, does not run, or is too old.
    """
    peer, orderer = _find("peer", folder), _find("orderer", folder)
    checked = side_by_side([partial(_check, program, fabric) for program in (peer, orderer)])
    return Programs(peer, orderer, tuple(warning for warning in checked if warning is not None))


def _find(name: str, folder: Path | None) -> Path:
    found = shutil.which(name, path=None if folder is None else str(folder))
    if found is None:
        where = "on PATH; set FABRIC_BIN to their folder" if folder is None else f"in {folder}"
        raise NetworkError(
            f"Fabric's program {name} is not {where}: the native runtime needs peer and orderer"
        )
    return Path(found).absolute()


def _check(program: Path, fabric: str) -> str | None:
    """Return a warning, or None; raises NetworkError."""
    said = _run([str(program), "version"])
    release = _RELEASE.search(said)
    if release is None:
        return f"{program} names no version (a development build): taken for Fabric {fabric}"
    if (int(release[1]), int(release[2])) < _OLDEST[fabric]:
        raise NetworkError(
            f"{program} is Fabric {release[1]}.{release[2]}; this network needs {fabric} or later"
        )
    return None


def _run(argv: Sequence[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the command line is this program's own
            argv, capture_output=True, check=True, text=True, timeout=_SECONDS, env={}
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NetworkError(f"{argv[0]} does not run: {error}") from error
    return done.stdout
