"""A fake of the program `docker`: it records commands, and its hosts respond as configured.

It knows what the compose runtime asks for and nothing else; real engines are driven by the conformance
suite (`--runtime compose`). Its folder holds `calls` (one command a line), `containers.json` (the state,
image and folder of each service's), `log`, and files with which a test has it misbehave: `broken` (a command
that fails), `refuses` (what hosts answer), `crashes` (services whose containers stop at once), `hangs` (services
that do not get ready until they are started again), `volumes`, `volume-<name>` (the contents of one), `owner` (the folder that they belong to),
`image` (the id of every image), `missing` (images that must be pulled). Hosts answer on their stdout, and their
contracts print what looks like an answer on their stderr.
"""

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

SCRIPT = """\
#!{python} -IS
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from tests.support.network.fake_docker import main
main(Path({folder!r}), sys.argv[1:])
"""
_LOCK: Final = threading.Lock()


def install(folder: Path) -> Path:
    """Write the program into `folder`, where it also keeps its files; returns the folder."""
    folder.mkdir()
    program = folder / "docker"
    program.write_text(SCRIPT.format(python=sys.executable, path=sys.path, folder=str(folder)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def main(folder: Path, arguments: Sequence[str]) -> None:
    """Do what the program does."""
    done = respond(folder, arguments, stdin=sys.stdin.read if "--extract" in arguments else None)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    sys.exit(done.returncode)


def respond(
    folder: Path, arguments: Sequence[str], *, stdin: Callable[[], str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Return what the program would do: it takes far longer to start than to work."""
    with _LOCK:
        with (folder / "calls").open("a") as calls:
            calls.write(" ".join(arguments) + "\n")
        broken = _lines(folder / "broken")
        words = 2 if arguments[0] in ("image", "volume") else 1
        try:
            if broken and broken[0] in arguments:
                raise ValueError(f"first words\n{broken[0]} is broken")
            command = _COMMANDS.get(" ".join(arguments[:words]), lambda *_: "")
            printed = command(folder, list(arguments[words:]))
            if stdin is not None:
                (folder / f"volume-{_mounted(arguments)}").write_text(stdin())
        except ValueError as error:
            return subprocess.CompletedProcess(arguments, 1, "", str(error))
    logged = (folder / "log").read_text() if arguments[0] == "logs" else ""
    return subprocess.CompletedProcess(arguments, 0, printed, logged)


def containers(folder: Path) -> dict[str, dict[str, str]]:
    """Return the state, image and folder of each service's container."""
    file = folder / "containers.json"
    found: dict[str, dict[str, str]] = json.loads(file.read_text()) if file.exists() else {}
    return found


def is_ready(folder: Path, service: str) -> bool:
    """Return whether a service's container runs and does not hang."""
    found = containers(folder).get(service, {})
    return found.get("state") == "running" and service not in _lines(folder / "hangs")


def change_state(folder: Path, service: str, state: str) -> None:
    """Change the state of a service's container."""
    found = containers(folder)
    found[service]["state"] = state
    (folder / "containers.json").write_text(json.dumps(found))


def _compose(folder: Path, arguments: list[str]) -> str:
    """Run a command of Compose: options with a value come first, then the command."""
    options: list[tuple[str, str]] = []
    while arguments[0].startswith("--"):
        options.append((arguments[0], arguments[1]))
        arguments = arguments[2:]
    if not options:
        return ""  # its version
    root = Path(dict(options)["--project-directory"])
    settings = [Path(value) for name, value in options if name == "--env-file"]
    services = _services(
        [Path(value) for name, value in options if name == "--file"],
        _tag(settings or [root / ".env"]),
    )
    command, named = arguments[0], [word for word in arguments[1:] if word in services]
    if command == "config":
        return json.dumps({"services": services})
    if command == "logs":
        return (folder / "log").read_text()
    if command in ("up", "restart"):
        _start(folder, named, root)
    if command in ("exec", "restart"):
        _answer(folder, root, [name for name in named if name.startswith("contracts.")])
    if command in ("stop", "rm", "down"):
        _stop(folder, named or list(services), remove=command != "stop")
    if command == "down" and "--volumes" in arguments:
        _volume_rm(folder, _lines(folder / "volumes"))
    return ""


def _tag(settings: list[Path]) -> str:
    """Return what FABRIC_VERSION adds to the names of images."""
    lines = [line for file in settings for line in _lines(file)]
    tags = [line.partition("=")[2] for line in lines if line.startswith("FABRIC_VERSION=")]
    return f":{tags[-1]}" if tags else ""


def _services(files: list[Path], tag: str) -> dict[str, Any]:
    """Return the services of these files, the later over the earlier, as Compose would fill them in."""
    found: dict[str, Any] = {}
    for file in files:
        for name, service in yaml.safe_load(file.read_text())["services"].items():
            image = f"image/{name}{'' if name.startswith('contracts.') else tag}"
            usual = {"image": image} if "extends" in service else {}
            found[name] = found.get(name, {}) | service | usual
            found[name].pop("extends", None)
    return {name: one for name, one in found.items() if "profiles" not in one}


def _start(folder: Path, names: Sequence[str], root: Path) -> None:
    found, crashes = containers(folder), _lines(folder / "crashes")
    image = (folder / "image").read_text()
    for name in names:
        state = "exited" if name in crashes else "running"
        found[name] = {"state": state, "image": image, "folder": str(root)}
    (folder / "containers.json").write_text(json.dumps(found))
    _write(folder / "hangs", [one for one in _lines(folder / "hangs") if one not in names])


def _stop(folder: Path, names: Sequence[str], *, remove: bool) -> None:
    found = containers(folder)
    for name in names:
        if remove:
            found.pop(name, None)
        elif name in found:
            found[name]["state"] = "exited"
    (folder / "containers.json").write_text(json.dumps(found))


def _answer(folder: Path, root: Path, hosts: Sequence[str]) -> None:
    """Log for each host that it serves what its file lists, or the configured refusal."""
    with (folder / "log").open("a") as log:
        for name in hosts:
            asked = json.loads((root / "hosts" / name.split(".")[1] / "services.json").read_text())
            ids = [service["package_id"] for service in asked["services"]]
            said = json.dumps({"serving": ids})
            for refusal in _lines(folder / "refuses"):
                said = json.dumps({"error": refusal})
            (folder / f"answers-{name}").write_text(said + "\n")
            printed = '{"error": "printed by a contract"}'
            log.write(f"{name}-1  | {said}\n{name}-1  | {printed}\n")


def _image_inspect(folder: Path, arguments: list[str]) -> str:
    if arguments[-1] in _lines(folder / "missing"):
        raise ValueError("no such image")
    return (folder / "image").read_text()


def _pull(folder: Path, arguments: list[str]) -> str:
    left = [name for name in _lines(folder / "missing") if name != arguments[-1]]
    _write(folder / "missing", left)
    return ""


def _ps(folder: Path, _: list[str]) -> str:
    rows = [
        (name, one["state"], one["image"], name, one["folder"])
        for name, one in containers(folder).items()
    ]
    return "".join("\t".join(row) + "\n" for row in rows)


def _volume_create(folder: Path, arguments: list[str]) -> str:
    owners = [word for word in arguments if word.startswith("pyfabric.folder=")]
    if owners:
        _write(folder / "owner", [owners[0].partition("=")[2]])
    else:
        _write(folder / "volumes", [*_lines(folder / "volumes"), arguments[-1]])
    return ""


def _volume_rm(folder: Path, arguments: list[str]) -> str:
    if "--force" in arguments:
        _write(folder / "owner", [])
    left = [name for name in _lines(folder / "volumes") if name not in arguments]
    _write(folder / "volumes", left)
    for name in arguments:
        (folder / f"volume-{name}").unlink(missing_ok=True)
    return ""


def _run(folder: Path, arguments: list[str]) -> str:
    """Pack a volume's contents; they are unpacked from what comes in. A program names an image's tag as its version."""
    if arguments[-1] == "version":
        return f"program:\n Version: {arguments[-2].partition(':')[2]}\n"
    packs = "--create" in arguments
    return (folder / f"volume-{_mounted(arguments)}").read_text() if packs else ""


def _mounted(arguments: Sequence[str]) -> str:
    return arguments[arguments.index("--volume") + 1].partition(":")[0]


def _content(name: str) -> Callable[[Path, list[str]], str]:
    return lambda folder, _: (folder / name).read_text() if (folder / name).exists() else ""


def _answers(folder: Path, arguments: list[str]) -> str:
    return _content(f"answers-{arguments[-1]}")(folder, arguments)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _write(file: Path, lines: list[str]) -> None:
    file.write_text("\n".join(lines))


_COMMANDS: Final[Mapping[str, Callable[[Path, list[str]], str]]] = {
    "compose": _compose,
    "image inspect": _image_inspect,
    "pull": _pull,
    "ps": _ps,
    "run": _run,
    "inspect": lambda *_: "false 2 false",
    "logs": _answers,
    "volume ls": _content("volumes"),
    "volume inspect": _content("owner"),
    "volume create": _volume_create,
    "volume rm": _volume_rm,
}
