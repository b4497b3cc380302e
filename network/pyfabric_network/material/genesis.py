"""The genesis block of each channel of a plan."""

import secrets
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.admin.config.genesis import genesis_block
from pyfabric.admin.config.groups import channel_group
from pyfabric.admin.config.model import (
    AnchorPeer,
    ApplicationModel,
    BFTModel,
    ChannelModel,
    ConsenterModel,
    OrdererModel,
    OrganizationModel,
    RaftModel,
)
from pyfabric.errors import ConfigError, DecodeError, NetworkError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.local import files
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.decoding import decode
from pyfabric.messages.envelopes import NONCE_SIZE
from pyfabric.rules.policies.usual import (
    APPLICATION_POLICIES,
    Policies,
    member_policies,
    orderer_policies,
    organization_policies,
)
from pyfabric_network.topology.departments import DepartmentPlan
from pyfabric_network.topology.nodes import Node
from pyfabric_network.topology.organizations import Organization
from pyfabric_network.topology.plan import ChannelPlan, Plan
from pyfabric_network.topology.spec import Ordering
from pyfabric_network.topology.values import go_duration, octets, seconds

# What leader after leader did not order is forgotten so much later than the first complaint.
_KEPT_SECONDS = 160.0
_HEARTBEATS = 5
_CHANNEL_CAPABILITY = {"3.1": "V3_0", "2.5": "V2_0"}


def check_genesis_blocks(plan: Plan) -> None:
    """Raise NetworkError if a genesis block is missing that only another machine can make.

    Between departments with machines of their own, one of them makes it for all.
    """
    for department in plan.own if plan.places else ():
        for channel in plan.channels_of(department):
            if not channel.block.exists():
                raise NetworkError(
                    f"the genesis block of {channel.name} is missing: it is in the bundle from the "
                    "department that collects the definitions; accept that with `pyfabric network "
                    "member accept`"
                )


def make_genesis_blocks(
    plan: Plan, *, now: datetime, channels: Collection[str] | None = None
) -> None:
    """Write the genesis block of every channel, or of these, to its file; one that exists stays as it is.

    Raises NetworkError while the definition of a department is missing.
    """
    if plan.missing:
        raise NetworkError(
            f"the public definition of {', '.join(plan.missing)} is missing: add it with "
            "`pyfabric network member add`"
        )
    for name, channel in plan.channels.items():
        if name in (channels or plan.channels) and not channel.block.exists():
            block = make_genesis_block(
                plan, channel, timestamp=now, nonce=secrets.token_bytes(NONCE_SIZE)
            )
            files.write_public(channel.block, block, error=NetworkError)


def make_genesis_block(
    plan: Plan, channel: ChannelPlan, *, timestamp: datetime, nonce: bytes
) -> bytes:
    """Make block 0 of a channel; certificates are read from the MSP folders, which must exist.

    Raises ConfigError for what Fabric would refuse.
    """
    model = channel_model(plan, channel)
    return genesis_block(model, timestamp=timestamp, nonce=nonce)


def is_genesis_block(plan: Plan, channel: ChannelPlan, block: bytes) -> bool:
    """Return whether these bytes are the genesis block that this plan makes, at any time.

    Raises ConfigError if they are not a configuration block.
    """
    try:
        channel_id, config = config_from_block(decode(common_pb2.Block, block))
    except DecodeError as error:
        raise ConfigError(f"the genesis block of {channel.name} is invalid: {error}") from error
    return (channel_id, config) == (channel.name, channel_config(plan, channel))


def channel_config(plan: Plan, channel: ChannelPlan) -> configtx_pb2.Config:
    """Return the configuration with which a channel begins by this plan."""
    return configtx_pb2.Config(channel_group=channel_group(channel_model(plan, channel)))


def channel_model(plan: Plan, channel: ChannelPlan) -> ChannelModel:
    """Return what a channel is by this plan; certificates are read from the MSP folders, which must exist."""
    batch = plan.topology.ordering.batch
    operators = [owner.ordering for owner in plan.departments.values() if owner.ordering]
    return ChannelModel(
        channel_id=channel.name,
        capabilities=(_CHANNEL_CAPABILITY[plan.topology.fabric],),
        orderer=OrdererModel(
            organizations=tuple(_operator(one) for one in operators),
            consensus=_consensus(plan),
            policies=orderer_policies([one.msp_id for one in operators]),
            batch_timeout=seconds(batch.timeout),
            max_message_count=batch.max_messages,
            absolute_max_bytes=octets(batch.absolute_bytes),
            preferred_max_bytes=octets(batch.preferred_bytes),
        ),
        application=ApplicationModel(
            organizations=tuple(_member(member) for member in channel.departments),
            policies={**APPLICATION_POLICIES, **channel.policies},
            acls=channel.acls,
        ),
    )


def _organization(organization: Organization, policies: Policies) -> OrganizationModel:
    return OrganizationModel(
        name=organization.msp_id,
        msp=MSPDefinition.from_folder(organization.msp, organization.msp_id),
        policies=policies,
    )


def _operator(ordering: Organization) -> OrganizationModel:
    endpoints = tuple(str(node.inside) for node in ordering.nodes)
    return replace(
        _organization(ordering, organization_policies(ordering.msp_id)), endpoints=endpoints
    )


def _member(department: DepartmentPlan) -> OrganizationModel:
    anchors = [peer.inside for peer in department.anchor_peers]
    found = tuple(AnchorPeer(anchor.host, anchor.port) for anchor in anchors)
    return replace(
        _organization(department, member_policies(department.msp_id)), anchor_peers=found
    )


def _consensus(plan: Plan) -> RaftModel | BFTModel:
    consenters = tuple(consenter_of(node, number) for number, node in enumerate(plan.orderers, 1))
    if plan.topology.ordering.consensus == "raft":
        return RaftModel(consenters=consenters)
    return replace(bft_options(plan.topology.ordering), consenters=consenters)


def bft_options(ordering: Ordering) -> BFTModel:
    """Return the options of SmartBFT for an ordering service, without its consenters."""
    batch, bft = ordering.batch, ordering.bft
    timeout, election = seconds(batch.timeout), seconds(bft.view_change_timeout)
    return BFTModel(
        consenters=(),
        request_batch_max_count=batch.max_messages,
        request_batch_max_bytes=octets(batch.absolute_bytes),
        request_batch_max_interval=go_duration(timeout),
        # A request that waits for its batch is neither forwarded nor complained of.
        request_forward_timeout=go_duration(timeout + seconds(bft.forward_timeout)),
        request_complain_timeout=go_duration(timeout + seconds(bft.complain_timeout)),
        request_auto_remove_timeout=go_duration(
            timeout + seconds(bft.complain_timeout) + _KEPT_SECONDS
        ),
        view_change_resend_interval=go_duration(election / 4),
        view_change_timeout=go_duration(election),
        leader_heartbeat_timeout=go_duration(seconds(bft.heartbeat_timeout)),
        leader_heartbeat_count=_HEARTBEATS,
        # Two whole batches: one that is being agreed on, one that gathers.
        request_pool_size=max(400, 2 * batch.max_messages),
    )


def consenter_of(node: Node, number: int = 0) -> ConsenterModel:
    """Return an orderer as a consenter of channels, with the certificates that it has; without a number for Raft."""
    certificate = node.member.tls_certificate.read_bytes()
    return ConsenterModel(
        host=node.inside.host,
        port=node.inside.port,
        client_tls_certificate=certificate,
        server_tls_certificate=certificate,
        number=number,
        msp_id=node.msp_id,
        identity=node.member.certificate.read_bytes(),
    )
