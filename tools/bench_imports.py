"""What starting costs: CPU of imports and commands, as ratios to a dependency's import in the same run.

python tools/bench_imports.py    print the table; exit with 1 when a ratio is above its aim
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from pyfabric_network.contexts import Context, Contexts
from pyfabric_network.material.keys import make_material
from pyfabric_network.network import Network
from pyfabric_network.opening import ANY_FREE_PORT
from pyfabric_network.profile import profile_file, write_profiles
from pyfabric_network.topology.bundled import find_topology
from rich.console import Console
from rich.table import Table

ROUNDS = 9


@dataclass(frozen=True)
class Start:
    """Something that is started: at most `aim` times the CPU of the import of `base`."""

    name: str
    argv: Sequence[str]
    base: str
    aim: float
    environment: Mapping[str, str] = field(default_factory=dict)


def importing(module: str) -> Sequence[str]:
    """Return the command line of a program that imports one module."""
    return (sys.executable, "-c", f"import {module}")


def command(*arguments: str) -> Sequence[str]:
    """Return the command line of `pyfabric` with these arguments."""
    return (str(Path(sys.executable).with_name("pyfabric")), *arguments)


def completing(line: str) -> Mapping[str, str]:
    """Return the environment in which bash has `pyfabric` complete the last word of a line."""
    return {
        "_PYFABRIC_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(line.count(" ")),
    }


# All that a query does before it connects: it reads arguments, settings, context, profile and keys.
QUERY = """
import sys
from pyfabric_cli import acting
from pyfabric_cli.main import main
def stop(actor):
    from pyfabric.gateway import connect
    sys.exit()
acting.Actor.gateway = stop
sys.argv = ["pyfabric", "chaincode", "query", "directory", "find"]
main()
"""

STARTS = (
    Start("import pyfabric.gateway", importing("pyfabric.gateway"), "grpc", 2.5),
    Start("import pyfabric.aio", importing("pyfabric.aio"), "grpc", 2.5),
    Start("pyfabric chaincode query", (sys.executable, "-c", QUERY), "grpc", 3),
    Start("pyfabric --version", command("--version"), "typer", 2.5),
    Start("pyfabric --help", command("--help"), "typer", 2.5),
    Start("pyfabric network up --help", command("network", "up", "--help"), "typer", 2.5),
    Start("TAB: a group", command(), "typer", 2.5, completing("pyfabric net")),
    Start("TAB: a topology", command(), "typer", 2.5, completing("pyfabric network up q")),
    Start("TAB: a context", command(), "typer", 2.5, completing("pyfabric context use q")),
)


@contextmanager
def state_folder() -> Iterator[Path]:
    """Yield a state folder with a network that was made and not started, and a context."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        network = Network.prepare(find_topology("quickstart"), folder, base_port=ANY_FREE_PORT)
        make_material(network.plan, now=datetime.now(UTC))
        write_profiles(network.plan)
        department = network.plan.own[0]
        context = Context(
            profile_file(network.plan, department), "Admin", next(iter(network.plan.channels))
        )
        Contexts(folder).put(f"{network.plan.name}/{department.name}", context)
        yield folder


def cpu(argv: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run a program; return the seconds of CPU that it used. Modules are compiled once, as installed ones are."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, env=inherited | environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(starts: Sequence[Start], state: Path) -> dict[str, float]:
    """Return the least CPU of each start and base by name, which take turns so that noise meets all."""
    bases = {start.base: Start(start.base, importing(start.base), "", 0) for start in starts}
    programs = [*bases.values(), *starts]
    least = {program.name: float("inf") for program in programs}
    for _ in range(ROUNDS):
        for program in programs:
            used = cpu(program.argv, {"PYFABRIC_STATE": str(state), **program.environment})
            least[program.name] = min(least[program.name], used)
    return least


def main() -> int:
    """Measure, print and optionally write the figures."""
    parser = argparse.ArgumentParser(description="CPU of imports and commands")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    with state_folder() as state:
        least = measure(STARTS, state)
    table = Table("what", "CPU (s)", "beside", "its CPU (s)", "ratio", "aim")
    figures = []
    for start in STARTS:
        own, base = least[start.name], least[start.base]
        figures.append({"what": start.name, "ratio": own / base, "aim": start.aim})
        table.add_row(
            start.name, f"{own:.3f}", f"import {start.base}", f"{base:.3f}",
            f"{own / base:.2f}", f"{start.aim:.1f}",
        )  # fmt: skip
    Console().print(table)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2))
    return int(any(figure["ratio"] > figure["aim"] for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
