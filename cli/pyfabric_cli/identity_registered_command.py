"""`pyfabric identity registered`: whom a department's certificate authority knows."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Authority
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

if TYPE_CHECKING:
    from pyfabric.ca import RegisteredIdentity

app = plain_app()


@command(app)
def registered(
    invocation: OnNetwork,
    department: options.OneDepartment,
    name: Annotated[
        str | None, typer.Argument(help="The name that was registered (default: all).")
    ] = None,
    ca: Authority = None,
) -> None:
    """List whom the department's certificate authority knows: everybody who was registered there, enrolled or not.

    Users and nodes whose certificates `network up` or `identity issue` made are not among them: `pyfabric identity list`.
    """
    from pyfabric_network.identities.authorities import authority

    with authority(invocation.opened.plan.department(department), ca) as asked:
        found = (
            asked.client.identities(asked.registrar)
            if name is None
            else [asked.client.identity(asked.registrar, name)]
        )
    invocation.printer.rows(
        ["name", "type", "affiliation", "max_enrollments", "attributes"], map(facts, found)
    )


def facts(identity: "RegisteredIdentity") -> dict[str, Any]:
    """Return what is printed of somebody whom a CA knows; not the secret."""
    return {
        "name": identity.name,
        "type": identity.type,
        "affiliation": identity.affiliation,
        "max_enrollments": identity.max_enrollments,
        "attributes": {one.name: one.value for one in identity.attributes},
    }
