"""`pyfabric channel leave`."""

from typing import Annotated

import typer

from pyfabric_cli import completion, options
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, say, waiting

app = plain_app()


@command(app, without="output")
def leave(
    invocation: OnNetwork,
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
) -> None:
    """Take peers or orderers out of a channel, and delete the ledgers that they have of it.

    A peer must be stopped (on the embedded runtime it leaves while the network runs); an orderer must run, and be no
    consenter of the channel. The department stays a member: `channel remove-member` takes it out.
    """
    found = invocation.opened
    found.check_names(nodes)
    confirm(f"Delete all that {', '.join(nodes)} has of {channel}?", yes=yes)
    with waiting(f"leaving {channel}"):
        back = [name for name in nodes if found.leave_channel(channel, name)]
    again = f"; to come back: pyfabric channel join {channel} {' '.join(back)}" if back else ""
    say(f"{', '.join(nodes)} left {channel}{again}")
