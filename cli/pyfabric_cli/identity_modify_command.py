"""`pyfabric identity modify`: changes of somebody whom a department's certificate authority knows."""

import secrets
from typing import Annotated

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Authority, SecretTo, handed_out, pairs
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

app = plain_app()
_SECRET_BYTES = 12


@command(app)
def modify(
    invocation: OnNetwork,
    department: options.OneDepartment,
    name: Annotated[str, typer.Argument(help="The name that was registered.")],
    type: Annotated[
        str | None, typer.Option(help="The role in policies: client, peer, orderer or admin.")
    ] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="An attribute that contracts read; NAME= takes it away. Repeatable.",
        ),
    ] = None,
    affiliation: Annotated[
        str | None, typer.Option(help='The place in the CA\'s tree of affiliations; "" is its top.')
    ] = None,
    max_enrollments: Annotated[
        int | None,
        typer.Option(
            min=-1, help="How often the secret serves in all; -1: without a limit, 0: never again."
        ),
    ] = None,
    new_secret: Annotated[
        bool,
        typer.Option(
            "--new-secret",
            help="Make a new secret, and print it; that also ends the lock after wrong ones.",
        ),
    ] = False,
    secret_to: SecretTo = None,
    ca: Authority = None,
) -> None:
    """Change what the department's certificate authority knows of somebody: what is not given stays.

    Certificates that were issued stay as they are, with their attributes, until they are revoked; the next ones are as changed.
    """
    from pyfabric_network.identities.authorities import authority
    from pyfabric_network.material.ca_server import REGISTRAR

    from pyfabric.ca import Attribute
    from pyfabric_cli.identity_registered_command import facts

    if secret_to is not None and not new_secret:
        raise ConfigError("--secret-to: there is no secret to write: give --new-secret with it")
    given = (type, attribute, affiliation, max_enrollments)
    if not new_secret and all(one is None for one in given):
        raise ConfigError(f"nothing to change of {name}: give an option (--help lists them)")
    if new_secret and name == REGISTRAR:
        raise ConfigError(
            f"the secret of {name} stays: all CAs of the server share it with its file, by which this command works; "
            "how a stolen one is replaced is in SECURITY.md"
        )
    secret = secrets.token_urlsafe(_SECRET_BYTES) if new_secret else ""
    attributes = [Attribute(*pair, ecert=True) for pair in pairs(attribute).items()]
    with authority(invocation.opened.plan.department(department), ca) as asked:
        changed = asked.client.change_identity(
            asked.registrar,
            name,
            type=type or "",
            affiliation=affiliation,
            attributes=attributes,
            max_enrollments=max_enrollments,
            secret=secret,
        )
    handed = handed_out(secret, secret_to) if new_secret else {}
    invocation.printer.facts({**facts(changed), **handed})
