"""`pyfabric channel leave`."""

from typing import Annotated

import typer

from pyfabric_cli import completion, options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, say, waiting

app = plain_app()


@app.command()
def leave(
    channel: options.OneChannel,
    nodes: Annotated[
        list[str],
        typer.Argument(
            metavar="NODE...",
            help="Peers or orderers of this machine.",
            autocompletion=completion.nodes,
        ),
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before deleting.")] = False,
    network: options.NetworkName = None,
    state: options.State = None,
) -> None:
    """Take peers or orderers out of a channel, and delete the ledgers that they have of it.

    A peer must be stopped (on the embedded runtime it leaves while the network runs); an orderer must run, and be no
    consenter of the channel. The department stays a member: `channel remove-member` takes it out.
    """
    found = Invocation.start(state).network(network)
    found.check_names(nodes)
    if not yes:
        confirm(f"Delete all that {', '.join(nodes)} has of {channel}?")
    with waiting(f"leaving {channel}"):
        back = [name for name in nodes if found.leave_channel(channel, name)]
    again = f"; to come back: pyfabric channel join {channel} {' '.join(back)}" if back else ""
    say(f"{', '.join(nodes)} left {channel}{again}")
