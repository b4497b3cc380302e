"""The programs of examples/, each run on a network of its topology; what they print is what they promise."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyfabric_network.ports import free_base

from tests.support.paths import ROOT

EXAMPLES = ROOT / "examples"
PRINTED = {
    "submit_and_evaluate.py": ["owner: Wang", "refused: chaincode response 500, only a registrar may register 7-12"],
    "private_price.py": ["price: 88000", "is it 88000? true", "is it 1? false"],
    "follow_deeds.py": ["registered 7-12 Wang", "registered 8-01 Zhao"],
    "many_deeds.py": ["registered 8 parcels"],
}  # fmt: skip


def run(folder: Path, *command: str) -> str:
    """Run a program of this environment in a folder; return what it prints."""
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def pyfabric(folder: Path, *arguments: str) -> str:
    return run(folder, "-m", "pyfabric_cli", *arguments)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a copy of the examples beside a network that is up with the contract."""
    folder = tmp_path_factory.mktemp("examples") / "examples"
    shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns("__pycache__", ".pyfabric"))
    port = str(free_base(range(200)))
    try:
        pyfabric(folder, "network", "up", "two_departments.yaml", "--base-port", port)
        pyfabric(folder, "chaincode", "deploy")
        yield folder
    finally:
        pyfabric(folder, "network", "down", "--delete", "--yes")


def test_every_example_is_listed_and_run() -> None:
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    files = {file.name for file in EXAMPLES.iterdir() if file.suffix in (".py", ".yaml")}
    assert files == {*PRINTED, "deeds.py", "test_deeds.py", "two_departments.yaml"}
    assert all(f"]({name})" in listed for name in files)


def test_the_programs_print_what_they_promise(folder: Path) -> None:
    for name, lines in PRINTED.items():
        assert run(folder, name).splitlines() == lines


def test_the_contract_passes_its_test(folder: Path) -> None:
    assert "2 passed" in run(folder, "-m", "pytest", "-q", "test_deeds.py")
