"""`pyfabric network`, what a development ledger can do beside Fabric: refused on real Fabric."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.output import say
from pyfabric_cli.session import Session

app = typer.Typer()

Name = Annotated[str, typer.Argument(help="The snapshot's name.")]
File = Annotated[Path, typer.Argument(help="The file.")]


class Cutting(StrEnum):
    """When blocks are cut."""

    AT_ONCE = "at-once"
    BY_BATCH = "by-batch"


@app.command()
def snapshot(
    name: Name = "snapshot",
    network: options.NetworkName = None,
    state: options.State = None,
) -> None:
    """Remember the state of the whole network, until its ledger ends: on a development ledger only."""
    Session.start(state, None).network(network).development().snapshot(name)
    say(f"snapshot {name}; back to it with: pyfabric network revert {name}")


@app.command()
def revert(
    name: Name = "snapshot",
    network: options.NetworkName = None,
    state: options.State = None,
) -> None:
    """Set the whole network back to a snapshot: on a development ledger only."""
    Session.start(state, None).network(network).development().revert(name)
    say(f"back to snapshot {name}")


@app.command()
def dump(
    file: File,
    network: options.NetworkName = None,
    state: options.State = None,
) -> None:
    """Write the state of the whole network to a file: on a development ledger only."""
    Session.start(state, None).network(network).development().dump(file)
    say(f"wrote {file}: it holds the private data of all departments")


@app.command()
def load(
    file: File,
    network: options.NetworkName = None,
    state: options.State = None,
) -> None:
    """Set the whole network to the state in a file of `dump`: on a development ledger only."""
    Session.start(state, None).network(network).development().load(file)
    say(f"the network is as {file} says")


@app.command()
def blocks(
    cutting: Annotated[
        Cutting, typer.Argument(help="A block for each message, or as the channels' settings say.")
    ],
    network: options.NetworkName = None,
    state: options.State = None,
) -> None:
    """Choose when blocks are cut, until the ledger ends: on a development ledger only."""
    development = Session.start(state, None).network(network).development()
    development.cut_blocks(at_once=cutting is Cutting.AT_ONCE)
    say(f"blocks are cut {cutting.replace('-', ' ')}")
