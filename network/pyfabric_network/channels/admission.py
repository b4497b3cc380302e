"""Which nodes of this machine the channels have admitted, where departments have machines of their own.

A topology may be ahead of a channel there: it names members and orderers that the departments have yet to admit by an
update, or have taken out. Fabric refuses blocks to those, so they wait; what decides is the channel's configuration.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from pyfabric.admin import config_of_block
from pyfabric.errors import FabricError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric_network.connections import Connections, administrators, endpoint
from pyfabric_network.joining import joined_channels
from pyfabric_network.parallel import side_by_side
from pyfabric_network.topology.plan import ChannelPlan, Plan
from pyfabric_network.updating import ordered_config


@dataclass(frozen=True, slots=True)
class Admission:
    """A channel as far as it has admitted whom the topology names, and a sentence for each organisation here that waits."""

    channel: ChannelPlan
    waiting: tuple[str, ...]


def admitted(plan: Plan, connections: Connections) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan with the members that its channels have, and a sentence for each organisation here that waits.

    Nodes of this machine that wait count as having left the channel. On one machine everybody is admitted.
    """
    if not plan.places:
        return plan, ()
    ours = {channel.name: channel for one in plan.own for channel in plan.channels_of(one)}
    found = side_by_side([partial(_admission, plan, connections, one) for one in ours.values()])
    channels = {**plan.channels, **{one.channel.name: one.channel for one in found}}
    return replace(plan, channels=channels), tuple(text for one in found for text in one.waiting)


def config_of_peer(connections: Connections, channel: ChannelPlan) -> bytes | None:
    """Return the configuration (bytes of common.Config) of the first peer of this machine that gives it; None if none does."""
    for department in channel.own:
        for peer in channel.peers_of(department):
            with suppress(FabricError):
                return connections.admin(department).config(endpoint(peer), channel.name)
    return None


def _ordered(plan: Plan, channel: ChannelPlan) -> bytes | None:
    """Return the configuration that an orderer gives to an administrator of this machine."""
    known = [node for node in plan.orderers if node.member.tls_roots.exists()]
    return ordered_config(channel.name, administrators(plan), [endpoint(one) for one in known])


def _admission(plan: Plan, connections: Connections, channel: ChannelPlan) -> Admission:
    members, operators = _organizations(config_of_peer(connections, channel), channel.name)
    if not _are_all_in(
        plan, channel, members, operators
    ):  # as far as the peer is, which may be behind
        config = _ordered(plan, channel)
        if config is None and not _has_joined(plan, connections, channel):
            config = config_of_block(channel.block.read_bytes())  # nobody has begun it yet
        members, operators = _organizations(config, channel.name)
    waiting, left = [], set(channel.left)
    for one in plan.own:
        if one in channel.departments and one.peers and one.msp_id not in members:
            waiting.append(_sentence(channel, one.msp_id, "its peers"))
            left |= {peer.name for peer in one.peers}
        if one.ordering is not None and one.ordering.msp_id not in operators:
            waiting.append(_sentence(channel, one.ordering.msp_id, "its orderers"))
            left |= {node.name for node in one.orderers}
    present = tuple(one for one in channel.departments if one.place.here or one.msp_id in members)
    return Admission(replace(channel, departments=present, left=frozenset(left)), tuple(waiting))


def _are_all_in(
    plan: Plan, channel: ChannelPlan, members: Collection[str], operators: Collection[str]
) -> bool:
    """Return whether a channel has all organisations of this machine that the topology gives it."""
    ordering = [one.ordering.msp_id for one in plan.own if one.ordering is not None]
    wanted = [one.msp_id for one in channel.own]
    return {*wanted} <= {*members} and {*ordering} <= {*operators}


def _has_joined(plan: Plan, connections: Connections, channel: ChannelPlan) -> bool:
    """Return whether a peer here has joined a channel: if its department may not read it, it was taken out."""
    for department in channel.own:
        for peer in channel.peers_of(department):
            with suppress(FabricError):
                if channel.name in joined_channels(plan, connections, peer):
                    return True
    return False


def _organizations(config: bytes | None, channel: str) -> tuple[Collection[str], Collection[str]]:
    """Return the MSP ids of a configuration's members, and those of its orderers' organisations."""
    if config is None:
        return (), ()
    found = ChannelConfig.from_bytes(config, channel_id=channel)
    return found.application_organizations, found.orderer_organizations


def _sentence(channel: ChannelPlan, msp_id: str, whose: str) -> str:
    return (
        f"{channel.name} has not admitted {msp_id}: {whose} wait until the departments of the channel have made the "
        "update (`pyfabric channel apply --to FOLDER` there), and join by the next `pyfabric network up`"
    )
