"""Run the tests on each Python version that the classifiers of pyproject.toml name and that is installed.

Interpreters are found on PATH and in pyenv. Each gets an environment of its own, build/python-<version>.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TESTS = (
    "tests/unit",
    "tests/contract",
    "tests/cli",
    "tests/docs",
    "tests/examples",
    "tests/behaviour",
)
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def supported() -> list[str]:
    """Return the versions that the classifiers name."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.findall(r'"Programming Language :: Python :: (3\.\d+)"', text)


def interpreter(version: str) -> Path | None:
    """Return an interpreter of a version that runs, or None."""
    named = shutil.which(f"python{version}")
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for found in [*([Path(named)] if named else []), *pyenv]:
        ran = subprocess.run([found, "-c", VERSION], capture_output=True, text=True, check=False)
        if ran.stdout.strip() == version:
            return found
    return None


def run(version: str, python: Path) -> bool:
    """Make the environment if it is missing, and run the tests; return whether all pass."""
    environment = ROOT / "build" / f"python-{version}"
    own = environment / "bin" / "python"
    if not own.exists():
        subprocess.run([python, "-m", "venv", environment], check=True)
    pip = [own, "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "-r", ROOT / "requirements-dev.txt"], check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT], check=True)
    return (
        subprocess.run([own, "-m", "pytest", "-q", *TESTS], cwd=ROOT, check=False).returncode == 0
    )


def main() -> int:
    """Run the tests on each version, print a line for each, and return 1 if any failed."""
    outcomes = {}
    for version in supported():
        python = interpreter(version)
        passed = None if python is None else run(version, python)
        outcomes[version] = {None: "not installed here", True: "passed", False: "FAILED"}[passed]
    for version, outcome in outcomes.items():
        print(f"Python {version}: {outcome}")
    return int("FAILED" in outcomes.values())


if __name__ == "__main__":
    sys.exit(main())
