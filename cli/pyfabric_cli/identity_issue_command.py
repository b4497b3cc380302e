"""`pyfabric identity issue`: an identity for a new user, by the key of the department's own CA."""

from enum import StrEnum
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Attributes, Ordering, pairs
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


class _Role(StrEnum):
    CLIENT = "client"
    ADMIN = "admin"


@command(app)
def issue(
    invocation: OnNetwork,
    department: options.OneDepartment,
    name: Annotated[str, typer.Argument(help="The user's short name, such as clerk.")],
    role: Annotated[_Role, typer.Option(help="The role in policies.")] = _Role.CLIENT,
    attribute: Attributes = None,
    days: Annotated[int, typer.Option(min=1, help="How long it is valid.")] = 365,
    ordering: Ordering = False,
) -> None:
    """Give an identity and a TLS certificate to a new user, by the key of the department's CA on this machine.

    Every channel accepts it at once. The department's connection profile gets the user: `--user NAME`. Where the
    department runs a certificate authority's server, `register` and `enroll` are the better way: there, no key of the CA is
    needed, and the server knows the user.
    """
    from datetime import UTC, datetime

    from pyfabric_network.topology.spec import FurtherUser

    from pyfabric_cli.identity_list_command import facts

    found = invocation.opened
    organization = found.organization(department, ordering=ordering)
    user = FurtherUser(unit=role.value, attributes=pairs(attribute))
    holder = found.issue(organization.msp_id, name, user, days=days)
    invocation.printer.facts(facts(holder, datetime.now(UTC)))
