"""`pyfabric identity certificates`: what a department's certificate authority has issued."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli import options
from pyfabric_cli.commands import command
from pyfabric_cli.identity_options import Authority
from pyfabric_cli.invocation import OnNetwork
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@command(app)
def certificates(
    invocation: OnNetwork,
    department: options.OneDepartment,
    name: Annotated[
        str | None, typer.Argument(help="Of whom: a registered name (default: of all).")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="FOLDER",
            file_okay=False,
            help="Also write each to FOLDER/SERIAL.pem, such as for `identity revoke --certificate`.",
        ),
    ] = None,
    ca: Authority = None,
) -> None:
    """List the certificates that the department's certificate authority has issued, and which of them it has revoked.

    Those that `network up` or `identity issue` made with the CA's key are not among them: `pyfabric identity list`.
    """
    from pyfabric_network.identities.authorities import authority

    from pyfabric.local import files

    with authority(invocation.opened.plan.department(department), ca) as asked:
        found = asked.client.certificates(asked.registrar, name=name or "")
        valid = asked.client.certificates(asked.registrar, name=name or "", not_revoked=True)
    now = datetime.now(UTC)
    rows = [_facts(one, now, is_revoked=one not in valid) for one in found]
    for row, content in zip(rows, found, strict=True):
        if to is not None:
            files.write_public(to / f"{row['serial']}.pem", content, error=ConfigError)
    invocation.printer.rows(["name", "state", "ends", "serial"], rows)


def _facts(content: bytes, now: datetime, *, is_revoked: bool) -> dict[str, Any]:
    from pyfabric.identity.trust import read_certificate

    found = read_certificate(content)
    state = "expired" if found.not_after <= now else "valid"
    return {
        "name": found.subject.common_name,
        "state": "revoked" if is_revoked else state,
        "begins": f"{found.not_before:%Y-%m-%d %H:%M}",
        "ends": f"{found.not_after:%Y-%m-%d %H:%M}",
        "serial": f"{found.serial:x}",
    }
