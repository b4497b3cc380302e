"""Values of a configuration's groups: read, and put so that an unchanged one keeps its bytes."""

from typing import TypeVar

from fabric_protos.common import configtx_pb2
from google.protobuf.message import Message

from pyfabric.errors import ConfigError
from pyfabric.messages.decoding import decode
from pyfabric.rules.configuration.elements import DEFAULT_MOD_POLICY

M = TypeVar("M", bound=Message)


def get_value(group: configtx_pb2.ConfigGroup, key: str, kind: type[M]) -> M:
    """Return a group's value; an empty one when the group has none. Raises ConfigError for other bytes."""
    if key not in group.values:
        return kind()
    return decode(kind, group.values[key].value, ConfigError, f"value {key}")


def set_value(
    group: configtx_pb2.ConfigGroup,
    key: str,
    value: Message,
    *,
    mod_policy: str = DEFAULT_MOD_POLICY,
) -> None:
    """Put a value into a group; `mod_policy` is that of a new value, an old one keeps its own.

    An equal value keeps its bytes: Fabric writes maps in no fixed order, and other bytes would be a change.
    """
    if key not in group.values:
        group.values[key].mod_policy = mod_policy
    elif get_value(group, key, type(value)) == value:
        return
    group.values[key].value = value.SerializeToString(deterministic=True)
