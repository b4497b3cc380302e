"""`pyfabric identity register`: somebody who may enroll at a department's certificate authority."""

from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import (
    Attributes,
    Authority,
    SecretTo,
    handed_out,
    pairs,
)
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@command(app)
def register(
    invocation: OnNetwork,
    department: options.OneDepartment,
    name: Annotated[str, typer.Argument(help="The name to enroll by, such as clerk.")],
    type: Annotated[
        str, typer.Option(help="The role in policies: client, peer, orderer or admin.")
    ] = "client",
    attribute: Attributes = None,
    affiliation: Annotated[
        str | None, typer.Option(help="The place in the CA's tree of affiliations.")
    ] = None,
    max_enrollments: Annotated[
        int, typer.Option(min=-1, help="How often the secret serves; -1: without a limit.")
    ] = 1,
    secret_to: SecretTo = None,
    ca: Authority = None,
) -> None:
    """Register somebody at the department's certificate authority, and print the secret to enroll with.

    The secret is given out once and kept nowhere else: hand it on by a safe way. Attributes are in each certificate that is
    enrolled for. Who registers is the first registrar, whose secret `network up` made.
    """
    from pyfabric_network.identities.authorities import authority

    from pyfabric.ca import Attribute

    found = invocation.opened
    with authority(found.plan.department(department), ca) as asked:
        secret = asked.client.register(
            asked.registrar,
            name,
            type=type,
            affiliation=affiliation,
            attributes=[Attribute(*pair, ecert=True) for pair in pairs(attribute).items()],
            max_enrollments=max_enrollments,
        )
    handed = handed_out(secret, secret_to)
    invocation.printer.facts({"name": name, "ca": asked.served.name, **handed})
