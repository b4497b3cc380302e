"""Run a part of the tests with the lowest versions that pyproject.toml allows of every direct dependency.

The test tools keep the versions of requirements-dev.txt. The environment is build/lowest.
"""

import re
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENVIRONMENT = ROOT / "build" / "lowest"
TEST_TOOLS = ("hypothesis", "pytest", "pytest-asyncio", "pytest-bdd", "ruff")
TESTS = (
    "tests/unit/chaincode", "tests/unit/client", "tests/unit/config", "tests/unit/gateway",
    "tests/unit/grpc", "tests/unit/identity", "tests/unit/network", "tests/unit/operations",
    "tests/unit/sharing", "tests/unit/translation", "tests/contract", "tests/cli",
)  # fmt: skip
_LOWEST = re.compile(r"(?P<name>[\w-]+)>=(?P<version>[\w.]+)")


def lowest(requirements: list[str]) -> Iterator[str]:
    """Yield each requirement pinned to its lower bound; raise SystemExit if it has none."""
    for requirement in requirements:
        found = _LOWEST.match(requirement)
        if found is None:
            raise SystemExit(f"pyproject.toml: {requirement} has no lower bound")
        yield f"{found['name']}=={found['version']}"


def direct(project: dict[str, object]) -> list[str]:
    """Return the direct dependencies of the base and of the extras that users install."""
    extras = project["optional-dependencies"]
    installed = ("network", "command", "hsm", "xlsx")
    return [*project["dependencies"], *(one for extra in installed for one in extras[extra])]


def locked(names: tuple[str, ...]) -> Iterator[str]:
    """Yield these packages as requirements-dev.txt pins them."""
    for line in (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines():
        pinned = line.partition(" ")[0]
        if pinned.partition("==")[0] in names:
            yield pinned


def main() -> int:
    """Make the environment, print what it holds, and run the tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = sorted(lowest(direct(project)))
    print("lowest versions:", ", ".join(pins), flush=True)
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    python = ENVIRONMENT / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, "hatchling", "editables", *pins, *locked(TEST_TOOLS)], check=True)
    subprocess.run([*install, "--no-deps", "--no-build-isolation", "--editable", ROOT], check=True)
    return subprocess.run(
        [python, "-m", "pytest", "-q", *TESTS, *sys.argv[1:]], check=False, cwd=ROOT
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
