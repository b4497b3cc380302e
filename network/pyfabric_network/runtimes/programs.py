"""Fabric's own programs on this machine: where they are, which release they are, and whether it is new enough."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pyfabric.errors import NetworkError
from pyfabric_network.parallel import side_by_side
from pyfabric_network.runtimes.release import read_version, release_number

# The oldest release that runs what a topology asks for with `fabric`.
_OLDEST = {"3.1": (3, 1), "2.5": (2, 5)}
_OLDEST_CA = (1, 5)
_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Programs:
    """Where `peer` and `orderer` are, and the `versions` that they name; `warnings` name what could not be checked."""

    peer: Path
    orderer: Path
    versions: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def unjoin(peer: Path, channel: str, environment: Mapping[str, str]) -> None:
    """Delete the ledger of a channel of the stopped peer with this program and environment; raises NetworkError."""
    command = [str(peer), "node", "unjoin", "--channelID", channel]
    done = subprocess.run(  # noqa: S603 - the command line is this program's own
        command, capture_output=True, check=False, text=True, env=dict(environment)
    )
    if done.returncode:
        raise NetworkError(unjoin_failure(channel, done.stderr))


def unjoin_failure(channel: str, said: str) -> str:
    """Return the message about a peer that could not leave a channel, from the error output of `peer node unjoin`."""
    lines = [line.removeprefix("Error: ") for line in said.splitlines() if line.startswith("Error")]
    return f"the peer cannot leave {channel}: {(lines or said.splitlines() or ['no reason'])[-1]}"


def find_ca_server(folder: Path | None) -> Path:
    """Find Fabric's `fabric-ca-server` in `folder`, or else on PATH; raises NetworkError without one of release 1.5."""
    program = _find("fabric-ca-server", folder, "`ca_server` in the topology needs it")
    release = release_number(_version(program))
    if release is not None and release < _OLDEST_CA:
        raise NetworkError(
            f"{program} is Fabric CA {'.'.join(map(str, release))}; this network needs 1.5 or later"
        )
    return program


def find_programs(folder: Path | None, fabric: str) -> Programs:
    """Find Fabric's `peer` and `orderer` in `folder`, or else on PATH, for the version `fabric`.

    A development build names no version: it is used, with a warning. Raises NetworkError for a
    program that is missing, does not run, or is too old.
    """
    peer, orderer = (
        _find(name, folder, "the native runtime needs peer and orderer")
        for name in ("peer", "orderer")
    )
    versions = versions_of((peer, orderer), fabric)
    warnings = development_warnings((peer, orderer), versions, fabric)
    return Programs(peer, orderer, tuple(versions), tuple(warnings))


def versions_of(programs: Sequence[Path], fabric: str) -> list[str]:
    """Return the version that each program names.

    Raises NetworkError for one that does not run, or is too old for a topology's release `fabric`.
    """
    return side_by_side([partial(_version_for, program, fabric) for program in programs])


def development_warnings(
    programs: Sequence[Path], versions: Sequence[str], fabric: str
) -> Iterator[str]:
    """Yield a sentence for each program that names no version."""
    for program, version in zip(programs, versions, strict=True):
        if release_number(version) is None:
            yield f"{program} names no version (a development build): taken for Fabric {fabric}"


def _find(name: str, folder: Path | None, why: str) -> Path:
    found = shutil.which(name, path=None if folder is None else str(folder))
    if found is None:
        where = (
            "on PATH; set FABRIC_BIN to their folder (in a program: give it as `programs`)"
            if folder is None
            else f"in {folder}"
        )
        raise NetworkError(f"Fabric's program {name} is not {where}: {why}")
    return Path(found).absolute()


def _version_for(program: Path, fabric: str) -> str:
    version = _version(program)
    check_release(str(program), version, fabric)
    return version


def check_release(what: str, version: str, fabric: str) -> None:
    """Raise NetworkError for a version of Fabric that is too old for a topology's release `fabric`."""
    release = release_number(version)
    if release is not None and release < _OLDEST[fabric]:
        raise NetworkError(
            f"{what} is Fabric {'.'.join(map(str, release))}; this network needs {fabric} or later"
        )


def _version(program: Path) -> str:
    return read_version(_run([str(program), "version"]))


def _run(argv: Sequence[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the command line is this program's own
            argv, capture_output=True, check=True, text=True, timeout=_SECONDS, env={}
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NetworkError(f"{argv[0]} does not run: {error}") from error
    return done.stdout
