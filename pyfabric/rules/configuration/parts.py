"""The parts of a channel's configuration, read and checked one by one.

Source: common/channelconfig of Fabric 3.1; ConfigError holds its texts.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2 as etcdraft_pb2
from fabric_protos.peer import configuration_pb2 as peer_configuration_pb2

from pyfabric.errors import ConfigError, DecodeError, IdentityError
from pyfabric.identity.definition_messages import definition_from_config
from pyfabric.identity.msp import MSP
from pyfabric.messages.addresses import join
from pyfabric.messages.config_values import APPLICATION_ORGANIZATION, GroupValues, Keys
from pyfabric.messages.consensus import RAFT
from pyfabric.messages.decoding import decode
from pyfabric.messages.durations import SECOND, format_duration, parse_duration
from pyfabric.rules.policies.paths import absolute

V3: Final = "V3_0"
_HASHES: Final = ("SHA256", "SHA3_256")
_ENDPOINTS: Final = "Endpoints"
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

    @property
    def node(self) -> tuple[str, int, bytes, bytes]:
        """Where it listens, and its TLS certificates: what makes it one node with Raft and with BFT."""
        return self.host, self.port, self.client_tls_certificate, self.server_tls_certificate


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


class Members:
    """The MSPs that a configuration defines, gathered group by group."""

    def __init__(self, *, ed25519: bool) -> None:
        self.msps: dict[str, MSP] = {}
        self._ed25519 = ed25519
        self._configs: dict[str, msp_config_pb2.MSPConfig] = {}

    def add(
        self, section: configtx_pb2.ConfigGroup, keys: Keys, *, endpoints: bool = True
    ) -> Iterator[OrganizationInfo]:
        """Yield the organisations of a section, by their groups' names; raises ConfigError.

        Without `endpoints`, none of them may have its own addresses of orderers.
        """
        for name in sorted(section.groups):
            group = section.groups[name]
            if group.groups:
                kind = "ApplicationOrg" if keys is APPLICATION_ORGANIZATION else "OrdererOrg"
                raise ConfigError(f"{kind} config does not allow sub-groups")
            if not endpoints and _ENDPOINTS in group.values:
                raise ConfigError(
                    f"Orderer Org {name} cannot contain endpoints value until V1_4_2+ capabilities "
                    "have been enabled"
                )
            values = GroupValues(group, keys)
            anchors = values.get(peer_configuration_pb2.AnchorPeers).anchor_peers
            yield OrganizationInfo(
                name=name,
                msp_id=self._msp(name, values.get(msp_config_pb2.MSPConfig)),
                anchor_peers=tuple(join(one.host, one.port) for one in anchors),
                endpoints=tuple(values.get(configuration_pb2.OrdererAddresses).addresses),
            )

    def _msp(self, organization: str, config: msp_config_pb2.MSPConfig) -> str:
        try:
            definition = definition_from_config(config)
            known = self._configs.setdefault(definition.msp_id, config)
            if known != config:
                raise ConfigError(
                    f"Attempted to define two different versions of MSP: {definition.msp_id}"
                )
            if definition.msp_id not in self.msps:
                self.msps[definition.msp_id] = MSP(definition, ed25519=self._ed25519)
        except IdentityError as error:
            raise ConfigError(f"setting up the MSP manager failed: {error}") from error
        if not definition.msp_id:
            raise ConfigError(f"MSP for org {organization} has empty MSP ID")
        return definition.msp_id


def read_capabilities(values: GroupValues) -> frozenset[str]:
    """Return the capabilities that a group names."""
    return frozenset(values.get(configuration_pb2.Capabilities).capabilities)


def allows_endpoints(capabilities: AbstractSet[str]) -> bool:
    """Return whether ordering organisations may have addresses of their own, by the channel's capabilities."""
    return bool(capabilities & _ENDPOINT_CAPABILITIES)


def check_channel(values: GroupValues) -> None:
    """Raise ConfigError for values of the root group that Fabric refuses."""
    algorithm = values.get(configuration_pb2.HashingAlgorithm).name
    if algorithm not in _HASHES:
        raise ConfigError(f"Unknown hashing algorithm type: {algorithm}")
    if values.get(configuration_pb2.BlockDataHashingStructure).width != 0xFFFFFFFF:
        raise ConfigError(
            "BlockDataHashStructure width only supported at MaxUint32 in this version"
        )
    capabilities = read_capabilities(values)
    addresses = values.get(configuration_pb2.OrdererAddresses).addresses
    if not addresses and not allows_endpoints(capabilities):
        raise ConfigError("Must set some OrdererAddresses")
    if addresses and V3 in capabilities:
        raise ConfigError(
            f"global OrdererAddresses are not allowed with {V3} capability, use org specific "
            "addresses only"
        )


def check_endpoints(organizations: Mapping[str, OrganizationInfo]) -> None:
    """Raise ConfigError unless every orderer organisation has endpoints."""
    silent = [one.name for one in organizations.values() if not one.endpoints]
    if silent:
        raise ConfigError(f"some orderer organizations endpoints are empty: [{' '.join(silent)}]")


def read_batch(values: GroupValues) -> BatchSettings:
    """Return when blocks are cut; raises ConfigError for what no orderer can keep to."""
    size = values.get(orderer_configuration_pb2.BatchSize)
    for what, number in (
        ("max message count", size.max_message_count),
        ("absolute max bytes", size.absolute_max_bytes),
        ("preferred max bytes", size.preferred_max_bytes),
    ):
        if number == 0:
            raise ConfigError(f"Attempted to set the batch size {what} to an invalid value: 0")
    if size.preferred_max_bytes > size.absolute_max_bytes:
        raise ConfigError(
            "Attempted to set the batch size preferred max bytes "
            f"({size.preferred_max_bytes}) greater than the absolute max bytes "
            f"({size.absolute_max_bytes})."
        )
    text = values.get(orderer_configuration_pb2.BatchTimeout).timeout
    try:
        timeout = parse_duration(text)
    except ConfigError as error:
        raise ConfigError(
            f"Attempted to set the batch timeout to a invalid value: {error}"
        ) from error
    if timeout <= 0:
        raise ConfigError(
            "Attempted to set the batch timeout to a non-positive value: "
            f"{format_duration(timeout)}"
        )
    return BatchSettings(
        size.max_message_count,
        size.absolute_max_bytes,
        size.preferred_max_bytes,
        timeout / SECOND,
    )


def read_acls(values: GroupValues) -> Mapping[str, str]:
    """Return the policy's path for each resource that has one of its own; raises ConfigError."""
    if peer_configuration_pb2.ACLs in values and not read_capabilities(values) & _ACL_CAPABILITIES:
        raise ConfigError("ACLs may not be specified without the required capability")
    entries = values.get(peer_configuration_pb2.ACLs).acls
    return {
        resource: absolute(reference)
        for resource, reference in sorted((key, acl.policy_ref) for key, acl in entries.items())
        if reference
    }


def read_consenters(values: GroupValues) -> tuple[Consenter, ...]:
    """Return the ordering nodes, of Raft or of BFT; none where Raft's own message cannot be read."""
    consensus = values.get(orderer_configuration_pb2.ConsensusType)
    if consensus.type != RAFT:
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
        metadata = decode(etcdraft_pb2.ConfigMetadata, consensus.metadata)
    except DecodeError:
        return ()
    return tuple(
        Consenter(
            host=one.host,
            port=one.port,
            client_tls_certificate=one.client_tls_cert,
            server_tls_certificate=one.server_tls_cert,
        )
        for one in metadata.consenters
    )
