"""Docker's volumes of a Compose project: their contents as tar files, and back.

The image of a node has the program that packs and unpacks them: it is there already, or fetched for the nodes anyway.
"""

import subprocess
from pathlib import Path
from typing import IO

from pyfabric.errors import NetworkError
from pyfabric.local import files

_LABEL = "com.docker.compose"


def save_volume(volume: str, image: str, file: Path) -> None:
    """Write the contents of a volume to a new file; raises NetworkError."""
    with files.replacing(file, error=NetworkError, mode=files.PRIVATE) as target:
        _tar("--create", volume, image, f"{volume}:/volume:ro", output=target)


def restore_volume(volume: str, project: str, name: str, image: str, file: Path | None) -> None:
    """Make a volume `name` of a project, with the contents of a file; raises NetworkError."""
    labels = (
        *("--label", f"{_LABEL}.project={project}"),
        *("--label", f"{_LABEL}.volume={name}"),
    )
    _docker("volume", "create", *labels, volume)
    if file is not None:
        with file.open("rb") as source:
            _tar("--extract", volume, image, f"{volume}:/volume", source=source)


def remove_volumes(volumes: tuple[str, ...]) -> None:
    """Remove volumes with their contents; raises NetworkError."""
    if volumes:
        _docker("volume", "rm", *volumes)


def _tar(
    action: str,
    volume: str,
    image: str,
    mount: str,
    *,
    source: IO[bytes] | None = None,
    output: IO[bytes] | None = None,
) -> None:
    container = ("run", "--rm", "--interactive", "--network", "none", "--user", "0:0")
    program = ("--volume", mount, "--entrypoint", "tar", image)
    numbers = ("--numeric-owner", "--directory", "/volume", "--file", "-")
    what = (".",) if action == "--create" else ("--preserve-permissions",)
    _docker(*container, *program, action, *numbers, *what, source=source, output=output)


def _docker(
    *arguments: str, source: IO[bytes] | None = None, output: IO[bytes] | None = None
) -> None:
    done = subprocess.run(  # noqa: S603 - the command line is this program's own
        ["docker", *arguments],  # noqa: S607 - the one that is on PATH
        stdin=source or subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        words = done.stderr.decode(errors="replace").split("\n")
        last = [line for line in words if line.strip()][-1:] or ["it failed without a message"]
        raise NetworkError(f"docker {arguments[0]} {arguments[-1]}: {last[0].strip()}")
