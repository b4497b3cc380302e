"""Models of new channels, of which `genesis_block` makes genesis blocks.

Policies are written as in `pyfabric.rules.policies.usual`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyfabric.identity.definition import MSPDefinition
from pyfabric.rules.policies.usual import APPLICATION_POLICIES, CHANNEL_POLICIES, Policies


@dataclass(frozen=True, slots=True)
class AnchorPeer:
    """A peer through which other organisations find an organisation's peers."""

    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationModel:
    """A member: `name` is its group's name, `endpoints` are host:port of its orderers."""

    name: str
    msp: MSPDefinition
    policies: Policies
    anchor_peers: tuple[AnchorPeer, ...] = ()
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsenterModel:
    """An ordering node; certificates are PEM. `number`, `msp_id` and `identity` are for BFT only."""

    host: str
    port: int
    client_tls_certificate: bytes
    server_tls_certificate: bytes
    number: int = 0
    msp_id: str = ""
    identity: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftModel:
    """OrdererType etcdraft: its consenters and its options, with Fabric's defaults."""

    consenters: tuple[ConsenterModel, ...]
    tick_interval: str = "500ms"
    election_tick: int = 10
    heartbeat_tick: int = 1
    max_inflight_blocks: int = 5
    snapshot_interval_size: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BFTModel:
    """OrdererType BFT (SmartBFT): four consenters or more, and its options, with Fabric's defaults."""

    consenters: tuple[ConsenterModel, ...]
    request_batch_max_count: int = 100
    request_batch_max_bytes: int = 10 * 1024 * 1024
    request_batch_max_interval: str = "50ms"
    incoming_message_buffer_size: int = 200
    request_pool_size: int = 400
    request_forward_timeout: str = "2s"
    request_complain_timeout: str = "20s"
    request_auto_remove_timeout: str = "3m0s"
    request_max_bytes: int = 0
    view_change_resend_interval: str = "5s"
    view_change_timeout: str = "20s"
    leader_heartbeat_timeout: str = "1m0s"
    leader_heartbeat_count: int = 10
    collect_timeout: str = "1s"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdererModel:
    """The ordering service. Sizes are in bytes, `batch_timeout` in seconds; 0 means any number of channels.

    `addresses` (host:port) are those of orderers whose organisations have no endpoints; channels with the
    capability V3_0 cannot have them.
    """

    organizations: tuple[OrganizationModel, ...]
    consensus: RaftModel | BFTModel
    policies: Policies
    capabilities: tuple[str, ...] = ("V2_0",)
    batch_timeout: float = 2.0
    max_message_count: int = 500
    absolute_max_bytes: int = 10 * 1024 * 1024
    preferred_max_bytes: int = 2 * 1024 * 1024
    max_channels: int = 0
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationModel:
    """The members of the channel. `acls` map a resource (peer/Propose) to a policy's path or name."""

    organizations: tuple[OrganizationModel, ...]
    policies: Policies = field(default_factory=lambda: APPLICATION_POLICIES)
    capabilities: tuple[str, ...] = ("V2_5",)
    acls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelModel:
    """A channel: its name, its ordering service, its members, and the policies above both."""

    channel_id: str
    orderer: OrdererModel
    application: ApplicationModel
    policies: Policies = field(default_factory=lambda: CHANNEL_POLICIES)
    capabilities: tuple[str, ...] = ("V2_0",)
