"""`pyfabric identity`: users and their certificates."""

from collections.abc import Mapping
from typing import ClassVar

import typer

from pyfabric_cli.lazy_group import LazyGroup, Part


class _Identity(LazyGroup):
    path = "identity"
    parts: ClassVar[Mapping[str, Part]] = {
        "expiring": Part("identity_expiring_command", "List which certificates end when."),
        "list": Part("identity_list_command", "List who has an identity of a department."),
        "show": Part("identity_show_command", "Print what a certificate says."),
        "issue": Part("identity_issue_command", "Give an identity to a new user, by the CA's key."),
        "register": Part(
            "identity_register_command", "Let somebody enroll at a department's CA server."
        ),
        "enroll": Part(
            "identity_enroll_command", "Get the certificate of somebody who was registered."
        ),
        "renew": Part("identity_renew_command", "Get somebody's next certificate."),
        "registered": Part(
            "identity_registered_command", "List whom a department's CA server knows."
        ),
        "modify": Part("identity_modify_command", "Change what a CA server knows of somebody."),
        "affiliations": Part(
            "identity_affiliations_command", "List, add or remove a CA server's affiliations."
        ),
        "certificates": Part(
            "identity_certificates_command", "List what a department's CA server has issued."
        ),
        "revoke": Part("identity_revoke_command", "Take identities back, on all channels."),
        "crl": Part("identity_crl_command", "Write a CA's list of revoked certificates to a file."),
        "export": Part("identity_export_command", "Copy an identity to another place and form."),
        "import": Part("identity_import_command", "Take an identity that was made elsewhere."),
    }


app = typer.Typer(cls=_Identity, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def identity() -> None:
    """Give identities to people, look at them, take them back."""
