"""`pyfabric doctor`: what this installation is made of, and what is wrong with it."""

import platform
import sys
from importlib.metadata import packages_distributions, version

import typer

from pyfabric_cli import options
from pyfabric_cli.exits import ExitCode
from pyfabric_cli.output import say
from pyfabric_cli.session import Session

_OURS = "pyfabric-ledger"
_PARTS = (
    _OURS,
    "cryptography",
    "grpcio",
    "httpx",
    "hyperledger-fabric-protos",
    "protobuf",
    "pydantic",
    "typer",
)


def doctor(state: options.State = None, output: options.Output = None) -> None:
    """Versions, and a clash with the other distribution that installs `pyfabric`."""
    session = Session.start(state, output)
    session.printer.facts(
        {
            "python": platform.python_version(),
            "program": sys.executable,
            **{name: version(name) for name in _PARTS},
            "state folder": str(session.settings.state.absolute()),
        }
    )
    others = foreign_owners(packages_distributions().get("pyfabric", []))
    if others:
        say(
            f"error: {', '.join(others)} also installs a package named pyfabric: "
            f"pip uninstall {' '.join(others)}, then pip install --force-reinstall {_OURS}"
        )
        raise typer.Exit(ExitCode.FAULT)


def foreign_owners(distributions: list[str]) -> list[str]:
    """The distributions, apart from ours, that install the import package `pyfabric`."""
    return sorted({name for name in distributions if name.lower().replace("_", "-") != _OURS})
