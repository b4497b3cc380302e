"""Whether one configuration of a channel may follow another.

Source: common/channelconfig/bundle.go, common/capabilities and orderer/common/multichannel of Fabric 3.1;
texts are Fabric's.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from fabric_protos.common import configtx_pb2

from pyfabric.errors import ConfigError
from pyfabric.rules.configuration.channel_config import ChannelConfig

CHANNEL_CAPABILITIES: Final = ("V1_1", "V1_3", "V1_4_2", "V1_4_3", "V2_0", "V3_0")
ORDERER_CAPABILITIES: Final = ("V1_1", "V1_4_2", "V2_0")
APPLICATION_CAPABILITIES: Final = ("V1_1", "V1_2", "V1_3", "V1_4_2", "V2_0", "V2_5")
CAPABILITIES: Final = {
    "V1_1": (1, 1), "V1_2": (1, 2), "V1_3": (1, 3), "V1_4_2": (1, 4), "V1_4_3": (1, 4),
    "V2_0": (2, 0), "V2_5": (2, 5), "V3_0": (3, 0),
}  # fmt: skip
"""The release from which nodes know each capability (common/capabilities of Fabric 3.1)."""
_MIGRATION: Final = frozenset({"V1_4_2", "V1_4_3", "V2_0", "V3_0"})


def successor(old: ChannelConfig, proposed: configtx_pb2.Config) -> ChannelConfig:
    """Return the configuration that shall follow; raises ConfigError when it may not."""
    _check_sections(proposed.channel_group)
    new = ChannelConfig(proposed, channel_id=old.channel_id)
    try:
        check_orderer_support(new)
    except ConfigError as error:
        raise ConfigError(f"config update is not compatible: {error}") from error
    if old.consensus_type != new.consensus_type and not old.capabilities.channel & _MIGRATION:
        raise ConfigError(
            f"attempted to change consensus type from {old.consensus_type} to {new.consensus_type}"
        )
    for section in old.msp_ids:
        _check_members(section, old.msp_ids[section], new.msp_ids[section])
    return new


def unknown_capabilities(config: ChannelConfig, release: tuple[int, int]) -> tuple[str, ...]:
    """Return the capabilities of a channel that a release of Fabric, such as (2, 5), does not know: its nodes panic."""
    found = config.capabilities
    wanted = {*found.channel, *found.orderer, *found.application}
    return tuple(sorted(one for one in wanted if CAPABILITIES.get(one, release) > release))


def check_orderer_support(config: ChannelConfig) -> None:
    """Raise ConfigError for capabilities that an orderer of Fabric 3.1 does not have."""
    for level, kind, names, known in (
        ("orderer", "Orderer", config.capabilities.orderer, ORDERER_CAPABILITIES),
        ("channel", "Channel", config.capabilities.channel, CHANNEL_CAPABILITIES),
    ):
        problem = _unsupported(kind, names, known)
        if problem:
            # The text is there twice in Fabric too.
            raise ConfigError(
                f"config requires unsupported {level} capabilities: {problem}: {problem}"
            )


def check_peer_support(config: ChannelConfig) -> None:
    """Raise ConfigError for application capabilities with which a peer of Fabric 3.1 would stop."""
    names = config.capabilities.application
    problem = _unsupported("Application", names, APPLICATION_CAPABILITIES)
    if problem:
        raise ConfigError(problem)


def _unsupported(kind: str, names: Iterable[str], known: tuple[str, ...]) -> str:
    for name in sorted(names):
        if name not in known:
            return f"{kind} capability {name} is required but not supported"
    return ""


def _check_sections(group: configtx_pb2.ConfigGroup) -> None:
    if "Orderer" not in group.groups:
        raise ConfigError("config update is not compatible: config does not contain orderer config")
    if "Application" not in group.groups:
        raise ConfigError("current config has application section, but new config does not")
    if "Consortiums" in group.groups:
        raise ConfigError("current config has no consortiums section, but new config does")


def _check_members(kind: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    for name, msp_id in old.items():
        if new.get(name, msp_id) != msp_id:
            raise ConfigError(
                f"{kind} org {name} attempted to change MSP ID from {msp_id} to {new[name]}"
            )
