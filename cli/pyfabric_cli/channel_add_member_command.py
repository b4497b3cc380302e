"""`pyfabric channel add-member`."""

from typing import Annotated, Any

import typer

from pyfabric_cli import options
from pyfabric_cli.channel_following import follow
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@app.command("add-member")
def add_member(
    channel: options.OneChannel,
    department: options.OneDepartment,
    new: Annotated[
        bool,
        typer.Option("--new", help="Add the department to the topology too, with one peer."),
    ] = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Add a department to a running channel: keys, update, peers, contracts. Safe to repeat.

    The topology file gets the member; its administrators on this machine sign the update.
    """
    invocation = Invocation.start(state, output)
    found = invocation.network(network)
    members = [one.name for one in found.plan.channel(channel).departments]
    changes: dict[tuple[str, ...], Any] = {}
    if new and department not in found.plan.departments:
        changes["departments", department] = {}
    elif not new:
        found.plan.department(department)
    if department not in members:
        members.append(department)
    changes["channels", channel, "departments"] = members
    follow(invocation, found, changes=changes, dry_run=dry_run, yes=yes)
