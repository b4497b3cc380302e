"""`pyfabric channel create`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import progress, say, warn

if TYPE_CHECKING:
    from pyfabric_network.network import Network

app = plain_app()


@command(app)
def create(
    invocation: OnNetwork,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[CHANNEL...]",
            help="Channels of the topology (default: all that do not exist yet).",
        ),
    ] = None,
    departments: Annotated[
        list[str] | None,
        typer.Option(
            "--department",
            metavar="NAME",
            help="A member of one new channel, which is added to the topology file. Repeat it.",
        ),
    ] = None,
    contracts: Annotated[
        list[str] | None,
        typer.Option(
            "--contract",
            metavar="NAME",
            help="A contract of the topology for the new channel. Repeat it.",
        ),
    ] = None,
) -> None:
    """Create channels on a running network: genesis block, orderers and peers joined. Safe to repeat.

    They are in the topology file, or, with --department, are added to it.
    """
    if departments or contracts:
        _add(invocation.opened, names or [], departments or [], contracts or [])
    found = invocation.reopened()
    wanted = names or [one.name for one in found.plan.channels.values() if not one.block.exists()]
    if not wanted:
        say("nothing to do: every channel of the topology exists")
        return
    with progress("create") as report:
        warnings = found.create_channels(wanted, report)
    warn(warnings)
    invocation.printer.rows(
        ["channel", "departments", "contracts", "genesis_block"],
        [
            {
                "channel": name,
                "departments": [one.name for one in channel.departments],
                "contracts": [one.name for one in channel.contracts],
                "genesis_block": str(channel.block),
            }
            for name in wanted
            for channel in [found.plan.channel(name)]
        ],
    )


def _add(
    network: "Network", names: list[str], departments: list[str], contracts: list[str]
) -> None:
    """Add a channel to the topology file of a network."""
    if len(names) != 1 or not departments:
        raise typer.BadParameter(
            "a new channel has one name, and at least one --department", param_hint="CHANNEL"
        )
    if names[0] in network.plan.channels:
        raise typer.BadParameter(
            f"{names[0]} is in the topology already: `pyfabric channel add-member {names[0]} DEPARTMENT` adds "
            "a department",
            param_hint="CHANNEL",
        )
    spec: dict[str, Any] = {"departments": departments, "contracts": contracts}
    file = network.change_topology({("channels", names[0]): spec})
    say(f"added {names[0]} to {file}")
