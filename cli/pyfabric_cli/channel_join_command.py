"""`pyfabric channel join`."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric.errors import ClientError
from pyfabric_cli import completion, options
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say, waiting

app = plain_app()


@command(app)
def join(
    invocation: OnNetwork,
    channel: options.OneChannel,
    nodes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NODE...]",
            help="Peers and orderers of this machine (default: all that the channel is for).",
            autocompletion=completion.nodes,
        ),
    ] = None,
    snapshot: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Join the named peers by this snapshot of another peer, without the blocks before it.",
        ),
    ] = None,
) -> None:
    """Join peers and orderers to a channel that exists, and wait until they have its blocks. Safe to repeat.

    One that had left it comes back. A peer that joins by a snapshot (`pyfabric peer snapshot request`) has no earlier
    blocks: what reads the ledger from block 0 needs another peer.
    """
    found = invocation.opened
    with waiting(f"joining {channel}"):
        if snapshot is None:
            joined = found.join_channel(channel, *nodes or ())
        elif nodes:
            joined = found.join_by_snapshot(channel, snapshot, *nodes)
        else:
            raise ClientError("name the peers that join by the snapshot")
    invocation.printer.rows(
        ["channel", "node"], [{"channel": channel, "node": name} for name in joined]
    )
    if not joined:
        say("nothing to do")
