"""`pyfabric channel apply`."""

from typing import Annotated

import typer
from pyfabric_network.topology.bundled import find_topology

from pyfabric_cli import completion
from pyfabric_cli.channel_following import NEXT, Following, write_proposals
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@command(app)
def apply(
    invocation: Following,
    topology: Annotated[
        str | None,
        typer.Argument(
            help="The changed topology file (default: the one that the network was made from).",
            autocompletion=completion.topologies,
        ),
    ] = None,
    remove: Annotated[
        bool,
        typer.Option(
            "--remove", help="Also take out members and orderers that the file no longer has."
        ),
    ] = False,
) -> None:
    """Bring the channels of a running network to a changed topology, then the network itself. Safe to repeat.

    The steps are shown first: updates of channels, which the administrators of this machine sign, and nodes that start,
    join and leave in between. Where departments have machines of their own, each runs this: it does what the keys there
    suffice for, and names what waits for whom; with --to it does nothing but write what others must sign.
    """
    file = None if topology is None else find_topology(topology)
    if invocation.to is None:
        invocation.follow(file=file, remove=remove)
    else:
        proposals = invocation.opened.propose(file, remove=remove)
        write_proposals(invocation, proposals, invocation.to, then=NEXT)
