"""What starting costs: CPU of imports and commands, as ratios to a dependency's import in the same run.

python tools/bench_imports.py    print the table; exit with 1 when a ratio is above its aim
"""

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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


def importing(module: str) -> Sequence[str]:
    """Return the command line of a program that imports one module."""
    return (sys.executable, "-c", f"import {module}")


STARTS = (
    Start("import pyfabric.gateway", importing("pyfabric.gateway"), "grpc", 2.5),
    Start("import pyfabric.aio", importing("pyfabric.aio"), "grpc", 2.5),
)


def cpu(argv: Sequence[str]) -> float:
    """Run a program; return the seconds of CPU that it used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def measure(starts: Sequence[Start], rounds: int) -> dict[tuple[str, ...], float]:
    """Return the least CPU of each program and base, which take turns so that noise meets all."""
    programs = {tuple(start.argv) for start in starts}
    programs |= {tuple(importing(start.base)) for start in starts}
    least = dict.fromkeys(programs, float("inf"))
    for _ in range(rounds):
        for program in programs:
            least[program] = min(least[program], cpu(program))
    return least


def main() -> int:
    """Measure, print and optionally write the figures."""
    parser = argparse.ArgumentParser(description="CPU of imports and commands")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    least = measure(STARTS, ROUNDS)
    table = Table("what", "CPU (s)", "beside", "its CPU (s)", "ratio", "aim")
    figures = []
    for start in STARTS:
        own, base = least[tuple(start.argv)], least[tuple(importing(start.base))]
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
