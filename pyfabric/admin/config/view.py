"""A channel's configuration as people look at it: members, policies, consenters, limits."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fabric_protos.common import configtx_pb2, configuration_pb2
from fabric_protos.msp import msp_config_pb2
from fabric_protos.orderer import configuration_pb2 as orderer_configuration_pb2
from fabric_protos.peer import configuration_pb2 as peer_configuration_pb2

from pyfabric.admin.config.certificates import (
    CertificateView,
    describe_certificate,
    describe_revocation_list,
)
from pyfabric.admin.config.edits.draft import SECTIONS, Draft, Section
from pyfabric.admin.config.policies import describe_policy_rule
from pyfabric.admin.config.values import get_value
from pyfabric.errors import ConfigError
from pyfabric.messages.addresses import join
from pyfabric.messages.config_values import ORDERER, GroupValues
from pyfabric.messages.consensus import METADATA, RAFT
from pyfabric.messages.decoding import decode
from pyfabric.messages.go_texts import enum_name
from pyfabric.messages.translation.decoding import to_json
from pyfabric.rules.configuration.elements import ROOT
from pyfabric.rules.configuration.parts import (
    BatchSettings,
    Consenter,
    read_batch,
    read_consenters,
)


@dataclass(frozen=True, slots=True)
class PolicyView:
    """A policy: its path, its rule in Fabric's language or in words, and who may change it."""

    path: str
    rule: str
    mod_policy: str


@dataclass(frozen=True, slots=True)
class OrganizationView:
    """An organisation of one section. Anchor peers are a member's, endpoints an ordering organisation's.

    `msp_id` is empty, and there are no certificates, for an MSP of another kind than X.509.
    """

    name: str
    msp_id: str
    section: Section
    anchor_peers: tuple[str, ...]
    endpoints: tuple[str, ...]
    roots: tuple[CertificateView, ...]
    tls_roots: tuple[CertificateView, ...]
    revocation_lists: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConsenterView:
    """An orderer that takes part in the consensus. Raft knows no number, MSP id or identity of it."""

    address: str
    number: int | None
    msp_id: str
    server_tls: CertificateView
    client_tls: CertificateView
    identity: CertificateView | None


@dataclass(frozen=True, slots=True)
class ConfigView:
    """A configuration. `acls` are those that differ from the peers' defaults, as they are written.

    `consensus_options` are those of Raft or SmartBFT; `capabilities` stand by their level.
    """

    channel: str
    sequence: int
    capabilities: Mapping[str, tuple[str, ...]]
    consensus_type: str
    consensus_state: str
    consensus_options: Mapping[str, str]
    batch: BatchSettings
    organizations: tuple[OrganizationView, ...]
    consenters: tuple[ConsenterView, ...]
    orderer_addresses: tuple[str, ...]
    policies: tuple[PolicyView, ...]
    acls: Mapping[str, str]


def describe_config(channel: str, config: bytes) -> ConfigView:
    """Return what a configuration (bytes of common.Config) says; `channel` is the name that it does not hold.

    Raises DecodeError for other bytes, ConfigError for parts that cannot be read.
    """
    draft = Draft.read(config)
    root, orderer = draft.config.channel_group, draft.section("orderer")
    application = draft.section("application")
    consensus = get_value(orderer, "ConsensusType", orderer_configuration_pb2.ConsensusType)
    values = GroupValues(orderer, ORDERER)
    addresses = get_value(root, "OrdererAddresses", configuration_pb2.OrdererAddresses)
    acls = get_value(application, "ACLs", peer_configuration_pb2.ACLs).acls
    return ConfigView(
        channel=channel,
        sequence=draft.config.sequence,
        capabilities={
            "channel": _capabilities(root),
            "orderer": _capabilities(orderer),
            "application": _capabilities(application),
        },
        consensus_type=consensus.type,
        consensus_state=enum_name(
            orderer_configuration_pb2.ConsensusType.State.DESCRIPTOR, consensus.state
        ),
        consensus_options=_options(consensus),
        batch=read_batch(values),
        organizations=tuple(_organizations(draft)),
        consenters=tuple(map(_consenter, read_consenters(values))),
        orderer_addresses=tuple(addresses.addresses),
        policies=tuple(_policies(f"/{ROOT}", root)),
        acls={name: acls[name].policy_ref for name in sorted(acls)},
    )


def _capabilities(group: configtx_pb2.ConfigGroup) -> tuple[str, ...]:
    found = get_value(group, "Capabilities", configuration_pb2.Capabilities)
    return tuple(sorted(found.capabilities))


def _options(consensus: orderer_configuration_pb2.ConsensusType) -> Mapping[str, str]:
    kind = METADATA.get(consensus.type)
    if kind is None:
        return {}
    metadata = to_json(decode(kind, consensus.metadata, ConfigError))
    options = metadata["options"] if consensus.type == RAFT else metadata
    return {name: str(value) for name, value in (options or {}).items()}


def _organizations(draft: Draft) -> Iterator[OrganizationView]:
    for section in SECTIONS:
        groups = draft.section(section).groups
        yield from (_organization(name, section, groups[name]) for name in sorted(groups))


def _organization(name: str, section: Section, group: configtx_pb2.ConfigGroup) -> OrganizationView:
    anchors = get_value(group, "AnchorPeers", peer_configuration_pb2.AnchorPeers).anchor_peers
    endpoints = get_value(group, "Endpoints", configuration_pb2.OrdererAddresses).addresses
    msp = _msp(group)
    return OrganizationView(
        name=name,
        msp_id=msp.name,
        section=section,
        anchor_peers=tuple(join(one.host, one.port) for one in anchors),
        endpoints=tuple(endpoints),
        roots=tuple(map(describe_certificate, msp.root_certs)),
        tls_roots=tuple(map(describe_certificate, msp.tls_root_certs)),
        revocation_lists=tuple(map(describe_revocation_list, msp.revocation_list)),
    )


def _msp(group: configtx_pb2.ConfigGroup) -> msp_config_pb2.FabricMSPConfig:
    found = get_value(group, "MSP", msp_config_pb2.MSPConfig)
    if found.type != 0:
        return msp_config_pb2.FabricMSPConfig()
    return decode(msp_config_pb2.FabricMSPConfig, found.config, ConfigError)


def _consenter(one: Consenter) -> ConsenterView:
    return ConsenterView(
        address=join(one.host, one.port),
        number=one.number or None,
        msp_id=one.msp_id,
        server_tls=describe_certificate(one.server_tls_certificate),
        client_tls=describe_certificate(one.client_tls_certificate),
        identity=describe_certificate(one.identity) if one.identity else None,
    )


def _policies(path: str, group: configtx_pb2.ConfigGroup) -> Iterator[PolicyView]:
    for name in sorted(group.policies):
        one = group.policies[name]
        yield PolicyView(f"{path}/{name}", describe_policy_rule(one.policy), one.mod_policy)
    for name in sorted(group.groups):
        yield from _policies(f"{path}/{name}", group.groups[name])
