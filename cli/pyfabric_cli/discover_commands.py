"""`pyfabric discover`: what a peer knows of a channel's members, peers and endorsers."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from pyfabric.errors import ConfigError
from pyfabric_cli.acting import AskingPeer
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app

if TYPE_CHECKING:
    from pyfabric.admin.discovery import ChaincodeCall, DiscoveredPeer

app = plain_app()

Chaincodes: TypeAlias = Annotated[
    list[str],
    typer.Option(
        "--chaincode",
        metavar="NAME[:COLLECTION,…]",
        help="A chaincode that the transaction calls, and collections; the first is called by the client.",
    ),
]


@command(app)
def peers(
    invocation: AskingPeer,
    chaincode: Annotated[
        list[str] | None,
        typer.Option(
            "--chaincode", metavar="NAME[:COLLECTION,…]", help="Only peers that can serve these."
        ),
    ] = None,
    local: Annotated[
        bool,
        typer.Option("--local", help="Of any channel, for the peer's own administrators."),
    ] = False,
) -> None:
    """Print the channel's peers, their heights, and the chaincodes that they can serve."""
    from pyfabric.gateway import Admin

    actor = invocation.actor
    with Admin(actor.identity) as admin:
        found = (
            admin.discover_local_peers(actor.peers[0])
            if local
            else admin.discover_peers(actor.peers[0], actor.channel, _calls(chaincode or ()))
        )
    invocation.printer.rows(
        ["msp_id", "address", "ledger_height", "chaincodes"], [_peer(one) for one in found]
    )


@command(app)
def endorsers(
    invocation: AskingPeer,
    chaincode: Chaincodes,
    no_private_reads: Annotated[
        bool,
        typer.Option("--no-private-reads", help="Private data is only written."),
    ] = False,
) -> None:
    """Print which peers can endorse a transaction, and which sets of them are enough.

    With each layout, that number of peers of each group is enough.
    """
    from pyfabric.gateway import Admin

    actor = invocation.actor
    calls = [replace(one, no_private_reads=no_private_reads) for one in _calls(chaincode)]
    with Admin(actor.identity) as admin:
        found = admin.discover_endorsers(actor.peers[0], actor.channel, calls)
    invocation.printer.record(
        {"chaincode": found.chaincode},
        endorsers=(
            ["group", "msp_id", "address", "ledger_height"],
            [
                {"group": group, **_peer(one)}
                for group, members in found.groups.items()
                for one in sorted(members, key=lambda one: (one.msp_id, one.address))
            ],
        ),
        layouts=(["layout"], [{"layout": dict(one)} for one in found.layouts]),
    )


@command(app)
def config(invocation: AskingPeer) -> None:
    """Print the channel's members and the addresses of its orderers."""
    from pyfabric.gateway import Admin

    actor = invocation.actor
    with Admin(actor.identity) as admin:
        found = admin.discover_config(actor.peers[0], actor.channel)
    invocation.printer.rows(
        ["msp_id", "orderers", "root_certificates", "revocation_lists"],
        [
            {
                "msp_id": msp_id,
                "orderers": list(found.orderers.get(msp_id, ())),
                "root_certificates": len(definition.root_certificates),
                "revocation_lists": len(definition.revocation_lists),
            }
            for msp_id, definition in found.msps.items()
        ],
    )


def _calls(texts: Iterable[str]) -> "list[ChaincodeCall]":
    """Return the calls in `NAME` or `NAME:COLLECTION,COLLECTION`; raises ConfigError."""
    from pyfabric.admin.discovery import ChaincodeCall

    calls = []
    for text in texts:
        name, _, collections = text.partition(":")
        if not name:
            raise ConfigError(f"--chaincode {text!r}: it has no name before the colon")
        calls.append(ChaincodeCall(name, tuple(one for one in collections.split(",") if one)))
    return calls


def _peer(peer: "DiscoveredPeer") -> dict[str, object]:
    return {
        "msp_id": peer.msp_id,
        "address": peer.address,
        "ledger_height": peer.ledger_height,
        "chaincodes": dict(peer.chaincodes),
    }
