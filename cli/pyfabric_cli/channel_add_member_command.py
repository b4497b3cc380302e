"""`pyfabric channel add-member`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfabric_cli import options
from pyfabric_cli.channel_following import Following
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

app = plain_app()


@command(app, "add-member")
def add_member(
    invocation: Following,
    channel: options.OneChannel,
    department: options.OneDepartment,
    new: Annotated[
        bool,
        typer.Option("--new", help="Add the department to the topology too, with one peer."),
    ] = False,
    definition: Annotated[
        Path | None,
        typer.Option(
            "--definition",
            metavar="FILE",
            help="The public definition of a department with a machine of its own (`pyfabric network member init`).",
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Add a department to a running channel: keys, update, peers, contracts. Safe to repeat.

    The topology file gets the member; the administrators of this machine sign the update. A department that lives
    elsewhere is known by its definition: compare the fingerprint with the department itself, by another channel than the
    file came.
    """
    found = invocation.opened
    found.plan.channel(channel)
    members = list(found.topology.channels[channel].departments)
    changes: dict[tuple[str, ...], Any] = {}
    if new and department not in found.plan.departments:
        changes["departments", department] = {}
    elif not new:
        found.plan.department(department)
    if department not in members:
        members.append(department)
    changes["channels", channel, "departments"] = members
    if definition is None:
        invocation.follow(changes)
        return
    if invocation.dry_run:
        raise typer.BadParameter(
            "shows no steps before the definition is kept", param_hint="--dry-run"
        )
    known = found.add_definition(department, definition, changes)
    say(f"{department} is at {known.host}, fingerprint {known.fingerprint()}")
    replace(invocation).follow()  # which opens the network again, with the department in its place
