"""A channel configuration that edits change: its groups, found by the names that people use."""

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

from fabric_protos.common import configtx_pb2
from fabric_protos.msp import msp_config_pb2

from pyfabric.admin.config.values import get_value
from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.channel_config import ChannelConfig

Section: TypeAlias = Literal["application", "orderer"]
SECTIONS: Final[dict[Section, str]] = {"application": "Application", "orderer": "Orderer"}
_ROOT: Final = "/Channel"
_ANY_CHANNEL: Final = "channel"
"""A configuration does not name its channel, and no rule that is asked here looks at the name."""


class Draft:
    """A configuration that edits change in place."""

    def __init__(self, config: configtx_pb2.Config) -> None:
        if not config.HasField("channel_group"):
            raise ConfigError("the configuration has no channel group")
        self.config = config

    @classmethod
    def read(cls, config: bytes) -> "Draft":
        """Return a draft of bytes of common.Config; raises DecodeError or ConfigError."""
        return cls(decode(configtx_pb2.Config, config))

    def judged(self) -> ChannelConfig | None:
        """Return the configuration as nodes read it; None where these rules cannot, as with an Idemix MSP."""
        config = configtx_pb2.Config()
        config.CopyFrom(self.config)
        try:
            return ChannelConfig(config, channel_id=_ANY_CHANNEL)
        except ConfigError:
            return None

    def group(self, path: str) -> configtx_pb2.ConfigGroup:
        """Return the group at a path such as /Channel/Application/Tax; raises ConfigError."""
        if path != _ROOT and not path.startswith(f"{_ROOT}/"):
            raise ConfigError(f"{path!r} is no path in a configuration: it begins with {_ROOT}/")
        found = self.config.channel_group
        for name in path.split("/")[2:]:
            if name not in found.groups:
                raise ConfigError(
                    f"there is no group {path}: {name!r} is not among {_listed(found.groups)}"
                )
            found = found.groups[name]
        return found

    def element(self, path: str) -> tuple[configtx_pb2.ConfigGroup, str]:
        """Return the group that a value or policy is in, and its name, by its path; raises ConfigError."""
        group, _, name = path.rpartition("/")
        return self.group(group), name

    def section(self, section: Section) -> configtx_pb2.ConfigGroup:
        """Return the group of the members, or that of the ordering service; raises ConfigError."""
        return self.group(f"{_ROOT}/{SECTIONS[section]}")

    def organization(self, section: Section, name: str) -> configtx_pb2.ConfigGroup:
        """Return the group of an organisation by its own name or its MSP id; raises ConfigError."""
        return self.section(section).groups[self.organization_name(section, name)]

    def organization_name(self, section: Section, name: str) -> str:
        """Return the name of an organisation's group, by that name or its MSP id; raises ConfigError."""
        groups = self.section(section).groups
        if name in groups:
            return name
        for key in sorted(groups):
            if _msp_id(groups[key]) == name:
                return key
        raise ConfigError(
            f"{name!r} is no organisation of {SECTIONS[section]}: it has {_listed(groups)}"
        )

    def organizations(self, name: str) -> list[configtx_pb2.ConfigGroup]:
        """Return all groups with the MSP of an organisation, which may be in both sections.

        `name` is its MSP id or a group's name. Raises ConfigError for none, and for a name with two MSPs.
        """
        groups = [
            (key, group, _msp_id(group))
            for section in SECTIONS
            for key, group in self.section(section).groups.items()
        ]
        ids = {msp_id for key, _, msp_id in groups if name in (key, msp_id)}
        if len(ids) > 1:
            raise ConfigError(f"{name!r} is the name of two organisations: use {_listed(ids)}")
        if not ids:
            raise ConfigError(
                f"{name!r} is no organisation of the channel: it has "
                f"{_listed(key for key, _, _ in groups)}"
            )
        return [group for _, group, msp_id in groups if msp_id in ids]


def _msp_id(group: configtx_pb2.ConfigGroup) -> str:
    try:
        config = get_value(group, "MSP", msp_config_pb2.MSPConfig)
        return decode(msp_config_pb2.FabricMSPConfig, config.config, ConfigError).name
    except ConfigError:
        return ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
