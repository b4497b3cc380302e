"""`pyfabric identity expiring`."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from pyfabric_cli.commands import command
from pyfabric_cli.durations import duration
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

app = plain_app()
_COLUMNS = ("holder", "department", "kind", "use", "ends", "days", "note")


@command(app)
def expiring(
    invocation: OnNetwork,
    within: Annotated[
        timedelta | None,
        typer.Option(
            metavar="TIME", parser=duration, help="Only what ends within this time (90d, 12h)."
        ),
    ] = None,
) -> None:
    """List which certificates of this machine end when, the next one first.

    While the network runs, also those by which channels still know orderers that use others. `pyfabric network renew`
    takes the names of the holders.
    """
    found, now = invocation.opened, datetime.now(UTC)
    rows = [
        {**asdict(one), "ends": f"{one.ends:%Y-%m-%dT%H:%M:%SZ}", "days": one.days(now)}
        for one in found.expiring_within(within)
    ]
    invocation.printer.rows(_COLUMNS, rows)
