"""A fake of the program `docker`: it records commands, and its hosts respond as configured.

It knows what the compose runtime asks for and nothing else; real engines are driven by the conformance
suite (`--runtime compose`). Its folder holds `calls` (one command a line), `running` (services), `log`, and
files with which a test has it misbehave: `broken` (a command that fails), `refuses` (what hosts answer),
`volumes`, `volume-<name>` (the contents of one), `images` (ids of images by service; without it there is none). Hosts answer on their stdout, and
their contracts print what looks like an answer on their stderr.
"""

import json
import stat
import sys
from pathlib import Path

import yaml

SCRIPT = """\
#!{python}
import sys
sys.path[:0] = {path!r}
from pathlib import Path
from tests.support.network.fake_docker import main
main(Path({folder!r}), sys.argv[1:])
"""


def install(folder: Path) -> Path:
    """Write the program into `folder`, where it also keeps its files; returns the folder."""
    folder.mkdir()
    program = folder / "docker"
    program.write_text(SCRIPT.format(python=sys.executable, path=sys.path, folder=str(folder)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def main(folder: Path, arguments: list[str]) -> None:
    with (folder / "calls").open("a") as calls:
        calls.write(" ".join(arguments) + "\n")
    broken = _lines(folder / "broken")
    if broken and broken[0] in arguments:
        sys.exit("first words\n" + broken[0] + " is broken")
    if arguments[0] == "compose" and arguments[1] == "--file":
        _compose(folder, Path(arguments[2]), [word for word in arguments[3:] if word != "*"])
    elif arguments[:2] == ["image", "inspect"]:
        ids = _lines(folder / "images")
        print(ids[0]) if ids else sys.exit("no such image")
    elif arguments[0] == "logs":
        print((folder / "log").read_text(), end="", file=sys.stderr)
        _print(_lines(folder / f"answers-{arguments[-1]}"))
    elif arguments[0] == "ps":
        ids = [f"{name} {name}" for name in _lines(folder / "running")]
        by_id = arguments[-1].endswith("{{.ID}}")
        _print(ids if by_id else _lines(folder / "containers"))
    elif arguments[0] == "volume":
        _volume(folder, arguments[1], arguments[2:])
    elif arguments[0] == "run":
        _tar(folder, arguments)


def _volume(folder: Path, command: str, arguments: list[str]) -> None:
    present = _lines(folder / "volumes")
    if command == "ls":
        _print(present)
    elif command == "create":
        _write(folder / "volumes", [*present, arguments[-1]])
    elif command == "rm":
        _write(folder / "volumes", [name for name in present if name not in arguments])
        for name in arguments:
            (folder / f"volume-{name}").unlink(missing_ok=True)


def _tar(folder: Path, arguments: list[str]) -> None:
    """Pack a volume's contents to stdout, or unpack them from stdin."""
    volume = arguments[arguments.index("--volume") + 1].partition(":")[0]
    contents = folder / f"volume-{volume}"
    if "--create" in arguments:
        sys.stdout.write(contents.read_text())
    else:
        contents.write_text(sys.stdin.read())


def _compose(folder: Path, file: Path, arguments: list[str]) -> None:
    arguments = [word for word in arguments if word != "--profile"]
    command, given = arguments[0], [word for word in arguments[1:] if "." in word]
    services = yaml.safe_load(file.read_text())["services"]
    running = _lines(folder / "running")
    usual = [name for name, service in services.items() if "profiles" not in service]
    if command == "config" and "--services" in arguments:
        print("\n".join(services))
    elif command == "config":
        print(json.dumps({"services": {name: {"image": f"image/{name}"} for name in usual}}))
    elif command == "ps":
        print("\n".join(running))
    elif command == "up":
        _write(
            folder / "running", sorted({*running, *given}) if "--no-deps" in arguments else usual
        )
    elif command == "exec":
        _answer(folder, file.parent, arguments[2:3])
    elif command == "restart":
        _answer(folder, file.parent, given)
    elif command == "logs":
        print((folder / "log").read_text(), end="")
    elif command in ("stop", "rm"):
        _write(folder / "running", [name for name in running if name not in given])
    elif command == "down":
        _write(folder / "running", [])
        _volume(folder, "rm", _lines(folder / "volumes") if "--volumes" in arguments else [])


def _answer(folder: Path, root: Path, hosts: list[str]) -> None:
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


def _print(lines: list[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _write(file: Path, lines: list[str]) -> None:
    file.write_text("\n".join(lines))
