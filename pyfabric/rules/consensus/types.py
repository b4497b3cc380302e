"""What differs between channels that Raft orders and channels that SmartBFT orders, in one table.

Source: orderer/consensus and internal/pkg/gateway/submit.go of Fabric 3.1.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pyfabric.errors import ConfigError
from pyfabric.messages import consensus
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.parts import BatchSettings, Consenter
from pyfabric.rules.consensus import bft, raft


@dataclass(frozen=True, slots=True)
class ConsensusType:
    """One way of ordering.

    With a leader, a client sends a transaction to any one orderer and the leader signs the blocks; without
    one, it sends to all of them and a quorum signs. Checks raise ConfigError with Fabric's texts.
    """

    name: str
    has_leader: bool
    names_identities: bool
    """Whether consenters are known by their identities; otherwise by their TLS certificates."""
    quorum: Callable[[int], int]
    """Return how many of a number of consenters must be there for a block to be made."""
    certificates: Callable[[Consenter], Sequence[bytes]]
    """Return the certificates (PEM) by which a consenter is known."""
    batch_settings: Callable[[ChannelConfig], BatchSettings]
    """Return when blocks are cut."""
    check_start: Callable[[ChannelConfig], object]
    """Check that an orderer can start with the configuration's options."""
    check_update: Callable[[ChannelConfig, ChannelConfig, Callable[[], raft.Cluster]], None]
    """Check that the ordering service may go from one configuration to the next."""
    check_ordered: Callable[[ChannelConfig], None]
    """Check the next configuration once more before it is ordered."""


RAFT: Final = ConsensusType(
    consensus.RAFT,
    has_leader=True,
    names_identities=False,
    quorum=raft.quorum,
    certificates=lambda one: (one.client_tls_certificate, one.server_tls_certificate),
    batch_settings=lambda config: config.batch,
    check_start=raft.read_metadata,
    check_update=lambda old, new, cluster: raft.check_change(old, new, cluster()),
    check_ordered=lambda _: None,
)
BFT: Final = ConsensusType(
    consensus.BFT,
    has_leader=False,
    names_identities=True,
    quorum=bft.quorum,
    certificates=lambda one: (one.identity,),
    batch_settings=bft.channel_batch_settings,
    check_start=lambda _: None,
    check_update=lambda _old, _new, _cluster: None,
    check_ordered=bft.check_policy,
)
_TYPES: Final = {one.name: one for one in (RAFT, BFT)}


def consensus_type(config: ChannelConfig) -> ConsensusType:
    """Return how a channel is ordered; as in Fabric, what is not BFT counts as Raft."""
    return _TYPES.get(config.consensus_type, RAFT)


def check_consensus(config: ChannelConfig) -> None:
    """Raise ConfigError for a consensus type that no orderer has or can start."""
    found = _TYPES.get(config.consensus_type)
    if found is None:
        raise ConfigError(f"failed to find a consenter for consensus type: {config.consensus_type}")
    found.check_start(config)
    try:
        found.batch_settings(config)
    except ConfigError as error:
        raise ConfigError(
            "failed to create chain support: error creating consenter for channel: "
            f"{config.channel_id}: failed parsing smartbft configuration: {error}"
        ) from error
