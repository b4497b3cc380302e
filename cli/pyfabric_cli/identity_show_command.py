"""`pyfabric identity show`: what the certificate of one holder says."""

from datetime import UTC, datetime

from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_list_command import facts
from pyfabric_cli.identity_options import Name, Ordering
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@command(app)
def show(
    invocation: OnNetwork,
    department: options.OneDepartment,
    name: Name,
    ordering: Ordering = False,
) -> None:
    """Print what a user's or node's certificate says: role, attributes, validity, serial number, file."""
    from pyfabric_network.identities.holders import find_holder

    organization = invocation.opened.organization(department, ordering=ordering)
    invocation.printer.facts(facts(find_holder(organization, name), datetime.now(UTC)))
