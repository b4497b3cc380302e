"""Commands that edit the consenters of a channel, and its consensus."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from pyfabric.admin import channels
from pyfabric_cli.edit_commands import edit_command
from pyfabric_cli.lazy_group import plain_app

if TYPE_CHECKING:
    from pyfabric.admin.channels import Edit

app = plain_app()

Address: TypeAlias = Annotated[
    str, typer.Argument(metavar="HOST:PORT", help="Where the other orderers reach it.")
]
ClientTLS: TypeAlias = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Its TLS client certificate (default: that of its server)."),
]
Identity: TypeAlias = Annotated[
    Path | None, typer.Option(metavar="FILE", help="For BFT: the certificate of its identity.")
]


class Switch(StrEnum):
    """Whether something is so."""

    ON = "on"
    OFF = "off"


@edit_command(app, "add-consenter")
def add_consenter(
    address: Address,
    tls: Annotated[Path, typer.Option(metavar="FILE", help="Its TLS server certificate.")],
    client_tls: ClientTLS = None,
    msp_id: Annotated[
        str, typer.Option(metavar="ID", help="For BFT: the MSP id of its organisation.")
    ] = "",
    identity: Identity = None,
    number: Annotated[
        int, typer.Option(min=0, help="For BFT: its number (default: after the highest).")
    ] = 0,
) -> "Edit":
    """Add an orderer to those that take part in the consensus.

    `channel orderer add` does it with the checks that keep the channel running.
    """
    from pyfabric.admin import ConsenterModel
    from pyfabric.messages.addresses import Address as Place

    place, certificate = Place.parse(address), tls.read_bytes()
    return channels.AddConsenter(
        ConsenterModel(
            host=place.host,
            port=place.port,
            server_tls_certificate=certificate,
            client_tls_certificate=client_tls.read_bytes() if client_tls else certificate,
            number=number,
            msp_id=msp_id,
            identity=identity.read_bytes() if identity else b"",
        )
    )


@edit_command(app, "remove-consenter")
def remove_consenter(address: Address) -> "Edit":
    """Remove an orderer from those that take part in the consensus."""
    return channels.RemoveConsenter(address)


@edit_command(app, "replace-consenter")
def replace_consenter(
    address: Address,
    to_address: Annotated[
        str | None, typer.Option("--address", metavar="HOST:PORT", help="Its new address.")
    ] = None,
    tls: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its new TLS server certificate.")
    ] = None,
    client_tls: ClientTLS = None,
    identity: Identity = None,
) -> "Edit":
    """Give a consenter new certificates, or another address."""
    from pyfabric.messages.addresses import Address as Place

    place = Place.parse(to_address) if to_address else None
    server = tls.read_bytes() if tls else None
    return channels.ReplaceConsenter(
        address,
        host=place.host if place else None,
        port=place.port if place else None,
        server_tls_certificate=server,
        client_tls_certificate=client_tls.read_bytes() if client_tls else server,
        identity=identity.read_bytes() if identity else None,
    )


@edit_command(app, "set-options")
def set_options(
    options: Annotated[
        list[str], typer.Argument(metavar="NAME=VALUE...", help="Such as election_tick=20.")
    ],
) -> "Edit":
    """Set options of Raft or SmartBFT, by the names that `channel show` prints."""
    pairs = [one.partition("=") for one in options]
    if any(not separator for _, separator, _ in pairs):
        raise typer.BadParameter("write each option as NAME=VALUE", param_hint="NAME=VALUE...")
    values = {name: int(value) if value.isdecimal() else value for name, _, value in pairs}
    return channels.SetConsensusOptions(values)


@edit_command(app, "maintenance")
def maintenance(
    state_of_it: Annotated[
        Switch, typer.Argument(metavar="on|off", help="Whether it begins or ends.")
    ],
) -> "Edit":
    """Begin or end maintenance mode, in which orderers take only changes of the configuration."""
    return channels.SetMaintenance(on=state_of_it is Switch.ON)
