"""`pyfabric channel join`."""

from typing import Annotated

import typer

from pyfabric_cli import completion, options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say, waiting

app = plain_app()


@app.command()
def join(
    channel: options.OneChannel,
    nodes: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NODE...]",
            help="Peers and orderers of this machine (default: all that the channel is for).",
            autocompletion=completion.nodes,
        ),
    ] = None,
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Join peers and orderers to a channel that exists, and wait until they have its blocks. Safe to repeat.

    One that had left it comes back.
    """
    invocation = Invocation.start(state, output)
    found = invocation.network(network)
    with waiting(f"joining {channel}"):
        joined = found.join_channel(channel, *nodes or ())
    invocation.printer.rows(
        ["channel", "node"], [{"channel": channel, "node": name} for name in joined]
    )
    if not joined:
        say("nothing to do")
