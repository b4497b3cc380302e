"""Docker Compose as a program: commands on the project in a folder, and how it reports failures."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyfabric.errors import NetworkError

EVERY_PROFILE = "*"
_INSTEAD = "start one, or choose another runtime: native (Fabric's programs) or embedded"


@dataclass(frozen=True, slots=True)
class DockerCompose:
    """The project that `file` describes; paths in it are relative to the file's folder."""

    file: Path

    def require(self) -> None:
        """Raise NetworkError unless there is a Docker engine with Compose v2."""
        if shutil.which("docker") is None:
            raise NetworkError(f"there is no Docker engine here (no program docker): {_INSTEAD}")
        if _run("docker", "version", "--format", "{{.Server.Version}}").returncode:
            raise NetworkError(f"no Docker engine answers: {_INSTEAD}")
        if _run("docker", "compose", "version").returncode:
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
        done = _run(*self._command(), *chosen, *arguments)
        if done.returncode:
            raise NetworkError(f"docker compose {arguments[0]}: {_last_line(done.stderr)}")
        return done.stdout

    def lines(self, *arguments: str) -> Iterator[str]:
        """Yield what a command prints, line by line; the command stops with its reader."""
        with subprocess.Popen(  # noqa: S603 - the command line is this program's own
            [*self._command(), *arguments], stdout=subprocess.PIPE, text=True, errors="replace"
        ) as process:
            try:
                for line in process.stdout or ():
                    yield line.rstrip("\n")
            finally:
                process.terminate()

    def services(self) -> tuple[str, ...]:
        """Return the services of the project, of every profile."""
        return tuple(self.run("config", "--services", profile=EVERY_PROFILE).split())

    def running(self) -> tuple[str, ...]:
        """Return the services whose containers run."""
        if not self.file.exists():
            return ()
        return tuple(self.run("ps", "--services", "--status", "running").split())

    def trying(self) -> tuple[str, ...]:
        """Return the services whose containers run, or that the engine starts again and again."""
        if not self.file.exists():
            return ()
        states = ("--status", "running", "--status", "restarting")
        return tuple(self.run("ps", "--all", "--services", *states).split())

    def images(self) -> dict[str, str]:
        """Return the image of each service, settings filled in."""
        project = json.loads(self.run("config", "--format", "json"))
        return {name: service["image"] for name, service in project["services"].items()}

    def made_from(self, project: str) -> dict[str, str]:
        """Return the id of the image that each service's container was made from."""
        return _by_service(project, '{{.Label "com.docker.compose.image"}}')

    def containers(self, project: str) -> dict[str, str]:
        """Return the id of each service's container."""
        return _by_service(project, "{{.ID}}")

    def volumes(self, project: str) -> tuple[str, ...]:
        """Return the volumes that exist for a project."""
        return tuple(
            _run("docker", "volume", "ls", "--quiet", "--filter", _of(project)).stdout.split()
        )

    def _command(self) -> list[str]:
        return ["docker", "compose", "--file", str(self.file)]


def image_id(name: str) -> str | None:
    """Return the id of an image on this machine, or None."""
    return _run("docker", "image", "inspect", "--format", "{{.Id}}", name).stdout.strip() or None


def printed(container: str, *, since: str) -> list[str]:
    """Return the lines that a container has written to its stdout; raises NetworkError.

    Compose's own `logs` mixes them with those that it has written to stderr.
    """
    done = _run("docker", "logs", "--since", since, container)
    if done.returncode:
        raise NetworkError(f"docker logs {container}: {_last_line(done.stderr)}")
    return done.stdout.splitlines()


def _by_service(project: str, value: str) -> dict[str, str]:
    form = f'{{{{.Label "com.docker.compose.service"}}}} {value}'
    listed = _run("docker", "ps", "--all", "--filter", _of(project), "--format", form).stdout
    return dict(line.split(" ", 1) for line in listed.splitlines())


def _of(project: str) -> str:
    return f"label=com.docker.compose.project={project}"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the command line is this program's own
        command, capture_output=True, text=True, errors="replace", check=False
    )


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it failed without a message"
