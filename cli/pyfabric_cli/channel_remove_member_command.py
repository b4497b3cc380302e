"""`pyfabric channel remove-member`."""

from typing import Any

from pyfabric.errors import NetworkError
from pyfabric_cli import options
from pyfabric_cli.channel_following import follow
from pyfabric_cli.invocation import Invocation
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

app = plain_app()


@app.command("remove-member")
def remove_member(
    channel: options.OneChannel,
    department: options.OneDepartment,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    network: options.NetworkName = None,
    state: options.State = None,
    output: options.Output = None,
) -> None:
    """Take a department out of a running channel. Safe to repeat.

    The topology file loses the member. Its peers keep the blocks that they have until they leave the channel.
    """
    invocation = Invocation.start(state, output)
    found = invocation.network(network)
    peers = [peer.name for peer in found.plan.department(department).peers]
    members = [one.name for one in found.plan.channel(channel).departments]
    if members == [department]:
        raise NetworkError(f"{department} is the only member of {channel}")
    rest = [name for name in members if name != department]
    changes: dict[tuple[str, ...], Any] = {("channels", channel, "departments"): rest}
    follow(invocation, found, changes=changes, remove=True, dry_run=dry_run, yes=yes)
    if not dry_run and peers:
        say(f"to delete what its peers have: pyfabric channel leave {channel} {' '.join(peers)}")
