"""`pyfabric network renew`."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.durations import duration
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say, warn

app = plain_app()
_COLUMNS = ("action", "subject", "channel", "detail")


@command(app)
def renew(
    invocation: OnNetwork,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help="Holders of certificates as `pyfabric identity expiring` lists them, CAs among them, or departments "
            "(default: what an interrupted renewal has left).",
        ),
    ] = None,
    expiring_within: Annotated[
        timedelta | None,
        typer.Option(
            metavar="TIME",
            parser=duration,
            help="Also renew what ends within this time (90d, 12h).",
        ),
    ] = None,
    new_keys: Annotated[
        bool, typer.Option("--new-keys", help="Make new keys, too; CAs get one always.")
    ] = False,
    drop_former: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CA",
            help="Take the former certificates of this CA, to which nothing chains any more, out of all channels; may be repeated.",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            file_okay=False,
            help="Write updates that other departments must sign to this folder, and stop there.",
        ),
    ] = None,
    prepare: Annotated[
        bool,
        typer.Option(
            "--prepare",
            help="Only make new CAs known everywhere; programs then read their profiles again, and the next run does the rest.",
        ),
    ] = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Renew certificates of users, nodes, contract hosts and CAs on a running network.

    Each step is shown first, with what does not work meanwhile. One node after the other is started again; new roots of
    a CA are known everywhere before the first certificate chains to them. Run it again after an interruption.
    """
    found = invocation.opened
    renewal = found.renewal(
        names or (),
        within=expiring_within,
        new_keys=new_keys,
        dropping=drop_former or (),
        to=to,
        preparing=prepare,
    )
    tasks = found.steps(renewal)
    if not tasks:
        say("nothing to do")
    if not dry_run:
        for task in tasks:
            on = f" on {task.channel}" if task.channel else ""
            say(f"{task.action} {task.subject}{on}{f': {task.detail}' if task.detail else ''}")
        warn(
            dict.fromkeys(
                f"during {one.action} {one.subject}: {one.away}" for one in tasks if one.away
            )
        )
        if tasks:
            confirm(f"Renew these certificates of {found.plan.name}?", yes=yes)
        with progress("renew") as report:
            warn(found.renew(renewal, report))
        for file in renewal.proposals:
            say(
                f"wrote {file}: let the others sign it (`pyfabric channel update sign`), submit it, and run "
                "`pyfabric network renew` again"
            )
    invocation.printer.rows(_COLUMNS, [asdict(task) for task in tasks])
