"""Run every command and program that the documentation shows, in order, and compare the output.

A fenced block named after its language (```python registry.py) is written to that file; in a console
block each line that begins with "$ " is run and what follows must be its output, where … stands for
anything. `make` targets are only looked up: this test is part of one of them.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyfabric_network.ports import free_base

from tests.support.extent import takes_long
from tests.support.network.programs import fabric_programs, needs_fabric

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ON_FABRIC = {"fabric.md", "departments.md", "snapshots.md", "upgrading.md"}
LONG = {
    "channel-programs.md",
    "channels.md",
    "fabric-ca-client.md",
    "from-peer.md",
    "growing.md",
    "importing.md",
    "ledger.md",
    "lifecycle.md",
    "operations.md",
    "renewing.md",
    "topologies.md",
    "updates.md",
    "users.md",
}
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
needs_softhsm = pytest.mark.skipif(
    not SOFTHSM.exists() or shutil.which("softhsm2-util") is None,
    reason=f"SoftHSM is not installed as {SOFTHSM} (apt-get install softhsm2)",
)
FENCE = re.compile(
    r"^```(?P<language>\w+)(?: (?P<name>\S+))?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
NAMED = {"README.md": 4, "contracts.md": 9, "development.md": 5}


@dataclass(frozen=True)
class Command:
    """A command line and the output shown below it."""

    line: str
    shown: str


def commands(body: str) -> Iterator[Command]:
    """Yield the commands of a console block."""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, _, shown = part.partition("\n")
        yield Command(line, shown.strip())


def run(command: Command, folder: Path) -> None:
    """Run a command as a reader would, in the page's folder."""
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "-c", command.line],
        cwd=folder,
        env={
            "PATH": programs,
            "HOME": str(folder),
            "COLUMNS": "200",
            "LANG": "C.UTF-8",
            **{name: os.environ[name] for name in ("FABRIC_BIN",) if name in os.environ},
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, f"{command.line}\n{ran.stdout}{ran.stderr}"
    pattern = ".*".join(re.escape(piece) for piece in command.shown.split("…"))
    assert re.fullmatch(pattern, ran.stdout.strip(), flags=re.DOTALL), (
        f"{command.line}\n{ran.stdout}"
    )


def prepare(name: str, body: str, folder: Path) -> None:
    """Write a block to its file; a topology gets ports that are free."""
    if name.endswith(".yaml"):
        body += f"base_port: {free_base(range(200))}\n"
    (folder / name).write_text(body, encoding="utf-8")


def needs(page: str) -> list[pytest.MarkDecorator]:
    """Return what a page is skipped without."""
    if page == "hsm.md":
        return [needs_softhsm]
    if page in ON_FABRIC:
        return [needs_fabric]
    return [takes_long] if page in LONG else []


def link_programs(folder: Path) -> None:
    """Make a folder of another build of Fabric where there is one, or else of the same in another place."""
    folder.mkdir()
    for name in ("peer", "orderer"):
        found = shutil.which(name, path=os.environ.get("FABRIC_BIN_NEXT") or fabric_programs())
        assert found is not None
        (folder / name).symlink_to(found)


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, id=page.name, marks=needs(page.name)) for page in PAGES],
)
def test_what_a_page_shows_is_true(page: Path, tmp_path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    blocks = list(FENCE.finditer(page.read_text(encoding="utf-8")))
    named = 0
    if page.name == "upgrading.md":
        link_programs(tmp_path / "next-release")
    try:
        for block in blocks:
            if block["name"]:
                named += 1
                prepare(block["name"], block["body"], tmp_path)
            elif block["language"] == "console":
                for command in commands(block["body"]):
                    if command.line.startswith("make "):
                        assert command.line.split()[1] in targets
                    else:
                        run(command, tmp_path)
    finally:
        for file in tmp_path.glob("*.pid"):  # of a program that a failed page left running
            with suppress(ProcessLookupError):
                os.kill(int(file.read_text()), signal.SIGTERM)
        for notes in tmp_path.glob("**/network.json"):
            run(Command(f"pyfabric network down --state {notes.parents[1]}", "…"), tmp_path)
    assert named == NAMED.get(page.name, named)


@pytest.mark.parametrize("page", [*PAGES, *ROOT.glob("*.md")], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target
