"""`pyfabric identity export`: an identity, copied to where another program reads it."""

from pathlib import Path
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Form, FormOption, Name, Ordering
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

app = plain_app()


@command(app, without="output")
def export(
    invocation: OnNetwork,
    department: options.OneDepartment,
    name: Name,
    to: Annotated[
        Path, typer.Option("--to", metavar="FOLDER", file_okay=False, help="Where to write it.")
    ],
    form: FormOption = Form.WALLET,
    ordering: Ordering = False,
) -> None:
    """Copy a user's or node's certificate and private key to another folder; the key's file has mode 0600.

    Anyone who has the key acts in that name: hand it on by a safe way, and delete the copy that is not needed.
    """
    from pyfabric_network.identities.forms import write_identity
    from pyfabric_network.identities.holders import find_holder

    from pyfabric.identity.definition import MSPDefinition
    from pyfabric.identity.loading import load_msp_folder

    organization = invocation.opened.organization(department, ordering=ordering)
    holder = find_holder(organization, name)
    folder, msp_id = holder.file.parent.parent, organization.msp_id
    definition = MSPDefinition.from_folder(organization.msp, msp_id)
    identity = load_msp_folder(folder, msp_id)
    say(f"wrote {write_identity(to, holder.name, identity, definition, form.value)}")
