"""Channels that this ledger would decide otherwise than Fabric, and therefore does not take."""

from typing import Final

from pyfabric.errors import ConfigError
from pyfabric.rules.configuration.channel_config import ChannelConfig

VALIDATED_CAPABILITIES: Final = ("V2_0", "V2_5")
"""Application capabilities whose validation rules are the ledger's: one of them must be there."""


def check_validation(config: ChannelConfig) -> ChannelConfig:
    """Raise ConfigError for a channel whose transactions follow older rules."""
    names = config.capabilities.application
    if not names.intersection(VALIDATED_CAPABILITIES):
        raise ConfigError(
            "the development ledger validates as application capability V2_0 or V2_5 says; channel "
            f"{config.channel_id} has {', '.join(sorted(names)) or 'none'}"
        )
    return config
