"""`pyfabric peer`: what one peer has joined and installed, and its snapshots of channels."""

from dataclasses import dataclass
from typing import Annotated

import typer

from pyfabric_cli import options
from pyfabric_cli.acting import AskingPeer
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say
from pyfabric_cli.package_commands import installed

app = plain_app()
snapshot = plain_app("Snapshots of a channel's state, from which other peers join.")
app.add_typer(snapshot, name="snapshot")


@dataclass(frozen=True)
class AsAdministrator(AskingPeer):
    """One run of a command that asks a peer as its department's administrator, unless another user is named."""

    user: options.User = "Admin"


@command(app, without="channel")
def channels(invocation: AsAdministrator) -> None:
    """Print which channels the peer has joined, and how many blocks it has of each.

    `start` is above 0 at a peer that joined by a snapshot: it has no earlier blocks.
    """
    infos = invocation.actor.ask(
        lambda admin, peer: {name: admin.chain_info(peer, name) for name in admin.channels(peer)}
    )
    invocation.printer.rows(
        ["channel", "start", "height", "current_hash"],
        [
            {
                "channel": name,
                "start": info.start,
                "height": info.height,
                "current_hash": info.current_hash.hex(),
            }
            for name, info in infos.items()
        ],
    )


@command(app)
def height(invocation: AsAdministrator) -> None:
    """Print how many blocks the peer has of a channel, and the hashes of the last two."""
    actor = invocation.actor
    info = actor.chain_info()
    invocation.printer.facts(
        {
            "peer": actor.peers[0].address,
            "channel": actor.channel,
            "start": info.start,
            "height": info.height,
            "current_hash": info.current_hash.hex(),
            "previous_hash": info.previous_hash.hex(),
        }
    )


command(app, without="channel")(installed)


@command(snapshot, "request")
def request_snapshot(
    invocation: AsAdministrator,
    block: Annotated[
        int, typer.Argument(min=0, help="After this block (0: the newest that the peer has).")
    ] = 0,
) -> None:
    """Request that the peer makes a snapshot of a channel when it has committed a block.

    The peer writes it to the folder completed/CHANNEL/BLOCK of its snapshots.
    """
    actor = invocation.actor
    actor.ask(lambda admin, peer: admin.request_snapshot(peer, actor.channel, block))
    when = f"after block {block}" if block else "of its newest block"
    say(f"{actor.peers[0].address} makes a snapshot of {actor.channel} {when}")


@command(snapshot, "list")
def list_snapshots(invocation: AsAdministrator) -> None:
    """Print after which blocks the peer will make a snapshot of a channel."""
    channel = invocation.actor.channel
    pending = invocation.actor.ask(lambda admin, peer: admin.pending_snapshots(peer, channel))
    invocation.printer.rows(
        ["channel", "block_number"],
        [{"channel": channel, "block_number": number} for number in pending],
    )


@command(snapshot, "cancel")
def cancel_snapshot(
    invocation: AsAdministrator,
    block: Annotated[int, typer.Argument(min=1, help="The block of the request.")],
) -> None:
    """Cancel a request for a snapshot that the peer has not begun."""
    actor = invocation.actor
    actor.ask(lambda admin, peer: admin.cancel_snapshot(peer, actor.channel, block))
    say(f"{actor.peers[0].address} makes no snapshot of {actor.channel} after block {block}")
