"""Which policies the peers of a topology's channel can meet, and which peers keep a collection."""

from pyfabric.rules.policies.endorsers import ChannelEndorsers
from pyfabric.rules.policies.paths import ENDORSEMENT, organization_policy
from pyfabric.rules.policies.usual import APPLICATION_POLICIES, member_policies
from pyfabric_network.topology.spec import Channel, Topology


def channel_endorsers(topology: Topology, channel: Channel) -> ChannelEndorsers:
    """Return the peers and policies of a channel, as it will be made."""
    peers = {
        topology.msp_id(name): topology.departments[name].peers for name in channel.departments
    }
    below = ENDORSEMENT.rpartition("/")[0]
    application = {**APPLICATION_POLICIES, **channel.policies}
    policies = {f"{below}/{name}": rule for name, rule in application.items()}
    for msp_id in peers:
        for name, rule in member_policies(msp_id).items():
            policies[organization_policy(msp_id, name)] = rule
    return ChannelEndorsers(peers, policies, tuple(peers))
