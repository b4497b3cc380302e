"""`pyfabric channel config`: changes of a channel's configuration, one command for each kind of edit."""

from pyfabric_cli import consenter_edits, organization_edits, policy_edits
from pyfabric_cli.lazy_group import plain_app

app = plain_app(
    "Change a channel's configuration: policies, limits, organisations, consenters.\n\n"
    "Each command shows what changes and asks before it signs, with the administrators' keys on this "
    "machine, and submits. Where these do not suffice, --to writes a proposal for others to sign."
)
for part in (policy_edits.app, organization_edits.app, consenter_edits.app):
    app.registered_commands += part.registered_commands
