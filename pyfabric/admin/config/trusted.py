"""Configurations that lead back to a channel's genesis block: each block is signed by the orderers of the one before.

For those who cannot ask a peer for the configuration in force. They are given configuration blocks, by anybody, and know a
channel by the hash of its genesis block, which nobody signs.
"""

from dataclasses import dataclass

from pyfabric.errors import ConfigError
from pyfabric.messages.blocks import data_hash, header_hash, parse_block
from pyfabric.messages.config_blocks import config_from_block
from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.update import outdated


@dataclass(frozen=True, slots=True)
class TrustedConfig:
    """A configuration block (bytes of common.Block) that has been checked: its number, and what it holds."""

    block: bytes
    number: int
    config: ChannelConfig

    def is_void(self, update: bytes) -> bool:
        """Return whether what an update (bytes of common.ConfigUpdate) builds on has changed; raises ConfigError."""
        return bool(outdated(self.config, update))


def genesis_id(block: bytes) -> str:
    """Return the hash of a genesis block (bytes of common.Block) in hex, by which the channel is known.

    Raises DecodeError, or ConfigError for another block.
    """
    found = parse_block(block)
    if found.header.number != 0:
        raise ConfigError(f"block {found.header.number} is not a genesis block")
    if data_hash(found.data) != found.header.data_hash:
        raise ConfigError("the genesis block's data does not have the hash in its header")
    return header_hash(found.header).hex()


def read_trusted(block: bytes, channel: str) -> TrustedConfig:
    """Return the configuration in a block that has been checked already, or that is a genesis block.

    Raises DecodeError, or ConfigError for a block of another channel, or one without a configuration.
    """
    found = parse_block(block)
    name, config = config_from_block(found)
    if name != channel:
        raise ConfigError(f"the block is of channel {name!r}, not of {channel!r}")
    return TrustedConfig(block, found.header.number, ChannelConfig(config, channel_id=channel))


def follow(trusted: TrustedConfig, block: bytes) -> TrustedConfig:
    """Return the configuration of a later block.

    Raises PolicyError unless the orderers of the configuration before signed it, ConfigError for a block that is not
    later.
    """
    found = read_trusted(block, trusted.config.channel_id)
    if found.number <= trusted.number or found.config.sequence <= trusted.config.sequence:
        raise ConfigError(
            f"block {found.number} is not later than block {trusted.number}, which is known already"
        )
    trusted.config.verify_block(parse_block(block))
    return found
