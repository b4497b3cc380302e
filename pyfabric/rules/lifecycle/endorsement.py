"""Who endorses changes of chaincode definitions, and writes into organisations' implicit collections.

Source: core/chaincode/lifecycle (lifecycle.go, deployedcc_infoprovider.go) of Fabric 3.1.
"""

from fabric_protos.peer import policy_pb2

from pyfabric.errors import PolicyError
from pyfabric.messages.policies import signed_by_members
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.policies.evaluation import MissingPolicy
from pyfabric.rules.policies.paths import LIFECYCLE_ENDORSEMENT, organization_endorsement


def lifecycle_policy(config: ChannelConfig) -> policy_pb2.ApplicationPolicy:
    """Return the endorsement policy of `_lifecycle`: without one of its own a majority of members."""
    if not isinstance(config.policy(LIFECYCLE_ENDORSEMENT), MissingPolicy):
        return policy_pb2.ApplicationPolicy(channel_config_policy_reference=LIFECYCLE_ENDORSEMENT)
    members = list(config.application_organizations)
    majority = signed_by_members(len(members) // 2 + 1, members)
    return policy_pb2.ApplicationPolicy(signature_policy=majority)


def implicit_collection_policy(config: ChannelConfig, msp_id: str) -> policy_pb2.ApplicationPolicy:
    """Return the endorsement policy of an organisation's implicit collection.

    Raises PolicyError unless the organisation is a member of the channel.
    """
    organization = config.application_organizations.get(msp_id)
    if organization is None:
        raise PolicyError(f"no org found in channel with MSPID '{msp_id}'")
    path = organization_endorsement(organization.name)
    if not isinstance(config.policy(path), MissingPolicy):
        return policy_pb2.ApplicationPolicy(channel_config_policy_reference=path)
    return policy_pb2.ApplicationPolicy(signature_policy=signed_by_members(1, [msp_id]))
