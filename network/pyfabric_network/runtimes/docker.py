"""Docker Compose as a program: commands on the project in a folder, and how it reports failures."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyfabric.errors import NetworkError
from pyfabric_network.runtimes.engine import docker, last_line

EVERY_PROFILE = "*"
_INSTEAD = "start one, or choose another runtime: native (Fabric's programs) or embedded"


@dataclass(frozen=True, slots=True)
class DockerCompose:
    """The project that `file` describes, with what `overrides` add; paths in them are relative to `folder`.

    Settings come from the environment, or else from `settings`, the later over the earlier; without any from `.env` in
    `folder`.
    """

    file: Path
    folder: Path
    overrides: tuple[Path, ...] = ()
    settings: tuple[Path, ...] = ()

    def require(self) -> None:
        """Raise NetworkError unless there is a Docker engine with Compose v2."""
        if shutil.which("docker") is None:
            raise NetworkError(f"there is no Docker engine here (no program docker): {_INSTEAD}")
        if docker("version", "--format", "{{.Server.Version}}").returncode:
            raise NetworkError(f"no Docker engine answers: {_INSTEAD}")
        if docker("compose", "version").returncode:
            raise NetworkError(
                "Docker has no Compose: install its plugin docker-compose (v2), or choose another "
                "runtime: native (Fabric's programs) or embedded"
            )

    def run(self, *arguments: str, profile: str | None = None) -> str:
        """Return what a command of Compose prints.

        Raises NetworkError with the end of its error output if it fails.

        The services of a `profile` are included: of those that the environment names, or of this
        one ("*": of all).
        """
        chosen = () if profile is None else ("--profile", profile)
        done = docker(*self._command(), *chosen, *arguments)
        if done.returncode:
            raise NetworkError(f"docker compose {arguments[0]}: {last_line(done.stderr)}")
        return done.stdout

    def lines(self, *arguments: str) -> Iterator[str]:
        """Yield what a command prints, line by line; the command stops with its reader."""
        with subprocess.Popen(  # noqa: S603 - the command line is this program's own
            ["docker", *self._command(), *arguments],  # noqa: S607 - found on PATH
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
        ) as process:
            try:
                for line in process.stdout or ():
                    yield line.rstrip("\n")
            finally:
                process.terminate()

    def configured(self) -> dict[str, dict[str, Any]]:
        """Return each service of the project as Compose has it: settings and additions filled in."""
        project = json.loads(self.run("config", "--format", "json"))
        services: dict[str, dict[str, Any]] = project["services"]
        return services

    def _command(self) -> list[str]:
        files = [word for file in (self.file, *self.overrides) for word in ("--file", str(file))]
        files += [word for file in self.settings for word in ("--env-file", str(file))]
        return ["compose", "--project-directory", str(self.folder), *files]
