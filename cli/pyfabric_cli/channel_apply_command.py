"""`pyfabric channel apply`."""

from typing import Annotated

import typer
from pyfabric_network.topology.bundled import find_topology

from pyfabric_cli import completion, options
from pyfabric_cli.channel_following import follow
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@app.command()
def apply(
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
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Bring the channels of a running network to a changed topology, then the network itself. Safe to repeat.

    The steps are shown first: updates of channels, which the administrators of this machine sign, and nodes that start,
    join and leave in between.
    """
    invocation = Invocation.start(state, output)
    follow(
        invocation,
        invocation.network(network),
        file=None if topology is None else find_topology(topology),
        remove=remove,
        dry_run=dry_run,
        yes=yes,
    )
