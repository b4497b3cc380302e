"""`pyfabric clock`: where the clock of a channel stands that its contract `city` keeps."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from pyfabric_cli import completion
from pyfabric_cli.acting import Acting
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@command(app)
def clock(
    invocation: Acting,
    chaincode: Annotated[
        str,
        typer.Option(
            "--chaincode",
            help="The chaincode that keeps the clock.",
            autocompletion=completion.contracts,
        ),
    ] = "city",
) -> None:
    """Print the newest slot of the channel's clock.

    With it go its age by this machine, and which department wrote it. An age of more than two slots: no department ticks, or this machine's watch is fast. A negative one: it is slow.
    """
    actor = invocation.actor
    with actor.gateway() as gateway:
        answer = gateway.network(actor.channel).contract(chaincode).evaluate("slots")
    view = json.loads(answer)
    newest = view["newest"]
    begun = None if newest is None else datetime.fromtimestamp(newest, UTC)
    age = None if begun is None else int((datetime.now(UTC) - begun).total_seconds())
    invocation.printer.facts(
        {
            "channel": actor.channel,
            "newest_slot": None if begun is None else begun.isoformat().replace("+00:00", "Z"),
            "age_seconds": age,
            "slot_seconds": view["length"],
            "ticked_by": view["ticked_by"],
        }
    )
