"""`pyfabric channel move-to-bft`."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say, warn

app = plain_app()


@app.command("move-to-bft")
def move_to_bft(
    backup: Annotated[
        Path,
        typer.Option(
            "--backup",
            help="The file for the backup, made while all channels are in maintenance mode.",
            dir_okay=False,
        ),
    ],
    yes: options.Yes = False,
    network: options.NetworkName = None,
    state: options.State = None,
) -> None:
    """Move all channels from Raft to BFT: an outage, with no way back but the backup. Safe to repeat.

    At least four orderers order under Raft, all of them run, and the channels have the capability V3_0. In turn:
    maintenance mode, the backup, BFT in each channel's configuration with the same consenters, all orderers started
    again, a leader on each channel, normal mode. To return, restore the backup and leave maintenance mode.
    """
    found = Invocation.start(state).network(network)
    if not yes:
        confirm(
            f"Stop ordering on all channels of {found.plan.name}, and move them to BFT? Only the backup leads back."
        )
    with progress("move to BFT") as report:
        warnings = found.move_to_bft(backup, report)
    warn(warnings)
    say(f"all channels of {found.plan.name} are ordered by BFT; the backup from before: {backup}")
