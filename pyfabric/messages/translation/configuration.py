"""What the values of a configuration group hold: it depends on where in the tree the group stands.

Source: common/channelconfig of Fabric 3.1. The consortiums of the former system channel are read too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fabric_protos.common import configtx_pb2, policies_pb2
from fabric_protos.msp import msp_config_pb2

from pyfabric.messages import config_values
from pyfabric.messages.config_values import Keys
from pyfabric.messages.translation.places import Place, View

CHANNEL: Final = "Channel"
APPLICATION: Final = "Application"
APPLICATION_ORGANIZATION: Final = "Application organization"
ORDERER: Final = "Orderer"
ORDERER_ORGANIZATION: Final = "Orderer organization"
_CONSORTIUMS: Final = "Consortiums"
_CONSORTIUM: Final = "Consortium"
_CONSORTIUM_ORGANIZATION: Final = "Consortium organization"


@dataclass(frozen=True, slots=True)
class _Group:
    """A group's values by key, and the roles of its sub-groups, by name or all the same."""

    values: Keys
    groups: Mapping[str, str] = field(default_factory=dict)
    any_group: str = ""


_GROUPS: Final[Mapping[str, _Group]] = {
    CHANNEL: _Group(
        config_values.CHANNEL,
        {APPLICATION: APPLICATION, ORDERER: ORDERER, _CONSORTIUMS: _CONSORTIUMS},
    ),
    APPLICATION: _Group(config_values.APPLICATION, any_group=APPLICATION_ORGANIZATION),
    APPLICATION_ORGANIZATION: _Group(config_values.APPLICATION_ORGANIZATION),
    ORDERER: _Group(config_values.ORDERER, any_group=ORDERER_ORGANIZATION),
    ORDERER_ORGANIZATION: _Group(config_values.ORDERER_ORGANIZATION),
    _CONSORTIUMS: _Group({}, any_group=_CONSORTIUM),
    _CONSORTIUM: _Group(
        {"ChannelCreationPolicy": policies_pb2.Policy}, any_group=_CONSORTIUM_ORGANIZATION
    ),
    _CONSORTIUM_ORGANIZATION: _Group({"MSP": msp_config_pb2.MSPConfig}),
}
_VALUES: Final = {
    kind.DESCRIPTOR.full_name: kind for group in _GROUPS.values() for kind in group.values.values()
}


def channel_group(_: Place) -> View:
    """Return the root of a channel's configuration."""
    return View(configtx_pb2.ConfigGroup, CHANNEL)


def sub_group(place: Place) -> View | None:
    """Return a group in a group."""
    around = _GROUPS.get(place.role)
    if around is None:
        return None
    return View(configtx_pb2.ConfigGroup, around.groups.get(str(place.key), around.any_group))


def group_value(place: Place) -> View | None:
    """Return a value in a group; its role is the name of the message in it."""
    around = _GROUPS.get(place.role)
    kind = None if around is None else around.values.get(str(place.key))
    return None if kind is None else View(configtx_pb2.ConfigValue, kind.DESCRIPTOR.full_name)


def value_content(place: Place) -> View | None:
    """Return the message in a value."""
    kind = _VALUES.get(place.role)
    return None if kind is None else View(kind)
