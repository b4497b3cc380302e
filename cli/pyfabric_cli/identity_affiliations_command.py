"""`pyfabric identity affiliations`: the tree of affiliations of a department's certificate authority."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pyfabric.errors import CAError, ConfigError
from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Authority as AuthorityName
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

if TYPE_CHECKING:
    from pyfabric_network.identities.authorities import Authority

    from pyfabric.ca import Affiliation

app = plain_app()


@command(app)
def affiliations(
    invocation: OnNetwork,
    department: options.OneDepartment,
    add: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Add one, such as city.tax, with those above it that are missing."
        ),
    ] = None,
    remove: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Remove one that nobody belongs to, and none is below."),
    ] = None,
    ca: AuthorityName = None,
) -> None:
    """List the affiliations of the department's certificate authority, after one was added or removed.

    Who is registered belongs to one of them, and its certificates have its parts as organisational units (OU).
    """
    from pyfabric_network.identities.authorities import authority

    with authority(invocation.opened.plan.department(department), ca) as asked:
        if add is not None:
            asked.client.add_affiliation(asked.registrar, add, force=True)
        if remove is not None:
            _check_unused(asked, remove)
            asked.client.remove_affiliation(asked.registrar, remove)
        names = _names(asked)
    invocation.printer.rows(["affiliation"], [{"affiliation": one} for one in names])


def _check_unused(asked: "Authority", name: str) -> None:
    """Raise ConfigError for one that is in use, which the CA refuses without a reason."""
    _, *below = _below(asked.client.affiliation(asked.registrar, name))
    members = [
        one.name for one in asked.client.identities(asked.registrar) if one.affiliation == name
    ]
    if below or members:
        users = ", ".join((*members, *below))
        raise ConfigError(
            f"{name} is not removed, because of who or what belongs to it: {users}; "
            "move them first (`pyfabric identity modify --affiliation`), and remove what is below"
        )


def _names(asked: "Authority") -> list[str]:
    """Return the names of all; a CA that has none refuses to list them."""
    from pyfabric.ca import CAErrorCode

    try:
        return sorted(_below(asked.client.affiliations(asked.registrar)))
    except CAError as error:
        if error.code != CAErrorCode.AFFILIATION_NOT_READ:
            raise
        return []


def _below(affiliation: "Affiliation") -> Iterator[str]:
    if affiliation.name:
        yield affiliation.name
    for one in affiliation.affiliations:
        yield from _below(one)
