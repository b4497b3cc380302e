"""What orderers and peers would make of an update, were it signed: the configuration after it, or a refusal."""

from collections.abc import Callable
from datetime import datetime

from fabric_protos.common import configtx_pb2

from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.elements import assemble
from pyfabric.rules.configuration.parts import Consenter
from pyfabric.rules.configuration.succession import check_peer_support, successor
from pyfabric.rules.configuration.update import apply_delta, modification_policy, read_delta
from pyfabric.rules.consensus import maintenance, raft
from pyfabric.rules.consensus.types import check_consensus, consensus_type


def simulate(
    config: ChannelConfig, update: bytes, *, now: datetime, is_down: Callable[[Consenter], bool]
) -> ChannelConfig:
    """Return the configuration that an update (bytes of common.ConfigUpdate) makes of the one in force.

    Raises ConfigError, in Fabric's words, for one that the orderers would refuse however many sign it, and for one with
    which a node could not work.
    """
    new = successor(config, made_by(config, update))
    ordering = consensus_type(config)
    ordering.check_update(config, new, lambda: _cluster(config, now, is_down))
    maintenance.check(config, new, decode(configtx_pb2.ConfigUpdate, update))
    ordering.check_ordered(new)
    check_consensus(new)
    check_peer_support(new)
    return new


def made_by(config: ChannelConfig, update: bytes) -> configtx_pb2.Config:
    """Return the configuration that an update makes, unchecked; raises ConfigError for one that does not fit."""
    delta = read_delta(config, update)
    found = apply_delta(config, delta, lambda key, one: modification_policy(config, key, one))
    return configtx_pb2.Config(sequence=config.sequence + 1, channel_group=assemble(found))


def _cluster(
    config: ChannelConfig, now: datetime, is_down: Callable[[Consenter], bool]
) -> raft.Cluster:
    membership = raft.Membership.first(len(config.consenters))
    running = zip(membership.ids, config.consenters, strict=True)
    return raft.Cluster(membership, frozenset(i for i, one in running if not is_down(one)), now)
