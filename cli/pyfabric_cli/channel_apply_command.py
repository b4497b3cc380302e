"""`pyfabric channel apply`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pyfabric_network.topology.bundled import find_topology

from pyfabric_cli import completion, options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say, warn

app = plain_app()

_COLUMNS = ("action", "subject", "detail")


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
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the steps, and do nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Bring the channels of a running network to a changed topology, then the network itself. Safe to repeat.

    The steps are shown first: updates of channels, which the administrators of this machine sign, and nodes that start,
    join and leave in between.
    """
    invocation = Invocation.start(state, output)
    found = invocation.network(network)
    file: Path | None = None if topology is None else find_topology(topology)
    steps = found.to_apply(file)
    if dry_run:
        invocation.printer.rows(_COLUMNS, [asdict(step) for step in steps])
        if not steps:
            say("nothing to do")
        return
    for step in steps:
        say(f"{step.action} {step.subject}{f': {step.detail}' if step.detail else ''}")
    if steps and not yes:
        confirm(f"Change {found.plan.name}?")
    with progress("apply") as report:
        warnings = found.apply(file, remove=remove, report=report)
    warn(warnings)
    invocation.printer.rows(_COLUMNS, [asdict(step) for step in steps])
