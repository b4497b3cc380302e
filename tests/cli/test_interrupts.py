"""Ctrl-C at any moment of a start: no traceback, and the exit code of an interrupt."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
sys.argv = ["pyfabric", "network", "status"]
from pyfabric_cli.main import main
main()
"""


@pytest.mark.parametrize(
    "module",
    [
        "pyfabric.errors",
        "pyfabric_cli.running",
        "typer",
        "pyfabric_cli.network_commands",
        "pyfabric_network.network",
        "grpc",
    ],
)
def test_an_interrupt_while_modules_load_is_no_error(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (130, "", False), (
        done.stderr
    )
