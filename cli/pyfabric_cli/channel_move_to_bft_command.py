"""`pyfabric channel move-to-bft`."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.channel_following import To, write_proposals
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say, warn

app = plain_app()


@command(app, "move-to-bft")
def move_to_bft(
    invocation: OnNetwork,
    backup: Annotated[
        Path | None,
        typer.Option(
            "--backup",
            help="The file for the backup, made while all channels are in maintenance mode.",
            dir_okay=False,
        ),
    ] = None,
    back: Annotated[
        bool,
        typer.Option(
            "--back",
            help="End maintenance mode on Raft instead, after an interruption or a restored backup.",
        ),
    ] = False,
    to: To = None,
    yes: options.Yes = False,
) -> None:
    """Move all channels from Raft to BFT: an outage, with no way back but the backup. Safe to repeat.

    At least four orderers order under Raft, all of them run, and the channels have the capability V3_0. In turn:
    maintenance mode, the backup, BFT in each channel's configuration with the same consenters, all orderers started
    again, a leader on each channel, normal mode. With --back, channels that still have Raft return to normal mode. Where
    orderers are on many machines, each runs this at every stage; --to writes what others must sign for the next one.
    """
    if (backup is None) is not back:
        raise typer.BadParameter("name the file for the backup, or --back", param_hint="--backup")
    found = invocation.opened
    if backup is None:
        _return(invocation, to)
        return
    confirm(
        f"Stop ordering on all channels of {found.plan.name}, and move them to BFT? Only the backup leads back.",
        yes=yes,
    )
    with progress("move to BFT") as report:
        warnings = found.move_to_bft(backup, report)
    warn(warnings)
    if not found.plan.places:
        say(
            f"all channels of {found.plan.name} are ordered by BFT; the backup from before: {backup}"
        )
    elif to is not None:
        then = "run this again on every machine"
        write_proposals(invocation, found.propose_move(), to, then=then)


def _return(invocation: OnNetwork, to: Path | None) -> None:
    """Return to normal mode on Raft, or write what others must sign for that."""
    found = invocation.opened
    if to is not None:
        proposals = found.propose_move(back=True)
        write_proposals(invocation, proposals, to, then="run this again without --to")
        return
    with progress("stay on Raft") as report:
        found.stay_on_raft(report)
    say(f"all channels of {found.plan.name} are ordered by Raft, in normal mode")
