"""`pyfabric identity crl`: a CA's list of revoked certificates."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Ordering
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

app = plain_app()


@command(app)
def crl(
    invocation: OnNetwork,
    department: options.OneDepartment,
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="Where to write it (PEM).")],
    from_server: Annotated[
        bool,
        typer.Option(
            "--from-server",
            help="The list of the department's CA server: only what it has issued and revoked itself.",
        ),
    ] = False,
    ordering: Ordering = False,
) -> None:
    """Write the list of all certificates that the department's CA has revoked to a file, for others than Fabric.

    It has the date of today, and is made from the lists that the department has. Of a CA that was replaced the list follows that
    of the present one, if it has revoked anything.
    """
    from datetime import UTC, datetime

    from pyfabric_network.identities.authorities import authority_of
    from pyfabric_network.identities.revoking import Revocations

    from pyfabric.errors import ConfigError
    from pyfabric.identity.revocation import revoked
    from pyfabric.local import files

    found = invocation.opened
    organization = found.organization(department, ordering=ordering)
    made: tuple[bytes, ...]
    if from_server:
        with authority_of(found.plan.department(department), organization) as asked:
            made = (asked.client.crl(asked.registrar),)
    else:
        made = Revocations(found.plan, organization).next_lists([], now=datetime.now(UTC))
    files.write_public(to, b"".join(made), error=ConfigError)
    say(f"wrote {to}")
    invocation.printer.rows(
        ["serial"],
        [{"serial": f"{serial:x}"} for _, serial in sorted(revoked(made))],
    )
