"""`pyfabric doctor`: the versions of this installation, and packages that clash with it."""

import platform
import sys
from importlib.metadata import packages_distributions, version

import typer

from pyfabric.extras import DISTRIBUTION
from pyfabric_cli import options
from pyfabric_cli.exits import ExitCode
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

_PARTS = (
    DISTRIBUTION,
    "cryptography",
    "grpcio",
    "httpx",
    "hyperledger-fabric-protos",
    "protobuf",
    "pydantic",
    "typer",
)


app = plain_app()


@app.command()
def doctor(state: options.State = None, output: options.Output = None) -> None:
    """Print versions, and report packages that clash with this one."""
    invocation = Invocation.start(state, output)
    invocation.printer.facts(
        {
            "python": platform.python_version(),
            "program": sys.executable,
            **{name: version(name) for name in _PARTS},
            "state folder": str(invocation.settings.state.absolute()),
        }
    )
    others = foreign_owners(packages_distributions().get("pyfabric", []))
    if others:
        say(
            f"error: {', '.join(others)} also installs a package named pyfabric: "
            f"pip uninstall {' '.join(others)}, then pip install --force-reinstall {DISTRIBUTION}"
        )
        raise typer.Exit(ExitCode.FAULT)


def foreign_owners(distributions: list[str]) -> list[str]:
    """Return the distributions, other than ours, that install the import package `pyfabric`."""
    return sorted(
        {name for name in distributions if name.lower().replace("_", "-") != DISTRIBUTION}
    )
