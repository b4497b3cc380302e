"""The groups of a channel configuration, from the model.

They check what configtxgen checks; `rules.configuration.ChannelConfig` checks what nodes check.
Source: internal/configtxgen/encoder of Fabric 3.1. Every mod_policy is Admins,
except that of the channel's addresses of orderers.
"""

from typing import Final

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.peer import configuration_pb2 as peer_configuration_pb2

from pyfabric.admin.config.consensus import bft_metadata, bft_orderers, raft_metadata
from pyfabric.admin.config.model import (
    ApplicationModel,
    BFTModel,
    ChannelModel,
    OrdererModel,
    OrganizationModel,
)
from pyfabric.admin.config.policies import add_policies, set_policy
from pyfabric.admin.config.values import set_value
from pyfabric.errors import ConfigError
from pyfabric.identity.definition_messages import definition_to_config
from pyfabric.messages.consensus import BFT, RAFT
from pyfabric.messages.durations import SECOND, format_duration
from pyfabric.rules.configuration.elements import DEFAULT_MOD_POLICY
from pyfabric.rules.consensus.bft import block_validation
from pyfabric.rules.policies.paths import BLOCK_VALIDATION_NAME

_V3: Final = "V3_0"
_ORDERER_ADMINS: Final = "/Channel/Orderer/Admins"


def channel_group(model: ChannelModel) -> configtx_pb2.ConfigGroup:
    """Return the root group. ConfigError names the part of the model that is wrong."""
    group = configtx_pb2.ConfigGroup(mod_policy=DEFAULT_MOD_POLICY)
    add_policies(group, model.policies, place="channel")
    set_value(group, "HashingAlgorithm", configuration_pb2.HashingAlgorithm(name="SHA256"))
    set_value(
        group,
        "BlockDataHashingStructure",
        configuration_pb2.BlockDataHashingStructure(width=0xFFFFFFFF),
    )
    if model.orderer.addresses:
        addresses = configuration_pb2.OrdererAddresses(addresses=model.orderer.addresses)
        set_value(group, "OrdererAddresses", addresses, mod_policy=_ORDERER_ADMINS)
    _add_capabilities(group, model.capabilities)
    group.groups["Orderer"].CopyFrom(orderer_group(model.orderer, v3=_V3 in model.capabilities))
    group.groups["Application"].CopyFrom(application_group(model.application))
    return group


def orderer_group(model: OrdererModel, *, v3: bool) -> configtx_pb2.ConfigGroup:
    """Return the Orderer group; `v3` is whether the channel has the capability V3_0."""
    if model.addresses and v3:
        raise ConfigError(
            f"orderer: global orderer endpoints exist, but can not be used with {_V3} capability: "
            f"{', '.join(model.addresses)}"
        )
    group = configtx_pb2.ConfigGroup(mod_policy=DEFAULT_MOD_POLICY)
    add_policies(group, model.policies, place="orderer", required=(BLOCK_VALIDATION_NAME,))
    set_value(
        group,
        "BatchSize",
        orderer_configuration_pb2.BatchSize(
            max_message_count=model.max_message_count,
            absolute_max_bytes=model.absolute_max_bytes,
            preferred_max_bytes=model.preferred_max_bytes,
        ),
    )
    timeout = format_duration(round(model.batch_timeout * SECOND))
    set_value(group, "BatchTimeout", orderer_configuration_pb2.BatchTimeout(timeout=timeout))
    set_value(
        group,
        "ChannelRestrictions",
        orderer_configuration_pb2.ChannelRestrictions(max_count=model.max_channels),
    )
    _add_capabilities(group, model.capabilities)
    _add_consensus(group, model, v3=v3)
    for organization in model.organizations:
        group.groups[organization.name].CopyFrom(orderer_organization_group(organization, v3=v3))
    return group


def application_group(model: ApplicationModel) -> configtx_pb2.ConfigGroup:
    """Return the Application group."""
    group = configtx_pb2.ConfigGroup(mod_policy=DEFAULT_MOD_POLICY)
    add_policies(group, model.policies, place="application")
    if model.acls:
        acls = {
            resource: peer_configuration_pb2.APIResource(policy_ref=reference)
            for resource, reference in model.acls.items()
        }
        set_value(group, "ACLs", peer_configuration_pb2.ACLs(acls=acls))
    _add_capabilities(group, model.capabilities)
    for organization in model.organizations:
        group.groups[organization.name].CopyFrom(application_organization_group(organization))
    return group


def orderer_organization_group(model: OrganizationModel, *, v3: bool) -> configtx_pb2.ConfigGroup:
    """Return the group of an organisation that runs orderers."""
    group = _organization_group(model, "orderer")
    if model.endpoints:
        addresses = configuration_pb2.OrdererAddresses(addresses=model.endpoints)
        set_value(group, "Endpoints", addresses)
    elif v3:
        raise ConfigError(
            f"orderer organization {model.name}: orderer endpoints are missing and must be configured "
            f"when capability {_V3} is enabled"
        )
    return group


def application_organization_group(model: OrganizationModel) -> configtx_pb2.ConfigGroup:
    """Return the group of an organisation that uses the channel."""
    group = _organization_group(model, "application")
    if model.anchor_peers:
        anchors = [
            peer_configuration_pb2.AnchorPeer(host=peer.host, port=peer.port)
            for peer in model.anchor_peers
        ]
        set_value(group, "AnchorPeers", peer_configuration_pb2.AnchorPeers(anchor_peers=anchors))
    return group


def _organization_group(model: OrganizationModel, kind: str) -> configtx_pb2.ConfigGroup:
    group = configtx_pb2.ConfigGroup(mod_policy=DEFAULT_MOD_POLICY)
    add_policies(group, model.policies, place=f"{kind} organization {model.name}")
    set_value(group, "MSP", definition_to_config(model.msp))
    return group


def _add_consensus(group: configtx_pb2.ConfigGroup, model: OrdererModel, *, v3: bool) -> None:
    consensus = model.consensus
    if isinstance(consensus, BFTModel):
        if not v3:
            raise ConfigError(f"orderer: type BFT must be used with the {_V3} channel capability")
        set_value(group, "Orderers", bft_orderers(consensus))
        set_policy(group, BLOCK_VALIDATION_NAME, block_validation(consensus.consenters))
        kind, metadata = BFT, bft_metadata(consensus)
    else:
        kind, metadata = RAFT, raft_metadata(consensus)
    set_value(
        group,
        "ConsensusType",
        orderer_configuration_pb2.ConsensusType(type=kind, metadata=metadata),
    )


def _add_capabilities(group: configtx_pb2.ConfigGroup, names: tuple[str, ...]) -> None:
    if names:
        capabilities = {name: configuration_pb2.Capability() for name in names}
        set_value(group, "Capabilities", configuration_pb2.Capabilities(capabilities=capabilities))
