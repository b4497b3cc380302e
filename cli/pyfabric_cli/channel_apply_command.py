"""`pyfabric channel apply`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pyfabric_network.topology.bundled import find_topology

from pyfabric.errors import ConfigError
from pyfabric.local import files
from pyfabric_cli import completion, options
from pyfabric_cli.channel_following import follow
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

if TYPE_CHECKING:
    from pyfabric_network.channels.following import Proposed

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
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            help="Only write the next update of each channel to this folder, for departments to sign.",
            file_okay=False,
        ),
    ] = None,
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
    found, file = invocation.network(network), None if topology is None else find_topology(topology)
    if to is not None:
        _write_proposals(invocation, found.propose(file), to)
        return
    follow(
        invocation,
        found,
        file=file,
        remove=remove,
        dry_run=dry_run,
        yes=yes,
    )


def _write_proposals(invocation: Invocation, proposals: "list[Proposed]", folder: Path) -> None:
    """Write proposals, and print who must sign them and what comes before and after them."""
    rows = []
    for one in proposals:
        file = folder / f"{one.channel}.json"
        files.write_public(file, one.content, error=ConfigError)
        say(f"{one.channel}: {one.words}")
        rows.append(
            {
                "channel": one.channel,
                "file": str(file),
                "missing": list(one.missing),
                "first_joins": one.first,
                "updates_after_it": one.later,
            }
        )
    invocation.printer.rows(["channel", "file", "missing", "first_joins", "updates_after_it"], rows)
    say(
        "sign them with `pyfabric channel update sign`, submit them, and run this again for the next ones"
        if rows
        else "nothing to do"
    )
