"""How README.md says to get the command: the wheel that `make wheel` builds, installed as the page shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
INSTALLS = re.findall(r"\| `((?:pip|pipx) install [^`]+)` \|", README)
REGISTRY_HOSTS = re.compile(r"pypi\.org|pythonhosted\.org|npmjs\.(?:com|org)|proxy\.golang\.org")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide a folder with the wheel in dist/, built by the Makefile's recipe."""
    folder = tmp_path_factory.mktemp("install")
    recipe = re.search(
        r"^wheel:.*\n\t\$\(BIN\)/python (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    assert recipe is not None
    words = recipe[1].replace(" dist ", f" {folder / 'dist'} ").split()
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder


def test_the_page_shows_each_way() -> None:
    assert [line.split()[0] for line in INSTALLS] == ["pipx", "pip", "pip"]
    assert README.index("## Installation") < README.index("## A contract of your own")


@pytest.mark.parametrize("line", INSTALLS)
def test_an_installed_wheel_has_the_command(folder: Path, line: str, tmp_path: Path) -> None:
    # pipx has pip install in an environment of its own. The dependencies are in that environment: no index is asked.
    there = f"{sys.executable} -m pip install --quiet --no-deps --no-index --target {tmp_path}"
    shell = line.replace(f"{line.split()[0]} install", there, 1)
    subprocess.run(["bash", "-c", shell], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    shown = subprocess.run(
        [tmp_path / "bin" / "pyfabric", "--version"],
        env={"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown.startswith("pyfabric-ledger ")


def test_no_file_names_the_host_of_a_package_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split("\0")
    files = [ROOT / name for name in listed if name] or list(ROOT.glob("*.*"))
    assert files
    found = [
        file
        for file in files
        if file.is_file()
        and file != Path(__file__)
        and file.suffix not in {".gz", ".block"}
        and REGISTRY_HOSTS.search(file.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []
