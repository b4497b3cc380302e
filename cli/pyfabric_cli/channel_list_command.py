"""`pyfabric channel list`."""

from pyfabric_cli import options
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app

app = plain_app()


@app.command("list")
def list_channels(
    context: options.ContextName = None,
    user: options.User = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """List the channels that the department's first peer has joined, with their heights."""
    from pyfabric.gateway import Admin

    invocation = Invocation.start(state, output)
    actor = invocation.actor(context, user, None)
    peer = actor.peers[0]
    with Admin(actor.identity) as admin:
        rows = [
            {"channel": name, "height": info.height, "current_hash": info.current_hash.hex()}
            for name in sorted(admin.channels(peer))
            for info in [admin.chain_info(peer, name)]
        ]
    invocation.printer.rows(["channel", "height", "current_hash"], rows)
