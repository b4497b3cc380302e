"""`pyfabric channel diff`."""

from dataclasses import asdict
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.configurations import LIVE, Configurations
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say
from pyfabric_cli.settings import OutputFormat

app = plain_app()


@app.command()
def diff(
    before: Annotated[
        str,
        typer.Argument(
            help="A file as `channel show` reads it, or live: the channel, or topology: its file."
        ),
    ],
    after: Annotated[
        str, typer.Argument(help="The same, or a file with an update of the first.")
    ] = LIVE,
    context: options.ContextName = None,
    user: options.User = None,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print what differs between two configurations, in words; versions are left out.

    `diff live topology` prints what the topology asks for and the channel does not have yet. A file
    that has the name of one of the two words is ./live or ./topology.
    """
    from pyfabric.admin.channels import differences

    invocation = Invocation.start(state, output)
    configurations = Configurations(invocation, context, user, channel)
    name, old = configurations.find(before)
    new = configurations.after(after, name, old)
    found = [asdict(one) for one in differences(old, new)]
    if not found:
        say("no differences")
    if found or invocation.settings.output is OutputFormat.JSON:
        invocation.printer.rows(["path", "words"], found)
