"""Build the wheel, install it in an empty environment outside the checkout, and use it there."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ["pyfabric", "pyfabric_cli", "pyfabric_municipal", "pyfabric_network"]
CHECK = f"""
import importlib, importlib.metadata, importlib.util
for name in {PACKAGES!r}:
    importlib.import_module(name)
for name in ("cli", "network", "chaincode"):
    assert importlib.util.find_spec(name) is None, f"the wheel must not install a package {{name}}"
print("installed", importlib.metadata.version("pyfabric-ledger"))
"""


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command with no environment variables of this process."""
    subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        check=True,
        env={"HOME": str(cwd)},
        stdout=subprocess.DEVNULL,
    )


def main() -> None:
    """Exit with an error unless the wheel works by itself."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (wheel,) = folder.glob("*.whl")
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / "bin" / "python"
        # The tested versions are those of the development environment.
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--constraint", constraints(folder), wheel],
            check=True,
        )
        run(python, "-c", CHECK, cwd=folder)
        use(folder)
        # The bindings require protobuf<6, but a department may need 6, so that must work too.
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--upgrade", "protobuf>=6,<7"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        use(folder)


def use(folder: Path) -> None:
    """Start a network, deploy the contracts, and delete it."""
    command = folder / "venv" / "bin" / "pyfabric"
    run(command, "--help", cwd=folder)
    run(command, "network", "init", "quickstart", "--to", "quickstart.yaml", cwd=folder)
    try:
        run(command, "network", "up", "quickstart.yaml", "--base-port", "0", cwd=folder)
        run(command, "chaincode", "deploy", cwd=folder)
        run(command, "chaincode", "metadata", "directory", cwd=folder)
    finally:
        run(command, "network", "down", "--delete", "--yes", cwd=folder)
    (folder / "quickstart.yaml").unlink()


def constraints(folder: Path) -> Path:
    """Return the versions of requirements-dev.txt without their hashes, as constraints for pip."""
    pinned = [
        line.split(" ")[0]
        for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    ]
    path = folder / "constraints.txt"
    path.write_text("\n".join(pinned) + "\n")
    return path


if __name__ == "__main__":
    main()
