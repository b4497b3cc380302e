"""A channel's configuration as peers and orderers understand it: members, policies, settings.

Building one checks what Fabric checks before it takes a configuration into use (common/channelconfig
of Fabric 3.1), and raises ConfigError with Fabric's text. Channels of the system kind (with a
Consortiums group) and Idemix MSPs are refused.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2
from fabric_protos.msp import identities_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2

from pyfabric.errors import ConfigError, PolicyError
from pyfabric.identity.msp import MSPManager
from pyfabric.messages import config_values
from pyfabric.messages.blocks import data_hash, signature_set
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.messages.config_values import GroupValues
from pyfabric.messages.decoding import decode
from pyfabric.messages.signatures import SignedData
from pyfabric.rules.configuration.elements import Elements, elements
from pyfabric.rules.configuration.parts import (
    V3,
    BatchSettings,
    Capabilities,
    Consenter,
    Members,
    OrganizationInfo,
    allows_endpoints,
    check_channel,
    check_endpoints,
    read_acls,
    read_batch,
    read_capabilities,
    read_consenters,
)
from pyfabric.rules.policies.evaluation import Policy
from pyfabric.rules.policies.paths import BLOCK_VALIDATION
from pyfabric.rules.policies.tree import PolicyTree

__all__ = [
    "MAX_ID_LENGTH",
    "BatchSettings",
    "Capabilities",
    "ChannelConfig",
    "Consenter",
    "OrganizationInfo",
    "validate_channel_id",
]

MAX_ID_LENGTH: Final = 249
CHANNEL_ID: Final = re.compile(r"[a-z][a-z0-9.-]*")


def validate_channel_id(channel_id: str) -> None:
    """Raise ConfigError unless Fabric takes this name for a channel."""
    if not channel_id:
        raise ConfigError("channel ID illegal, cannot be empty")
    if len(channel_id) > MAX_ID_LENGTH:
        raise ConfigError(f"channel ID illegal, cannot be longer than {MAX_ID_LENGTH}")
    if not CHANNEL_ID.fullmatch(channel_id):
        raise ConfigError(f"'{channel_id}' contains illegal characters")


class ChannelConfig:
    """One version of a channel's configuration, immutable."""

    channel_id: str
    sequence: int
    capabilities: Capabilities
    msp_manager: MSPManager
    application_organizations: Mapping[str, OrganizationInfo]
    orderer_organizations: Mapping[str, OrganizationInfo]
    msp_ids: Mapping[str, Mapping[str, str]]
    """By the section (orderer, application), the MSP id of each group: two groups may have one MSP."""
    orderer_addresses: tuple[str, ...]
    consensus_type: str
    consensus_metadata: bytes
    consensus_state: int
    consenters: tuple[Consenter, ...]
    batch: BatchSettings
    acls: Mapping[str, str]
    elements: Elements
    raw: configtx_pb2.Config

    def __init__(self, config: configtx_pb2.Config, *, channel_id: str) -> None:
        self.channel_id = channel_id
        self.raw = config
        self.sequence = config.sequence
        root = config.channel_group
        orderer, application = _sections(root)
        with _stage("initializing channelconfig failed"):
            values = GroupValues(root, config_values.CHANNEL)
            check_channel(values)
            members = Members(ed25519=V3 in read_capabilities(values))
            with _stage("could not create channel Orderer sub-group config"):
                orderer_values = self._read_orderer(values, orderer, members)
            with _stage("could not create channel Application sub-group config"):
                application_values = self._read_application(application, members)
        self.capabilities = Capabilities(
            read_capabilities(values),
            read_capabilities(orderer_values),
            read_capabilities(application_values),
        )
        self.msp_manager = MSPManager(members.msps.values())
        with _stage("initializing policymanager failed"):
            self._policies = PolicyTree("Channel", root, self.msp_manager)
        with _stage("initializing configtx manager failed: bad channel ID"):
            validate_channel_id(channel_id)
        with _stage("initializing configtx manager failed: error converting config to map"):
            self.elements = elements(root)

    @classmethod
    def from_block(cls, block: common_pb2.Block) -> "ChannelConfig":
        """Return the configuration in a configuration block; raises ConfigError."""
        channel_id, config = config_from_block(block)
        return cls(config, channel_id=channel_id)

    @classmethod
    def from_bytes(cls, config: bytes, *, channel_id: str) -> "ChannelConfig":
        """Return what a configuration (bytes of common.Config) is; raises DecodeError or ConfigError."""
        return cls(decode(configtx_pb2.Config, config), channel_id=channel_id)

    @property
    def policies(self) -> PolicyTree:
        """The policies of the channel, and of all groups below it."""
        return self._policies

    def policy(self, path: str) -> Policy:
        """Return the policy at a path such as /Channel/Application/Writers.

        One that does not exist is a policy that refuses, as at a peer.
        """
        return self._policies.get(path)

    def tls_authorities(self, *groups: Mapping[str, OrganizationInfo]) -> tuple[bytes, ...]:
        """Return the certificates (PEM) of the TLS CAs of groups of its organisations, intermediate ones too."""
        members = dict.fromkeys(msp_id for group in groups for msp_id in group)
        definitions = [self.msp_manager.msps[msp_id].definition for msp_id in members]
        return tuple(
            certificate
            for one in definitions
            for certificate in (*one.tls_root_certificates, *one.tls_intermediate_certificates)
        )

    def verify_block(self, block: common_pb2.Block) -> None:
        """Check a block's data hash and its orderers' signatures against BlockValidation.

        Raises PolicyError; DecodeError when the signatures cannot be read.
        """
        if data_hash(block.data) != block.header.data_hash:
            raise PolicyError(
                f"block {block.header.number}: its data does not have the hash in its header"
            )
        self.policy(BLOCK_VALIDATION).evaluate(self.block_signatures(block))

    def block_signatures(self, block: common_pb2.Block) -> list[SignedData]:
        """Return who is said to have signed a block, with what was signed; raises DecodeError."""
        identities = {
            one.number: identities_pb2.SerializedIdentity(
                mspid=one.msp_id, id_bytes=one.identity
            ).SerializeToString()
            for one in self.consenters
        }
        return signature_set(block, identities)

    def _read_orderer(
        self, channel: GroupValues, group: configtx_pb2.ConfigGroup, members: Members
    ) -> GroupValues:
        values = GroupValues(group, config_values.ORDERER)
        self.batch = read_batch(values)
        capabilities = read_capabilities(channel)
        found = tuple(
            members.add(
                group, config_values.ORDERER_ORGANIZATION, endpoints=allows_endpoints(capabilities)
            )
        )
        self.msp_ids = {"orderer": {one.name: one.msp_id for one in found}}
        self.orderer_organizations = {one.msp_id: one for one in found}
        if V3 in capabilities:
            check_endpoints(self.orderer_organizations)
        endpoints = [
            address for one in self.orderer_organizations.values() for address in one.endpoints
        ]
        addresses = channel.get(configuration_pb2.OrdererAddresses).addresses
        self.orderer_addresses = tuple(endpoints or addresses)
        consensus = values.get(orderer_configuration_pb2.ConsensusType)
        self.consensus_type = consensus.type
        self.consensus_metadata = consensus.metadata
        self.consensus_state = consensus.state
        self.consenters = read_consenters(values)
        return values

    def _read_application(self, group: configtx_pb2.ConfigGroup, members: Members) -> GroupValues:
        values = GroupValues(group, config_values.APPLICATION)
        self.acls = read_acls(values)
        found = tuple(members.add(group, config_values.APPLICATION_ORGANIZATION))
        self.msp_ids = {**self.msp_ids, "application": {one.name: one.msp_id for one in found}}
        self.application_organizations = {one.msp_id: one for one in found}
        return values


@contextmanager
def _stage(text: str) -> Iterator[None]:
    """Add to a ConfigError, in Fabric's words, what could not be done."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{text}: {error}") from error


def _sections(
    root: configtx_pb2.ConfigGroup,
) -> tuple[configtx_pb2.ConfigGroup, configtx_pb2.ConfigGroup]:
    if "Consortiums" in root.groups:
        raise ConfigError("invalid config: contains consortiums: system channel not supported")
    for name in root.groups:
        if name not in ("Orderer", "Application"):
            raise ConfigError(
                f"initializing channelconfig failed: Disallowed channel group: {name}"
            )
    if "Orderer" not in root.groups:
        raise ConfigError("config does not contain orderer config")
    if "Application" not in root.groups:
        raise ConfigError("invalid config: must contain application config")
    orderer, application = root.groups["Orderer"], root.groups["Application"]
    if "Capabilities" not in orderer.values:
        for name, group in (("channel", root), ("application", application)):
            if "Capabilities" in group.values:
                raise ConfigError(
                    f"cannot enable {name} capabilities without orderer support first"
                )
    return orderer, application
