"""Configuration blocks: blocks whose only transaction is a configuration."""

from fabric_protos.common import common_pb2, configtx_pb2

from pyfabric.errors import ConfigError, DecodeError
from pyfabric.messages.decoding import decode


def config_from_block(block: common_pb2.Block) -> tuple[str, configtx_pb2.Config]:
    """Return the channel's name and the configuration of a configuration block; raises ConfigError."""
    if len(block.data.data) != 1:
        raise ConfigError(
            f"block {block.header.number} is not a config block: it holds "
            f"{len(block.data.data)} transactions"
        )
    try:
        envelope = decode(common_pb2.Envelope, block.data.data[0])
        payload = decode(common_pb2.Payload, envelope.payload)
        header = decode(common_pb2.ChannelHeader, payload.header.channel_header)
        if header.type != common_pb2.HeaderType.CONFIG:
            raise ConfigError(
                f"block {block.header.number} is not a config block: its transaction is of type "
                f"{header.type}"
            )
        config = decode(configtx_pb2.ConfigEnvelope, payload.data).config
    except DecodeError as error:
        raise ConfigError(f"block {block.header.number} is not a config block: {error}") from error
    return header.channel_id, config
