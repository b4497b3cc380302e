"""`pyfabric channel list`."""

from pyfabric_cli.acting import Acting
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@command(app, "list", without="channel")
def list_channels(invocation: Acting) -> None:
    """List the channels that the department's first peer has joined, with their heights."""
    from pyfabric.gateway import Admin

    actor = invocation.actor
    peer = actor.peers[0]
    with Admin(actor.identity) as admin:
        rows = [
            {"channel": name, "height": info.height, "current_hash": info.current_hash.hex()}
            for name in sorted(admin.channels(peer))
            for info in [admin.chain_info(peer, name)]
        ]
    invocation.printer.rows(["channel", "height", "current_hash"], rows)
