"""What the command loads: nothing heavy for help, version and completion, and then what each command uses."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import typer
from pyfabric_cli.app import app

HEAVY = {
    "cryptography", "fabric_protos", "google", "grpc", "h2", "httpx", "pydantic", "rich", "yaml",
}  # fmt: skip
CALLS = {"cryptography", "fabric_protos", "google", "grpc"}
"""What a client of a peer needs."""

MAY_LOAD = {
    "context list": set(),
    "context list -o json": set(),
    "context show -o json": CALLS - {"grpc"},
    "message types": {"fabric_protos", "google"},
    "doctor -o json": HEAVY,
    "chaincode query sample get colour": CALLS,
    "chaincode invoke sample put colour blue -o json": CALLS,
    "chaincode list -o json": CALLS,
    "chaincode installed -o json": CALLS,
    "chaincode approved sample -o json": CALLS,
    "chaincode committed sample -o json": CALLS,
    "chaincode readiness sample -o json": CALLS,
    "chaincode metadata sample -o json": CALLS,
    "policy check OR('A.peer') -o json": CALLS - {"grpc"},
    "ledger height -o json": CALLS,
    "ledger block 0 -o json": CALLS,
    "events -o json": CALLS,
    "peer channels -o json": CALLS,
    "discover peers -o json": CALLS,
    "channel history -o json": CALLS,
    "channel list -o json": CALLS,
    "channel show -o json": CALLS,
    "channel show --json": CALLS,
    "channel diff live -o json": CALLS,
    "network status": HEAVY,
}

PROGRAM = """
import atexit, sys
atexit.register(lambda: sys.stderr.write("\\n" + " ".join(sys.modules)))
from pyfabric_cli.main import main
main()
"""
HELPS = """
import contextlib, io, sys
from pyfabric_cli.app import app
with contextlib.redirect_stdout(io.StringIO()):
    for line in sys.stdin.read().splitlines():
        app(line.split() + ["--help"], standalone_mode=False)
sys.stderr.write("\\n" + " ".join(sys.modules))
"""


def loaded(
    program: str, *arguments: str, given: str = "", environment: Mapping[str, str] | None = None
) -> set[str]:
    """Return which of the heavy packages a program has loaded when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        input=given,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return HEAVY & {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}


def lines() -> list[str]:
    """Return the command line of every group and command, the command itself first."""
    root = typer.main.get_command(app)
    found = [""]
    context = root.make_context("pyfabric", ["network"])
    for name in root.list_commands(context):
        _, command, _ = root.resolve_command(context, [name])
        found.append(name)
        below = [(name, command)]
        while below:
            prefix, group = below.pop()
            for inner, one in getattr(group, "commands", {}).items():
                found.append(f"{prefix} {inner}")
                below.append((f"{prefix} {inner}", one))
    return found


def test_version_and_every_help_load_nothing_heavy() -> None:
    every = lines()
    assert {"", "network member init", "chaincode query", "events"} < set(every)
    assert loaded(PROGRAM, "--version") == set()
    assert loaded(HELPS, given="\n".join(every)) == set()


@pytest.mark.parametrize(
    ("line", "may_load"),
    [
        ("pyfabric ", set()),
        ("pyfabric network ", set()),
        ("pyfabric network up ", set()),
        ("pyfabric network down -n ", set()),
        ("pyfabric context use ", set()),
        ("pyfabric chaincode query --context ", set()),
        ("pyfabric chaincode query sam", {"yaml"}),
        ("pyfabric ledger block --", set()),
    ],
)
def test_completion_loads_nothing_heavy(state: Path, line: str, may_load: set[str]) -> None:
    environment = {
        "_PYFABRIC_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
        "PYFABRIC_STATE": str(state),
    }
    assert loaded(PROGRAM, environment=environment) == may_load


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("line", MAY_LOAD)
def test_a_command_loads_what_it_uses(line: str) -> None:
    assert loaded(PROGRAM, *line.split()) <= MAY_LOAD[line]
