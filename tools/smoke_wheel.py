"""Build the wheel, install it in an empty environment outside the checkout, and use it there.

First the base alone, which has clients, identities and contracts; then with the extras of the command and
of networks, also with the next major version of protobuf.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHECK = """
import importlib.util
for name in ("pyfabric", "pyfabric_network", "pyfabric_cli", "pyfabric_municipal", "pyfabric_proposals"):
    assert importlib.util.find_spec(name), name
for name in ("cli", "network", "chaincode"):
    assert importlib.util.find_spec(name) is None, f"the wheel must not install a package {name}"
"""
BASE = """
from pyfabric import aio, gateway
from pyfabric.chaincode import Chaincode, Context, Contract, query, transaction
from pyfabric.chaincode.testing import TestLedger, identity
from pyfabric.errors import MissingExtraError
from pyfabric.identity.loading import load_msp_folder
from pyfabric_network.profile import load_profile

for surface in (aio, gateway):
    for name in surface.__all__:
        getattr(surface, name)

class Registry(Contract):
    @transaction
    def put(self, ctx: Context, key: str, value: str) -> None:
        ctx.stub.put_state(key, value.encode())

    @query
    def get(self, ctx: Context, key: str) -> str:
        return ctx.stub.get_state(key).decode()

ledger = TestLedger(Chaincode([Registry()]))
ledger.submit("put", "a", "b", as_=identity("TaxMSP", "ann"))
assert ledger.evaluate("get", "a", as_=identity("TaxMSP", "ann")) == b"b"

try:
    import pyfabric_municipal
except MissingExtraError as error:
    assert str(error) == "rfc8785 is not installed: pip install 'pyfabric-ledger[network]'", error
else:
    raise AssertionError("the bundled contracts need the extra `network`")
"""
NO_COMMAND = "error: typer is not installed: pip install 'pyfabric-ledger[command]'\n"


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command with no environment variables of this process."""
    subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        check=True,
        env={"HOME": str(cwd)},
        stdout=subprocess.DEVNULL,
    )


def install(folder: Path, *requirements: str) -> None:
    """Install into the environment, in the versions that the development environment holds."""
    subprocess.run(
        [
            *(folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet"),
            *("--constraint", constraints(folder), *requirements),
        ],
        check=True,
    )


def main() -> None:
    """Exit with an error unless the wheel works alone, without and with its extras."""
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
        install(folder, str(wheel))
        run(python, "-c", CHECK, cwd=folder)
        run(python, "-c", BASE, cwd=folder)
        refuse_the_command(folder)
        install(folder, f"{wheel}[all]")
        use(folder)
        # The bindings require protobuf<6, but a department may need 6, so that must work too.
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--upgrade", "protobuf>=6,<7"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        use(folder)


def refuse_the_command(folder: Path) -> None:
    """Raise AssertionError unless the command says in one line which extra it needs."""
    refused = subprocess.run(
        [folder / "venv" / "bin" / "pyfabric", "--help"],
        env={"HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if (refused.returncode, refused.stderr) != (3, NO_COMMAND):
        raise AssertionError(f"the command without its extra: {refused}")


def use(folder: Path) -> None:
    """Start a network, deploy the contracts, and delete it."""
    command = folder / "venv" / "bin" / "pyfabric"
    run(command, "--version", cwd=folder)
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
