"""`pyfabric peer`: what one peer has joined and installed, and its snapshots of channels."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from pyfabric_cli import options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say
from pyfabric_cli.settings import OutputFormat

if TYPE_CHECKING:
    from pyfabric.gateway import Admin, Endpoint

app = plain_app()
snapshot = plain_app("Snapshots of a channel's state, from which other peers join.")
app.add_typer(snapshot, name="snapshot")

_ADMIN = "Admin"
AdminUser: TypeAlias = Annotated[
    str,
    typer.Option("--user", "-u", help="Act as this user of the department, or as an MSP folder."),
]


@dataclass(frozen=True, slots=True)
class _Asked:
    """The peer that is asked, and who asks."""

    invocation: Invocation
    admin: "Admin"
    peer: "Endpoint"
    channel: str


@contextmanager
def _asked(
    address: str | None,
    context: str | None,
    user: str,
    channel: str | None,
    state: Path | None,
    output: OutputFormat | None,
) -> Iterator[_Asked]:
    """Connect as a user to one of the department's peers."""
    from pyfabric.gateway import Admin

    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, channel, address)
    with Admin(actor.identity) as admin:
        yield _Asked(invocation, admin, actor.peers[0], actor.channel)


@app.command()
def channels(
    peer: options.Peer = None,
    context: options.ContextName = None,
    user: AdminUser = _ADMIN,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print which channels the peer has joined, and how many blocks it has of each.

    `start` is above 0 at a peer that joined by a snapshot: it has no earlier blocks.
    """
    with _asked(peer, context, user, None, state, output) as asked:
        infos = {
            name: asked.admin.chain_info(asked.peer, name)
            for name in asked.admin.channels(asked.peer)
        }
        asked.invocation.printer.rows(
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


@app.command()
def height(
    peer: options.Peer = None,
    context: options.ContextName = None,
    user: AdminUser = _ADMIN,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print how many blocks the peer has of a channel, and the hashes of the last two."""
    with _asked(peer, context, user, channel, state, output) as asked:
        info = asked.admin.chain_info(asked.peer, asked.channel)
        asked.invocation.printer.facts(
            {
                "peer": asked.peer.address,
                "channel": asked.channel,
                "start": info.start,
                "height": info.height,
                "current_hash": info.current_hash.hex(),
                "previous_hash": info.previous_hash.hex(),
            }
        )


@app.command()
def installed(
    peer: options.Peer = None,
    context: options.ContextName = None,
    user: AdminUser = _ADMIN,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print which chaincode packages are installed on the peer, and for which definitions it uses them."""
    with _asked(peer, context, user, None, state, output) as asked:
        asked.invocation.printer.rows(
            ["label", "package_id", "used_by"],
            [
                {
                    "label": one.label,
                    "package_id": one.package_id,
                    "used_by": [
                        f"{channel}/{name}:{version}" for channel, name, version in one.references
                    ],
                }
                for one in asked.admin.installed(asked.peer)
            ],
        )


@snapshot.command("request")
def request_snapshot(
    block: Annotated[
        int, typer.Argument(min=0, help="After this block (0: the newest that the peer has).")
    ] = 0,
    peer: options.Peer = None,
    context: options.ContextName = None,
    user: AdminUser = _ADMIN,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Request that the peer makes a snapshot of a channel when it has committed a block.

    The peer writes it to the folder completed/CHANNEL/BLOCK of its snapshots.
    """
    with _asked(peer, context, user, channel, state, output) as asked:
        asked.admin.request_snapshot(asked.peer, asked.channel, block)
        when = f"after block {block}" if block else "of its newest block"
        say(f"{asked.peer.address} makes a snapshot of {asked.channel} {when}")


@snapshot.command("list")
def list_snapshots(
    peer: options.Peer = None,
    context: options.ContextName = None,
    user: AdminUser = _ADMIN,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Print after which blocks the peer will make a snapshot of a channel."""
    with _asked(peer, context, user, channel, state, output) as asked:
        asked.invocation.printer.rows(
            ["channel", "block_number"],
            [
                {"channel": asked.channel, "block_number": number}
                for number in asked.admin.pending_snapshots(asked.peer, asked.channel)
            ],
        )


@snapshot.command("cancel")
def cancel_snapshot(
    block: Annotated[int, typer.Argument(min=1, help="The block of the request.")],
    peer: options.Peer = None,
    context: options.ContextName = None,
    user: AdminUser = _ADMIN,
    channel: options.Channel = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Cancel a request for a snapshot that the peer has not begun."""
    with _asked(peer, context, user, channel, state, output) as asked:
        asked.admin.cancel_snapshot(asked.peer, asked.channel, block)
        say(f"{asked.peer.address} makes no snapshot of {asked.channel} after block {block}")
