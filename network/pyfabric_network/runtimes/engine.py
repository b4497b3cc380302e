"""The Docker engine: a project's containers, images and volumes."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pyfabric.errors import NetworkError
from pyfabric.local import files

_KEPT_LINES: Final = 10_000
_FOLDER: Final = "com.docker.compose.project.working_dir"
_OWNER: Final = "pyfabric.folder"
_FIELDS: Final = (
    "{{.ID}}",
    "{{.State}}",
    '{{.Label "com.docker.compose.image"}}',
    '{{.Label "com.docker.compose.service"}}',
    f'{{{{.Label "{_FOLDER}"}}}}',
)
# Why a program stops; what follows, such as Go's list of routines, does not tell.
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_REASON: Final = re.compile(r"panic: |\b(PANI|FATA|CRIT)|^\w*Error\b")


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a project: `state` is Docker's own word (running, paused, exited, …).

    `image` is the id of the image that it was made from, `folder` that of its project's file.
    """

    id: str
    state: str
    image: str
    service: str
    folder: Path

    @property
    def runs(self) -> bool:
        """Whether it has a process; one that is paused does."""
        return self.state in ("running", "paused")

    @property
    def is_kept_running(self) -> bool:
        """Whether it runs, or the engine is about to start it again: its ports stay taken meanwhile."""
        return self.runs or self.state == "restarting"


def image_id(name: str) -> str | None:
    """Return the id of an image on this machine, or None."""
    return docker("image", "inspect", "--format", "{{.Id}}", name).stdout.strip() or None


def pull(image: str) -> None:
    """Get an image from its registry; raises NetworkError."""
    done = docker("pull", "--quiet", image)
    if done.returncode:
        raise NetworkError(f"docker pull {image}: {last_line(done.stderr)}")


def run_once(image: str, *command: str) -> str:
    """Run a program of an image in a container of its own, and return what it prints; raises NetworkError."""
    program, *arguments = command
    container = ("run", "--rm", "--network", "none", "--entrypoint", program)
    done = docker(*container, image, *arguments)
    if done.returncode:
        raise NetworkError(f"docker run {image}: {last_line(done.stderr)}")
    return done.stdout


def containers(project: str) -> tuple[Container, ...]:
    """Return the containers of a project's services, whether they run or not; raises NetworkError."""
    listed = docker(
        *("ps", "--all", "--no-trunc", "--filter", _of(project)),
        *("--filter", "label=com.docker.compose.oneoff=False", "--format", "\t".join(_FIELDS)),
    )
    if listed.returncode:
        raise NetworkError(f"docker ps: {last_line(listed.stderr)}")
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    return tuple(
        Container(number, state, image, service, Path(folder))
        for number, state, image, service, folder in rows
    )


def volumes(project: str) -> tuple[str, ...]:
    """Return the volumes with data that exist for a project."""
    found = docker("volume", "ls", "--quiet", "--filter", _of(project)).stdout.split()
    return tuple(name for name in found if name != _marker(project))


def owner(project: str) -> Path | None:
    """Return the folder that a project's volumes belong to, if it was remembered."""
    form = f'{{{{index .Labels "{_OWNER}"}}}}'
    found = docker("volume", "inspect", "--format", form, _marker(project)).stdout.strip()
    return Path(found) if found else None


def remember_owner(project: str, folder: Path) -> None:
    """Remember the folder that a project's volumes belong to, as the label of a volume; raises NetworkError."""
    forget_owner(project)
    labels = {"com.docker.compose.project": project, _OWNER: str(folder)}
    words = [word for name, value in labels.items() for word in ("--label", f"{name}={value}")]
    done = docker("volume", "create", *words, _marker(project))
    if done.returncode:
        raise NetworkError(f"docker volume create: {last_line(done.stderr)}")


def forget_owner(project: str) -> None:
    """Forget whose a project's volumes are."""
    docker("volume", "rm", "--force", _marker(project))


def why_stopped(container: str) -> str:
    """Return how a container's process has stopped, with the reason from its log."""
    form = "{{.State.Running}} {{.State.ExitCode}} {{.State.OOMKilled}}"
    running, code, killed = docker("inspect", "--format", form, container).stdout.split()
    how = "it stops again and again" if running == "true" else f"it stopped with exit code {code}"
    memory = ", for more memory than its limit" if killed == "true" else ""
    return f"{how}{memory}: {logged_reason(container)}"


def logged_reason(container: str) -> str:
    """Return the line of the end of a container's log that states a reason, or else the last one."""
    done = docker("logs", "--tail", "200", container)
    log = _COLOUR.sub("", done.stdout + done.stderr)
    reasons = [line for line in log.splitlines() if _REASON.search(line)]
    return last_line("\n".join(reasons) or log, otherwise="its log is empty")


def save_log(container: str, file: Path) -> None:
    """Write the end of a container's log to a file."""
    done = docker("logs", "--tail", str(_KEPT_LINES), container)
    files.write_private(file, (done.stdout + done.stderr).encode(), error=NetworkError)


def printed(container: str, *, since: str) -> list[str]:
    """Return the lines that a container has written to its stdout; raises NetworkError.

    Compose's own `logs` mixes them with those that it has written to stderr.
    """
    done = docker("logs", "--since", since, container)
    if done.returncode:
        raise NetworkError(f"docker logs {container}: {last_line(done.stderr)}")
    return done.stdout.splitlines()


def _marker(project: str) -> str:
    return f"{project}_folder"


def _of(project: str) -> str:
    return f"label=com.docker.compose.project={project}"


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program `docker` and return how it ended, with what it printed."""
    return subprocess.run(  # noqa: S603 - the command line is this program's own
        ["docker", *arguments],  # noqa: S607 - found on PATH
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def last_line(text: str, *, otherwise: str = "it failed without a message") -> str:
    """Return the last line that is not empty."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else otherwise
