"""A channel's configuration as peers and orderers understand it: members, policies, settings.

Building one checks what Fabric checks before it takes a configuration into use (common/channelconfig
of Fabric 3.1), and raises ConfigError with the part at fault. Channels of the system kind (with a
Consortiums group) and Idemix MSPs are refused.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fabric_protos.common import common_pb2, configtx_pb2, configuration_pb2
from fabric_protos.msp import identities_pb2, msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.peer import configuration_pb2 as peer_configuration_pb2
from google.protobuf.message import DecodeError as ProtobufDecodeError

from pyfabric.core import config_values
from pyfabric.core.blocks import data_hash, signature_set
from pyfabric.core.config_values import GroupValues
from pyfabric.core.durations import SECOND, parse_duration
from pyfabric.core.policies.evaluation import Policy
from pyfabric.core.policies.tree import PolicyTree
from pyfabric.errors import ConfigError, IdentityError, PolicyError
from pyfabric.identity.definition import MSPDefinition
from pyfabric.identity.msp import MSP, MSPManager

MAX_ID_LENGTH: Final = 249
_CHANNEL_ID: Final = re.compile(r"[a-z][a-z0-9.-]*")
_ELEMENT_NAME: Final = re.compile(r"[a-zA-Z0-9.-]+")
_HASHES: Final = ("SHA256", "SHA3_256")
_ACL_CAPABILITIES: Final = frozenset({"V1_2", "V1_3", "V1_4_2", "V2_0", "V2_5"})
_ENDPOINT_CAPABILITIES: Final = frozenset({"V1_4_2", "V1_4_3", "V2_0", "V3_0"})


@dataclass(frozen=True, slots=True)
class OrganizationInfo:
    """A member: its group's name, its MSP id, and the host:port addresses that it publishes.

    `anchor_peers` are an application member's, `endpoints` an orderer member's.
    """

    name: str
    msp_id: str
    anchor_peers: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Consenter:
    """One node of the ordering service. Raft consenters have neither number, MSP id nor identity."""

    host: str
    port: int
    client_tls_certificate: bytes
    server_tls_certificate: bytes
    number: int = 0
    msp_id: str = ""
    identity: bytes = b""


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """When an orderer cuts a block: sizes in bytes, `timeout` in seconds."""

    max_message_count: int
    absolute_max_bytes: int
    preferred_max_bytes: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capabilities in force, by level, e.g. {"V2_0"}."""

    channel: frozenset[str]
    orderer: frozenset[str]
    application: frozenset[str]


def validate_channel_id(channel_id: str) -> None:
    """Raise ConfigError unless Fabric takes this name for a channel."""
    if not channel_id:
        raise ConfigError("channel ID illegal, cannot be empty")
    if len(channel_id) > MAX_ID_LENGTH:
        raise ConfigError(f"channel ID illegal, cannot be longer than {MAX_ID_LENGTH}")
    if not _CHANNEL_ID.fullmatch(channel_id):
        raise ConfigError(
            f"channel ID '{channel_id}' contains illegal characters: it begins with a small letter and "
            "goes on with small letters, digits, '.' and '-'"
        )


def config_from_block(block: common_pb2.Block) -> tuple[str, configtx_pb2.Config]:
    """The channel's name and the configuration in a configuration block; raises ConfigError."""
    if len(block.data.data) != 1:
        raise ConfigError(
            f"block {block.header.number} is not a config block: it holds "
            f"{len(block.data.data)} transactions"
        )
    try:
        envelope = common_pb2.Envelope.FromString(block.data.data[0])
        payload = common_pb2.Payload.FromString(envelope.payload)
        header = common_pb2.ChannelHeader.FromString(payload.header.channel_header)
        if header.type != common_pb2.HeaderType.CONFIG:
            raise ConfigError(
                f"block {block.header.number} is not a config block: its transaction is of type "
                f"{header.type}"
            )
        config = configtx_pb2.ConfigEnvelope.FromString(payload.data).config
    except ProtobufDecodeError as error:
        raise ConfigError(f"block {block.header.number} is not a config block: {error}") from error
    return header.channel_id, config


class ChannelConfig:
    """One version of a channel's configuration, immutable."""

    def __init__(self, config: configtx_pb2.Config, *, channel_id: str) -> None:
        validate_channel_id(channel_id)
        self.channel_id = channel_id
        self.raw = config
        self.sequence = config.sequence
        root = config.channel_group
        orderer, application = _sections(root)
        _check_names("Channel", root)
        values = GroupValues("Channel", root, config_values.CHANNEL)
        orderer_values = GroupValues("Channel/Orderer", orderer, config_values.ORDERER)
        application_values = GroupValues(
            "Channel/Application", application, config_values.APPLICATION
        )
        self.capabilities = Capabilities(
            _capabilities(values), _capabilities(orderer_values), _capabilities(application_values)
        )
        _check_channel(values, self.capabilities)
        self.batch = _batch(orderer_values)
        self.acls: Mapping[str, str] = _acls(application_values, self.capabilities)
        members = _Members(ed25519="V3_0" in self.capabilities.channel)
        self.orderer_organizations: Mapping[str, OrganizationInfo] = {
            one.msp_id: one for one in members.add("Channel/Orderer", orderer)
        }
        self.application_organizations: Mapping[str, OrganizationInfo] = {
            one.msp_id: one for one in members.add("Channel/Application", application)
        }
        self.orderer_addresses = _addresses(values, self.capabilities, self.orderer_organizations)
        consensus = orderer_values.get(orderer_configuration_pb2.ConsensusType)
        self.consensus_type = consensus.type
        self.consenters = _consenters(consensus, orderer_values)
        self.msp_manager = MSPManager(members.msps.values())
        self._policies = PolicyTree("Channel", root, self.msp_manager)

    @classmethod
    def from_block(cls, block: common_pb2.Block) -> "ChannelConfig":
        """The configuration in a configuration block; raises ConfigError."""
        channel_id, config = config_from_block(block)
        return cls(config, channel_id=channel_id)

    def policy(self, path: str) -> Policy:
        """The policy at a path such as /Channel/Application/Writers.

        One that does not exist is a policy that refuses, as at a peer.
        """
        return self._policies.get(path)

    def verify_block(self, block: common_pb2.Block) -> None:
        """Check a block's data hash and its orderers' signatures against BlockValidation.

        Raises PolicyError; DecodeError when the signatures cannot be read.
        """
        if data_hash(block.data) != block.header.data_hash:
            raise PolicyError(
                f"block {block.header.number}: its data does not have the hash in its header"
            )
        identities = {
            one.number: identities_pb2.SerializedIdentity(
                mspid=one.msp_id, id_bytes=one.identity
            ).SerializeToString()
            for one in self.consenters
        }
        self.policy("/Channel/Orderer/BlockValidation").evaluate(signature_set(block, identities))


class _Members:
    """The MSPs that a configuration defines, gathered group by group."""

    def __init__(self, *, ed25519: bool) -> None:
        self.msps: dict[str, MSP] = {}
        self._ed25519 = ed25519
        self._configs: dict[str, msp_config_pb2.MSPConfig] = {}

    def add(self, path: str, section: configtx_pb2.ConfigGroup) -> Iterator[OrganizationInfo]:
        keys = (
            config_values.ORDERER_ORGANIZATION
            if path == "Channel/Orderer"
            else config_values.APPLICATION_ORGANIZATION
        )
        for name in sorted(section.groups):
            group = section.groups[name]
            place = f"{path}/{name}"
            if group.groups:
                raise ConfigError(f"{place} is an organization and may have no groups of its own")
            values = GroupValues(place, group, keys)
            anchors = values.get(peer_configuration_pb2.AnchorPeers).anchor_peers
            yield OrganizationInfo(
                name=name,
                msp_id=self._msp(place, values.get(msp_config_pb2.MSPConfig)),
                anchor_peers=tuple(f"{one.host}:{one.port}" for one in anchors),
                endpoints=tuple(values.get(configuration_pb2.OrdererAddresses).addresses),
            )

    def _msp(self, place: str, config: msp_config_pb2.MSPConfig) -> str:
        try:
            definition = MSPDefinition.from_config(config)
            known = self._configs.setdefault(definition.msp_id, config)
            if known != config:
                raise ConfigError(
                    f"{place}: Attempted to define two different versions of MSP: {definition.msp_id}"
                )
            if definition.msp_id not in self.msps:
                self.msps[definition.msp_id] = MSP(definition, ed25519=self._ed25519)
        except IdentityError as error:
            raise ConfigError(f"{place}: setting up the MSP manager failed: {error}") from error
        return definition.msp_id


def _sections(
    root: configtx_pb2.ConfigGroup,
) -> tuple[configtx_pb2.ConfigGroup, configtx_pb2.ConfigGroup]:
    if set(root.groups) != {"Orderer", "Application"}:
        raise ConfigError(
            "Channel must hold the groups Application and Orderer and no others, but holds "
            f"{', '.join(sorted(root.groups)) or 'none'}"
        )
    return root.groups["Orderer"], root.groups["Application"]


def _check_names(path: str, group: configtx_pb2.ConfigGroup) -> None:
    for name in (*group.groups, *group.values, *group.policies):
        if name in (".", "..") or len(name) > MAX_ID_LENGTH or not _ELEMENT_NAME.fullmatch(name):
            raise ConfigError(
                f"{path} has an element named {name!r}: config ID illegal, it takes letters, digits, "
                f"'.' and '-', at most {MAX_ID_LENGTH}"
            )
    for name, sub in group.groups.items():
        _check_names(f"{path}/{name}", sub)


def _capabilities(values: GroupValues) -> frozenset[str]:
    return frozenset(values.get(configuration_pb2.Capabilities).capabilities)


def _check_channel(values: GroupValues, capabilities: Capabilities) -> None:
    if not capabilities.orderer and (capabilities.channel or capabilities.application):
        raise ConfigError(
            "Channel/Orderer has no capabilities: cannot enable channel or application capabilities "
            "without orderer support first"
        )
    algorithm = values.get(configuration_pb2.HashingAlgorithm).name
    if algorithm not in _HASHES:
        raise ConfigError(f"Channel: Unknown hashing algorithm type: {algorithm!r}")
    if values.get(configuration_pb2.BlockDataHashingStructure).width != 0xFFFFFFFF:
        raise ConfigError(
            "Channel: BlockDataHashStructure width only supported at MaxUint32 in this version"
        )


def _batch(values: GroupValues) -> BatchSettings:
    size = values.get(orderer_configuration_pb2.BatchSize)
    for what, number in (
        ("max message count", size.max_message_count),
        ("absolute max bytes", size.absolute_max_bytes),
        ("preferred max bytes", size.preferred_max_bytes),
    ):
        if number == 0:
            raise ConfigError(
                f"Channel/Orderer: Attempted to set the batch size {what} to an invalid value: 0"
            )
    if size.preferred_max_bytes > size.absolute_max_bytes:
        raise ConfigError(
            "Channel/Orderer: Attempted to set the batch size preferred max bytes "
            f"({size.preferred_max_bytes}) greater than the absolute max bytes "
            f"({size.absolute_max_bytes})."
        )
    text = values.get(orderer_configuration_pb2.BatchTimeout).timeout
    timeout = parse_duration(text)
    if timeout <= 0:
        raise ConfigError(
            f"Channel/Orderer: Attempted to set the batch timeout to a non-positive value: {text}"
        )
    return BatchSettings(
        size.max_message_count,
        size.absolute_max_bytes,
        size.preferred_max_bytes,
        timeout / SECOND,
    )


def _acls(values: GroupValues, capabilities: Capabilities) -> Mapping[str, str]:
    if peer_configuration_pb2.ACLs in values and not capabilities.application & _ACL_CAPABILITIES:
        raise ConfigError(
            "Channel/Application: ACLs may not be specified without the required capability"
        )
    entries = values.get(peer_configuration_pb2.ACLs).acls
    return {
        resource: reference if reference.startswith("/") else f"/Channel/Application/{reference}"
        for resource, reference in sorted((key, acl.policy_ref) for key, acl in entries.items())
        if reference
    }


def _addresses(
    values: GroupValues,
    capabilities: Capabilities,
    organizations: Mapping[str, OrganizationInfo],
) -> tuple[str, ...]:
    addresses = tuple(values.get(configuration_pb2.OrdererAddresses).addresses)
    if "V3_0" in capabilities.channel:
        if addresses:
            raise ConfigError(
                "Channel: global OrdererAddresses are not allowed with V3_0 capability, use org "
                "specific addresses only"
            )
        silent = [one.name for one in organizations.values() if not one.endpoints]
        if silent:
            raise ConfigError(
                f"Channel/Orderer: some orderer organizations endpoints are empty: {', '.join(silent)}"
            )
    elif not addresses and not capabilities.channel & _ENDPOINT_CAPABILITIES:
        raise ConfigError("Channel: Must set some OrdererAddresses")
    endpoints = tuple(address for one in organizations.values() for address in one.endpoints)
    return endpoints or addresses


def _consenters(
    consensus: orderer_configuration_pb2.ConsensusType, values: GroupValues
) -> tuple[Consenter, ...]:
    if consensus.type != "etcdraft":
        return tuple(
            Consenter(
                host=one.host,
                port=one.port,
                client_tls_certificate=one.client_tls_cert,
                server_tls_certificate=one.server_tls_cert,
                number=one.id,
                msp_id=one.msp_id,
                identity=one.identity,
            )
            for one in values.get(configuration_pb2.Orderers).consenter_mapping
        )
    try:
        metadata = etcdraft_pb2.ConfigMetadata.FromString(consensus.metadata)
    except ProtobufDecodeError as error:
        raise ConfigError(f"Channel/Orderer: the Raft metadata cannot be read: {error}") from error
    return tuple(
        Consenter(
            host=one.host,
            port=one.port,
            client_tls_certificate=one.client_tls_cert,
            server_tls_certificate=one.server_tls_cert,
        )
        for one in metadata.consenters
    )
