"""`pyfabric network upgrade`."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say, warn

app = plain_app()
_COLUMNS = ("action", "node", "runs", "will_run", "away")


@command(app)
def upgrade(
    invocation: OnNetwork,
    programs: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="On native: the folder of the release's peer and orderer [env: FABRIC_BIN; default: they are on PATH].",
        ),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            metavar="TAG",
            help="Under Docker Compose: the tag of the release's images, which are fetched first.",
        ),
    ] = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
) -> None:
    """Take the nodes to another release of Fabric, one after the other: orderers first, then peers.

    The steps are shown first, with what does not work meanwhile. Each node must work on all its channels before the next
    one is stopped, and the command ends at the first that does not. Run it again after an interruption; with the former
    release it is the way back. Capabilities of channels and contract hosts stay as they are.
    """
    found = invocation.opened
    way = found.upgrading(programs=programs, version=version)
    if not dry_run:
        for step in way.steps:
            say(f"{step.action} {step.node}: {step.runs or 'does not answer'} -> {step.will_run}")
        warn(
            dict.fromkeys(
                f"during {one.action} {one.node}: {one.away}" for one in way.changes if one.away
            )
        )
        if way.changes:
            confirm(f"Take {found.plan.name} to {way.release.version}?", yes=yes)
        with progress("upgrade") as report:
            found.upgrade(way, report)
        for sentence in way.capabilities():
            say(f"{sentence}; to change them: `pyfabric channel config set-capabilities`")
        if not way.facts.running:
            say(f"{found.plan.name} does not run: `pyfabric network up` starts it on this release")
    invocation.printer.rows(_COLUMNS, [asdict(step) for step in way.steps])
