"""`pyfabric events`: blocks, or a chaincode's events, as they are committed."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric.errors import ClientError
from pyfabric_cli import completion
from pyfabric_cli.chains import Inspecting
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@command(app)
def events(
    invocation: Inspecting,
    chaincode: Annotated[
        str | None,
        typer.Option(
            "--chaincode",
            help="Print this chaincode's events instead of blocks.",
            autocompletion=completion.contracts,
        ),
    ] = None,
    start: Annotated[
        int | None,
        typer.Option(min=0, help="Start at this block (default: 0; with --follow the next one)."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Continue until interrupted.")
    ] = False,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Continue after what this file records, and record there what is printed."
        ),
    ] = None,
) -> None:
    """Print blocks, or a chaincode's events, one on each line.

    A peer that joined by a snapshot has none from before it.
    """
    from pyfabric.gateway import FileCheckpointer
    from pyfabric_cli import event_reading as reading

    if invocation.source is not None:
        if follow or checkpoint is not None:
            raise ClientError("--from reads files: it goes with neither --follow nor --checkpoint")
        for event in reading.in_files(invocation.source, chaincode, start or 0):
            invocation.printer.event(reading.facts(event), reading.line(event))
        return
    actor = invocation.actor
    seen = FileCheckpointer(checkpoint) if checkpoint else None
    with actor.gateway() as gateway:
        network = gateway.network(actor.channel)
        if follow and start is None:
            found = reading.follow(network, chaincode, start, seen)
        else:
            info = actor.chain_info()
            start = reading.checked_start(info, start)
            found = (
                reading.follow(network, chaincode, start, seen)
                if follow
                else reading.past(network, chaincode, info.height, start, seen)
            )
        for event in found:
            invocation.printer.event(reading.facts(event), reading.line(event))
            reading.remember(seen, event)
