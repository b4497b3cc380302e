"""Maintenance mode: the only way from Raft to BFT, and nothing else beside it.

Source: orderer/common/msgprocessor/maintenancefilter.go of Fabric 3.1; texts are Fabric's.
"""

from typing import Final

from fabric_protos.common import configtx_pb2
from fabric_protos.orderer import configuration_pb2

from pyfabric.errors import ConfigError
from pyfabric.messages.consensus import BFT
from pyfabric.messages.go_texts import enum_name
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.consensus import bft

NORMAL: Final = configuration_pb2.ConsensusType.State.STATE_NORMAL
MAINTENANCE: Final = configuration_pb2.ConsensusType.State.STATE_MAINTENANCE
_MIGRATION: Final = frozenset({"V1_4_2", "V2_0"})


def can_migrate(config: ChannelConfig) -> bool:
    """Return whether the ordering service of a channel knows of maintenance mode."""
    return bool(config.capabilities.orderer & _MIGRATION)


def check(old: ChannelConfig, new: ChannelConfig, update: configtx_pb2.ConfigUpdate) -> None:
    """Raise ConfigError unless the ordering service may change in this way by this update."""
    if not can_migrate(old):
        _check_disabled(old, new)
        return
    if old.consensus_state != new.consensus_state:
        _check_nothing_else(update)
        _check_mode_change(old, new)
    if old.consensus_type != new.consensus_type:
        _check_migration(old, new)


def _check_disabled(old: ChannelConfig, new: ChannelConfig) -> None:
    if new.consensus_state != NORMAL:
        raise ConfigError(
            f"next config attempted to change ConsensusType.State to {_state(new)}, but capability is "
            "disabled"
        )
    if old.consensus_type != new.consensus_type:
        raise ConfigError(
            f"next config attempted to change ConsensusType.Type from {old.consensus_type} to "
            f"{new.consensus_type}, but capability is disabled"
        )


def _check_nothing_else(update: configtx_pb2.ConfigUpdate) -> None:
    written = update.write_set
    if not written.groups:
        raise ConfigError("config update contains no changes")
    if written.values:
        raise ConfigError("config update contains changes to values in group Channel")
    if len(written.groups) > 1:
        raise ConfigError("config update contains changes to more than one group")
    if "Orderer" not in written.groups:
        raise ConfigError("update does not contain the Orderer group")
    orderer = written.groups["Orderer"]
    if orderer.groups:
        raise ConfigError("config update contains changes to groups within the Orderer group")
    if "ConsensusType" not in orderer.values:
        raise ConfigError("config update does not contain the ConsensusType value")
    if len(orderer.values) > 1:
        raise ConfigError(
            "config update contain more then just the ConsensusType value in the Orderer group"
        )


def _check_mode_change(old: ChannelConfig, new: ChannelConfig) -> None:
    change = f"but ConsensusType.State is changing from {_state(old)} to {_state(new)}"
    if old.consensus_type != new.consensus_type:
        raise ConfigError(
            f"attempted to change ConsensusType.Type from {old.consensus_type} to "
            f"{new.consensus_type}, {change}"
        )
    if old.consensus_metadata != new.consensus_metadata:
        raise ConfigError(f"attempted to change ConsensusType.Metadata, {change}")


def _check_migration(old: ChannelConfig, new: ChannelConfig) -> None:
    change = (
        f"attempted to change consensus type from {old.consensus_type} to {new.consensus_type}, "
    )
    if old.consensus_state == NORMAL:
        raise ConfigError(
            f"{change}but current config ConsensusType.State is not in maintenance mode"
        )
    if new.consensus_type != BFT:
        raise ConfigError(f"{change}transition not supported")
    bft.check_metadata(new.consensus_metadata)
    try:
        _check_consenters(old, new)
    except ConfigError as error:
        raise ConfigError(f"invalid BFT consenter mapping configuration: {error}") from error


def _check_consenters(old: ChannelConfig, new: ChannelConfig) -> None:
    if not new.consenters:
        raise ConfigError("Invalid new config: bft consenters are missing")
    if len(old.consenters) != len(new.consenters):
        raise ConfigError(
            f"Invalid new config: the number of bft consenters: {len(new.consenters)} is not equal to "
            f"the number of raft consenters: {len(old.consenters)}"
        )
    known = {one.node for one in new.consenters}
    for one in old.consenters:
        if one.node not in known:
            raise ConfigError(
                f"No suitable BFT consenter for Raft consenter: {one.host}:{one.port}"
            )


def _state(config: ChannelConfig) -> str:
    return enum_name(configuration_pb2.ConsensusType.State.DESCRIPTOR, config.consensus_state)
