"""`pyfabric identity list`: who has an identity of a department."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfabric_cli.commands import command
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

if TYPE_CHECKING:
    from pyfabric_network.identities.holders import Holder

app = plain_app()


@command(app)
def list_identities(
    invocation: OnNetwork,
    department: Annotated[
        str | None,
        typer.Argument(help="The department (default: all that have their keys on this machine)."),
    ] = None,
) -> None:
    """List who has an identity of a department: users, peers, orderers, and certificates that were replaced.

    "revoked": the certificate is in the department's own list; `pyfabric doctor` names the channels that do not have it.
    """
    from pyfabric_network.identities.holders import holders

    plan = invocation.opened.plan
    if department is not None:
        plan.department(department)
    now = datetime.now(UTC)
    invocation.printer.rows(
        ["name", "msp_id", "role", "state", "ends", "serial"],
        [
            facts(one, now)
            for organization in plan.own_organizations
            if department is None or organization in plan.department(department).organizations
            for one in holders(organization)
        ],
    )


def facts(holder: "Holder", now: datetime) -> dict[str, Any]:
    """Return what is printed of somebody's certificate."""
    return {
        "name": holder.name,
        "msp_id": holder.msp_id,
        "role": holder.role,
        "state": holder.state(now),
        "attributes": dict(holder.attributes),
        "begins": f"{holder.begins:%Y-%m-%d %H:%M}",
        "ends": f"{holder.ends:%Y-%m-%d %H:%M}",
        "issuer": holder.issuer,
        "serial": holder.serial,
        "file": str(holder.file),
    }
