"""`pyfabric channel diff`."""

from dataclasses import asdict
from typing import Annotated

import typer

from pyfabric_cli.acting import Acting
from pyfabric_cli.commands import command
from pyfabric_cli.configurations import LIVE, Configurations
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

app = plain_app()


@command(app)
def diff(
    invocation: Acting,
    before: Annotated[
        str,
        typer.Argument(
            help="A file as `channel show` reads it, or live: the channel, or topology: its file."
        ),
    ],
    after: Annotated[
        str, typer.Argument(help="The same, or a file with an update of the first.")
    ] = LIVE,
) -> None:
    """Print what differs between two configurations, in words; versions are left out.

    `diff live topology` prints what the topology asks for and the channel does not have yet. A file
    that has the name of one of the two words is ./live or ./topology.
    """
    from pyfabric.admin.channels import differences

    configurations = Configurations(invocation)
    name, old = configurations.find(before)
    new = configurations.after(after, name, old)
    found = [asdict(one) for one in differences(old, new)]
    if not found:
        say("no differences")
    if found or invocation.as_json:
        invocation.printer.rows(["path", "words"], found)
