"""The configuration after an update: the counterpart of `compute_update`."""

from fabric_protos.common import configtx_pb2

from pyfabric.rules.configuration.channel_config import ChannelConfig
from pyfabric.rules.configuration.elements import assemble
from pyfabric.rules.configuration.update import apply_delta, read_delta


def apply_update(channel: str, config: bytes, update: bytes) -> bytes:
    """Return the configuration (bytes of common.Config) that an update makes of another, with or without signatures.

    `update` are bytes of common.ConfigUpdate. Raises DecodeError for bytes that are no configuration, and
    ConfigError, in Fabric's words, for an update of another channel or that does not fit its versions.
    """
    present = ChannelConfig.from_bytes(config, channel_id=channel)
    found = apply_delta(present, read_delta(present, update), lambda *_: None)
    made = configtx_pb2.Config(sequence=present.sequence + 1, channel_group=assemble(found))
    return made.SerializeToString(deterministic=True)
