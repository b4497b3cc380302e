"""`pyfabric channel show`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pyfabric_cli.acting import Acting
from pyfabric_cli.commands import command
from pyfabric_cli.configurations import Configurations, read_file
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app

if TYPE_CHECKING:
    from pyfabric.admin.channels import CertificateView, ConfigView

app = plain_app()


@command(app)
def show(
    invocation: Acting,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A configuration block, a configuration or its JSON (default: the live channel)."
        ),
    ] = None,
    as_fabric: Annotated[
        bool,
        typer.Option(
            "--json", help="Print common.Config as configtxlator does, for files and patches."
        ),
    ] = False,
) -> None:
    """Print a configuration: members, policies, ACLs, capabilities, batches, consenters, anchor peers."""
    from pyfabric.admin.channels import describe_config
    from pyfabric.messages import decode_message

    if file is None:
        name, config = Configurations(invocation).live()
    else:
        name, config = read_file(file)
    if as_fabric:
        invocation.printer.document(decode_message("common.Config", config))
        return
    view = describe_config(invocation.channel or name, config)
    if invocation.as_json:
        invocation.printer.document(view)
    else:
        _print(invocation, view)


def _print(invocation: Invocation, view: "ConfigView") -> None:
    batch = view.batch
    invocation.printer.record(
        {
            "channel": view.channel or None,
            "sequence": view.sequence,
            "consensus": f"{view.consensus_type}, {view.consensus_state}",
            "consensus options": view.consensus_options,
            "batch": f"{batch.max_message_count} messages, {batch.preferred_max_bytes} bytes "
            f"(at most {batch.absolute_max_bytes}), {batch.timeout:g} s",
            **{f"{level} capabilities": names for level, names in view.capabilities.items()},
            **({"orderer addresses": view.orderer_addresses} if view.orderer_addresses else {}),
        },
        organizations=(
            [
                "name",
                "msp_id",
                "section",
                "anchor_peers",
                "endpoints",
                "roots",
                "tls_roots",
                "lists",
            ],
            [
                {
                    "name": one.name,
                    "msp_id": one.msp_id or None,
                    "section": one.section,
                    "anchor_peers": one.anchor_peers or None,
                    "endpoints": one.endpoints or None,
                    "roots": "\n".join(map(_until, one.roots)) or None,
                    "tls_roots": "\n".join(map(_until, one.tls_roots)) or None,
                    "lists": one.revocation_lists or None,
                }
                for one in view.organizations
            ],
        ),
        consenters=(
            ["address", "number", "msp_id", "server_tls", "client_tls", "identity"],
            [
                {
                    "address": one.address,
                    "number": one.number,
                    "msp_id": one.msp_id or None,
                    "server_tls": _until(one.server_tls),
                    "client_tls": None
                    if one.client_tls == one.server_tls
                    else _until(one.client_tls),
                    "identity": None if one.identity is None else _until(one.identity),
                }
                for one in view.consenters
            ],
        ),
        policies=(["path", "rule", "mod_policy"], view.policies),
        acls=(
            ["resource", "policy"],
            [{"resource": name, "policy": policy} for name, policy in view.acls.items()],
        ),
    )


def _until(certificate: "CertificateView") -> Any:
    if certificate.expires is None:
        return certificate.name
    return f"{certificate.name} until {certificate.expires:%Y-%m-%d}"
