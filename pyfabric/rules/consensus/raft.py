"""Raft: who its consenters become, and what its blocks say of them.

Source: orderer/consensus/etcdraft of Fabric 3.1; texts are Fabric's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fabric_protos.common import common_pb2
from fabric_protos.orderer.etcdraft import configuration_pb2, metadata_pb2

from pyfabric.errors import ConfigError, DecodeError, IdentityError
from pyfabric.identity.chains import Pool, check_node_certificate
from pyfabric.identity.parsing import Certificate, read_pem
from pyfabric.identity.trust import read_certificate
from pyfabric.messages.consensus import RAFT
from pyfabric.messages.decoding import decode
from pyfabric.messages.durations import parse_duration
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import Consenter


@dataclass(frozen=True, slots=True)
class Membership:
    """The numbers of a channel's consenters, in their order in the configuration."""

    ids: tuple[int, ...]
    next_id: int
    raft_index: int

    @classmethod
    def first(cls, count: int) -> "Membership":
        """Return the membership before block 1: the log holds an entry of each node, and its leader's."""
        return cls(tuple(range(1, count + 1)), count + 1, count + 1)

    @classmethod
    def read(cls, metadata: bytes, count: int) -> "Membership":
        """Return what a block's consenter metadata says; raises DecodeError.

        A genesis block says nothing.
        """
        problem = "failed to unmarshal block's metadata"
        value = decode(common_pb2.Metadata, metadata, DecodeError, problem).value
        found = decode(metadata_pb2.BlockMetadata, value, DecodeError, problem)
        if not found.consenter_ids:
            return cls.first(count)
        return cls(tuple(found.consenter_ids), found.next_consenter_id, found.raft_index)

    def metadata(self) -> bytes:
        """Return the consenter metadata of the next block of the log."""
        value = metadata_pb2.BlockMetadata(
            consenter_ids=self.ids, next_consenter_id=self.next_id, raft_index=self.raft_index + 1
        ).SerializeToString()
        return common_pb2.Metadata(value=value).SerializeToString()


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update does to the consenters: who comes, who goes, and the membership after it.

    `gone` is the number of the node that goes, or that must come again with its new certificate.
    """

    added: tuple[Consenter, ...]
    removed: tuple[Consenter, ...]
    membership: Membership
    gone: frozenset[int]


def quorum(count: int) -> int:
    """Return how many of `count` consenters elect a leader."""
    return count // 2 + 1


def membership_changes(
    membership: Membership, old: Sequence[Consenter], new: Sequence[Consenter]
) -> Changes:
    """Number the consenters of a new configuration; a node is known by its client certificate.

    Raises ConfigError when more than one of them comes or goes; one that comes while one goes is the same
    node with a new certificate.
    """
    ids = {
        one.client_tls_certificate: number for number, one in zip(membership.ids, old, strict=False)
    }
    kept = {one.client_tls_certificate for one in new}
    added = tuple(one for one in new if one.client_tls_certificate not in ids)
    removed = tuple(one for one in old if one.client_tls_certificate not in kept)
    if len(added) > 1 or len(removed) > 1:
        raise ConfigError(
            "update of more than one consenter at a time is not supported, requested changes: add "
            f"{len(added)} node(s), remove {len(removed)} node(s)"
        )
    next_id = membership.next_id
    gone = frozenset(ids[one.client_tls_certificate] for one in removed)
    if added:
        ids[added[0].client_tls_certificate] = next(iter(gone), next_id)
        next_id += 0 if removed else 1
    numbers = tuple(ids[one.client_tls_certificate] for one in new)
    return Changes(added, removed, Membership(numbers, next_id, membership.raft_index), gone)


@dataclass(frozen=True, slots=True)
class Cluster:
    """The running nodes of a channel: the membership, the numbers of those that are there, the time."""

    membership: Membership
    active: frozenset[int]
    now: datetime


def check_change(old: ChannelConfig, new: ChannelConfig, cluster: Cluster) -> None:
    """Raise ConfigError unless a Raft ordering service may go on with the new configuration.

    Metadata that is empty counts as not updated, and a move to BFT is checked elsewhere, as in Fabric.
    """
    if not new.consensus_metadata:
        return
    if new.consensus_type != RAFT:
        _check_endpoints(new)
        return
    metadata = read_metadata(new)
    trust = _Trust(new)
    try:
        _check_metadata(metadata, new.consenters, trust, cluster.now)
    except ConfigError as error:
        raise ConfigError(f"invalid new config metadata: {error}") from error
    changes = membership_changes(cluster.membership, old.consenters, new.consenters)
    for one in changes.added:
        try:
            trust.check(one, cluster.now, may_be_expired=False)
        except ConfigError as error:
            raise ConfigError(
                f"consenter {one.host}:{one.port} has invalid certificates: {error}"
            ) from error
    if _loses_quorum(changes, cluster):
        raise ConfigError(
            f"{len(cluster.active)} out of {len(old.consenters)} nodes are alive, configuration will "
            "result in quorum loss"
        )


def read_metadata(config: ChannelConfig) -> configuration_pb2.ConfigMetadata:
    """Return Raft's part of a configuration; raises ConfigError when it cannot be read."""
    return decode(
        configuration_pb2.ConfigMetadata,
        config.consensus_metadata,
        ConfigError,
        "failed to unmarshal new etcdraft metadata configuration",
    )


def _check_endpoints(config: ChannelConfig) -> None:
    for one in config.orderer_organizations.values():
        if not one.endpoints:
            raise ConfigError(
                "illegal orderer config detected during consensus metadata validation: endpoints of "
                f"org {one.name} are missing"
            )


def _check_metadata(
    metadata: configuration_pb2.ConfigMetadata,
    consenters: Sequence[Consenter],
    trust: "_Trust",
    now: datetime,
) -> None:
    if not metadata.HasField("options"):
        raise ConfigError("nil Raft config metadata options")
    check_options(metadata.options)
    if not consenters:
        raise ConfigError("empty consenter set")
    for one in consenters:
        try:
            trust.check(one, now, may_be_expired=True)
        except ConfigError as error:
            raise ConfigError(
                f"consenter {one.host}:{one.port} has invalid certificate: {error}"
            ) from error
    _check_distinct(consenters)


def check_options(options: configuration_pb2.Options) -> None:
    """Raise ConfigError for options with which Raft would not run."""
    if not (options.heartbeat_tick and options.election_tick and options.max_inflight_blocks):
        raise ConfigError(
            f"none of HeartbeatTick ({options.heartbeat_tick}), ElectionTick "
            f"({options.election_tick}) and MaxInflightBlocks ({options.max_inflight_blocks}) can be "
            "zero"
        )
    if options.election_tick <= options.heartbeat_tick:
        raise ConfigError(
            f"ElectionTick ({options.election_tick}) must be greater than HeartbeatTick "
            f"({options.heartbeat_tick})"
        )
    try:
        interval = parse_duration(options.tick_interval)
    except ConfigError as error:
        raise ConfigError(
            f"failed to parse TickInterval ({options.tick_interval}) to time duration: {error}"
        ) from error
    if interval == 0:
        raise ConfigError("TickInterval cannot be zero")


def _check_distinct(consenters: Sequence[Consenter]) -> None:
    seen: set[bytes] = set()
    for one in consenters:
        own = {one.server_tls_certificate, one.client_tls_certificate}
        if seen & own:
            raise ConfigError(
                "duplicate consenter: server cert: "
                f"{one.server_tls_certificate.decode(errors='replace')}, client cert: "
                f"{one.client_tls_certificate.decode(errors='replace')}"
            )
        seen |= own


def _loses_quorum(changes: Changes, cluster: Cluster) -> bool:
    """Return whether a change would leave too few running nodes, where starting more could prevent that."""
    if not (changes.added or changes.removed):
        return False
    count = len(changes.membership.ids)
    staying = cluster.active - changes.gone
    return len(staying) < quorum(count) and (count > 2 or not changes.added)


class _Trust:
    """The TLS authorities of a channel's orderer organisations."""

    def __init__(self, config: ChannelConfig) -> None:
        definitions = [
            config.msp_manager.msps[msp_id].definition for msp_id in config.orderer_organizations
        ]
        self._roots = Pool(
            read_certificate(one)
            for definition in definitions
            for one in definition.tls_root_certificates
        )
        self._intermediates = Pool(
            read_certificate(one)
            for definition in definitions
            for one in definition.tls_intermediate_certificates
        )

    def check(self, consenter: Consenter, now: datetime, *, may_be_expired: bool) -> None:
        """Raise ConfigError unless a consenter's certificates lead to one of the authorities."""
        place = f"{consenter.host}:{consenter.port}"
        kinds = {
            kind: _read(certificate, f"parsing tls {kind} cert of {place}")
            for kind, certificate in (
                ("client", consenter.client_tls_certificate),
                ("server", consenter.server_tls_certificate),
            )
        }
        for kind, certificate in kinds.items():
            try:
                check_node_certificate(
                    certificate,
                    self._roots,
                    self._intermediates,
                    now,
                    may_be_expired=may_be_expired,
                )
            except IdentityError as error:
                raise ConfigError(
                    f"verifying tls {kind} cert with serial number {certificate.serial}: {error}"
                ) from error


def _read(certificate: bytes, place: str) -> Certificate:
    try:
        found = read_pem(certificate)
    except DecodeError as error:
        raise ConfigError(f"{place}: {error} TLS certificate has invalid ASN1 structure") from error
    if found is None:
        shown = " ".join(f"{byte:02x}" for byte in certificate)
        raise ConfigError(f"{place}: no PEM data found in cert[{shown}]")
    return found
