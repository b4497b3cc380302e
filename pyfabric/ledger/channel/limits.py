"""Channels, and configurations of channels, that this ledger does not take though Fabric does.

Fabric would decide otherwise of their transactions, or its nodes would stop.
"""

from typing import Final

from fabric_protos.common import common_pb2

from pyfabric.errors import ConfigError, OrdererError
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.succession import check_peer_support
from pyfabric.rules.consensus.types import consensus_type
from pyfabric.rules.validation.block import VALIDATED_CAPABILITIES

UNSURVIVABLE: Final = "the development ledger refuses what would stop the nodes of a real network"


def check_validation(config: ChannelConfig) -> ChannelConfig:
    """Raise ConfigError for a channel whose transactions follow older rules."""
    names = config.capabilities.application
    if not names.intersection(VALIDATED_CAPABILITIES):
        raise ConfigError(
            "the development ledger validates as application capability V2_0 or V2_5 says; channel "
            f"{config.channel_id} has {', '.join(sorted(names)) or 'none'}"
        )
    return config


def check_configure(old: ChannelConfig, new: ChannelConfig) -> None:
    """Raise OrdererError for a configuration that the ordering service, or this ledger, does not take."""
    try:
        consensus_type(old).check_ordered(new)
    except ConfigError as error:
        raise OrdererError(str(error), status=common_pb2.SERVICE_UNAVAILABLE) from error
    _check_survivable(new)


def _check_survivable(new: ChannelConfig) -> None:
    try:
        check_peer_support(new)
        consensus_type(new).batch_settings(new)
    except ConfigError as error:
        raise OrdererError(f"{UNSURVIVABLE}: {error}", status=common_pb2.BAD_REQUEST) from error
    try:
        check_validation(new)
    except ConfigError as error:
        raise OrdererError(str(error), status=common_pb2.BAD_REQUEST) from error
