"""`pyfabric identity revoke`: identities that are taken back, on all channels."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Ordering
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import confirm, progress, say

app = plain_app()


@command(app)
def revoke(
    invocation: OnNetwork,
    department: options.OneDepartment,
    names: Annotated[
        list[str] | None, typer.Argument(help="Users' short names, or nodes' host names.")
    ] = None,
    certificate: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True, dir_okay=False, help="A certificate (PEM), such as a former one."
        ),
    ] = None,
    channels: Annotated[
        bool,
        typer.Option(
            "--channels/--no-channels",
            help="Bring the list to every channel, where alone it has an effect, or only keep it.",
        ),
    ] = True,
    ca: Annotated[
        bool,
        typer.Option(
            "--ca/--no-ca",
            help="Revoke at the department's CA server, too, if there is one, or go on without it.",
        ),
    ] = True,
    identity: Annotated[
        bool,
        typer.Option(
            "--identity",
            help="Revoke the identities at the CA server: with all that it has issued to them, and nobody enrolls as them again.",
        ),
    ] = False,
    join: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Other lists of the same CA, whose entries stay (PEM).",
        ),
    ] = None,
    ordering: Ordering = False,
    yes: options.Yes = False,
) -> None:
    """Take identities back: the CA's list of revoked certificates gets them, and every channel gets the list.

    Those who were revoked before stay so. A CA server of the department revokes what it has issued, and renews none of it any
    more; its own list is joined. Peers and orderers refuse the certificates from then on; TLS is another matter, for
    which Fabric knows no lists: a revoked user still gets a connection, and nothing else. The list is signed with the key of the
    department's CA on this machine, the updates of the channels by its administrators. Safe to repeat after an interruption.
    """
    from pyfabric_network.identities.holders import find_holder

    from pyfabric.identity import pem

    found = invocation.opened
    organization = found.organization(department, ordering=ordering)
    wanted = [find_holder(organization, name).file for name in names or ()]
    wanted += certificate or ()
    if not (wanted or join):
        raise ConfigError("nothing to revoke: give names, --certificate or --join")
    where = "on all its channels" if channels else "without telling any channel"
    confirm(f"revoke {', '.join([*(names or ()), *map(str, certificate or ())])} {where}?", yes=yes)
    with progress(f"revoke in {organization.name}") as report:
        revoked = found.revoke(
            organization.msp_id,
            [one.read_bytes() for one in wanted],
            channels=channels,
            ca=ca,
            identities=identity,
            also=[each for one in join or () for each in pem.split(one.read_bytes())],
            report=report,
        )
    if not channels:
        say(
            "no channel has the list yet: `pyfabric identity revoke --join` with it brings it there"
        )
    invocation.printer.facts(
        {"msp_id": organization.msp_id, "revoked": len(wanted), "channels": list(revoked.channels)}
    )
