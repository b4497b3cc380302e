"""`pyfabric channel`: the channels of a network, created, joined, left and changed."""

from collections.abc import Mapping
from typing import ClassVar

import typer

from pyfabric_cli.lazy_group import LazyGroup, Part


class _Channel(LazyGroup):
    path = "channel"
    parts: ClassVar[Mapping[str, Part]] = {
        "history": Part(
            "channel_history_command", "Print the configurations that a channel has had."
        ),
        "list": Part("channel_list_command", "List the channels that a peer has joined."),
        "show": Part("channel_show_command", "Print a channel's configuration."),
        "diff": Part("channel_diff_command", "Print what differs between two configurations."),
        "config": Part("channel_config_commands", "Change a channel's configuration."),
        "apply": Part("channel_apply_command", "Bring running channels to a changed topology."),
        "add-member": Part("channel_add_member_command", "Add a department to a running channel."),
        "remove-member": Part(
            "channel_remove_member_command", "Take a department out of a running channel."
        ),
        "move-to-bft": Part(
            "channel_move_to_bft_command", "Move all channels from Raft to BFT: an outage."
        ),
        "orderer": Part(
            "channel_orderer_commands",
            "Add, take out, replace and renew the orderers of all channels.",
        ),
        "create": Part("channel_create_command", "Create channels on a running network."),
        "join": Part("channel_join_command", "Join peers and orderers to a channel."),
        "leave": Part("channel_leave_command", "Take peers or orderers out of a channel."),
        "update": Part(
            "channel_update_commands", "Change a channel by updates that several departments sign."
        ),
    }


app = typer.Typer(cls=_Channel, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def channel() -> None:
    """Create, join, leave and change channels."""
