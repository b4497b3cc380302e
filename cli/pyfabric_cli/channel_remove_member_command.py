"""`pyfabric channel remove-member`."""

from typing import Any

from pyfabric.errors import NetworkError
from pyfabric_cli import options
from pyfabric_cli.channel_following import Following
from pyfabric_cli.commands import command
from pyfabric_cli.lazy_group import plain_app
from pyfabric_cli.output import say

app = plain_app()


@command(app, "remove-member")
def remove_member(
    invocation: Following,
    channel: options.OneChannel,
    department: options.OneDepartment,
) -> None:
    """Take a department out of a running channel. Safe to repeat.

    The topology file loses the member. Its peers keep the blocks that they have until they leave the channel.
    """
    found = invocation.opened
    peers = [peer.name for peer in found.plan.department(department).peers]
    found.plan.channel(channel)
    members = found.topology.channels[channel].departments
    if members == (department,):
        raise NetworkError(f"{department} is the only member of {channel}")
    rest = [name for name in members if name != department]
    changes: dict[tuple[str, ...], Any] = {("channels", channel, "departments"): rest}
    invocation.follow(changes, remove=True)
    if peers and not invocation.dry_run:
        say(f"to delete what its peers have: pyfabric channel leave {channel} {' '.join(peers)}")
