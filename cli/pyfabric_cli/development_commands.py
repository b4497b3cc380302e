"""`pyfabric network`: development tools of the development ledger, refused on real Fabric."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

app = plain_app()

Name = Annotated[str, typer.Argument(help="The snapshot's name.")]
File = Annotated[Path, typer.Argument(help="The file.")]


class Cutting(StrEnum):
    """When the orderer cuts blocks."""

    AT_ONCE = "at-once"
    BY_BATCH = "by-batch"


@command(app, without="output")
def snapshot(invocation: OnNetwork, name: Name = "snapshot") -> None:
    """Take a snapshot of the whole network.

    On the development ledger only, which keeps it in memory until it stops.
    """
    invocation.opened.development().snapshot(name)
    say(f"took snapshot {name}; to go back to it: pyfabric network revert {name}")


@command(app, without="output")
def revert(invocation: OnNetwork, name: Name = "snapshot") -> None:
    """Set the whole network back to a snapshot.

    On the development ledger only.
    """
    invocation.opened.development().revert(name)
    say(f"the network is back at snapshot {name}")


@command(app, without="output")
def dump(invocation: OnNetwork, file: File) -> None:
    """Write the state of the whole network to a file.

    On the development ledger only.
    """
    invocation.opened.development().dump(file)
    say(f"wrote {file}: it contains the private data of all departments")


@command(app, without="output")
def load(invocation: OnNetwork, file: File) -> None:
    """Set the whole network to the state in a file that `dump` wrote.

    On the development ledger only.
    """
    invocation.opened.development().load(file)
    say(f"the network has the state of {file}")


@command(app, without="output")
def blocks(
    invocation: OnNetwork,
    cutting: Annotated[
        Cutting,
        typer.Argument(
            help="One block for each message, or as the channels' batch settings require."
        ),
    ],
) -> None:
    """Choose when blocks are cut.

    On the development ledger only, until it stops.
    """
    development = invocation.opened.development()
    development.cut_blocks(at_once=cutting is Cutting.AT_ONCE)
    say(f"blocks are cut {cutting.replace('-', ' ')}")
