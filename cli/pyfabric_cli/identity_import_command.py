"""`pyfabric identity import`: an identity that was made elsewhere, for use on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import PKCS11, Ordering
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.token_pin import ask_pin

app = plain_app()


@command(app, "import")
def import_identity(
    invocation: OnNetwork,
    department: options.OneDepartment,
    name: Annotated[str, typer.Argument(help="The user's short name here.")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="A wallet's file (NAME.id), or an MSP folder with a key."),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A certificate (PEM) …")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="… and its key (PEM).")
    ] = None,
    pkcs11: PKCS11 = None,
    ordering: Ordering = False,
) -> None:
    """Take an identity of a department that was made elsewhere, such as by a certificate authority's own client.

    With --pkcs11, which goes with --certificate or with a wallet's file that holds no key, the key stays in its token.
    It must be one that the department's MSP accepts. The department's connection profile gets the user: `--user NAME`.
    """
    from datetime import UTC, datetime

    from pyfabric_network.identities.forms import read_identity, read_pem

    from pyfabric.identity import PKCS11Token
    from pyfabric_cli.identity_list_command import facts

    found = invocation.opened
    organization = found.organization(department, ordering=ordering)
    token = None if pkcs11 is None else PKCS11Token(pkcs11, pin=ask_pin)
    has_key = (key is None) != (token is None)
    if (source is None) == (certificate is None or not has_key):
        raise ConfigError("give --from, or --certificate and one of --key and --pkcs11")
    if source is not None:
        identity = read_identity(source, organization.msp_id, token=token)
    elif token is not None:
        identity = token.identity(organization.msp_id, (certificate or Path()).read_bytes())
    else:
        identity = read_pem(certificate or Path(), key or Path(), organization.msp_id)
    holder = found.adopt(organization.msp_id, name, identity)
    invocation.printer.facts(facts(holder, datetime.now(UTC)))
