"""The elements of a configuration: every group, value and policy, by its path and with its version.

Source: common/configtx/configmap.go of Fabric 3.1; texts are Fabric's. A key is written as Fabric writes it:
"[Value]  /Channel/Application/ACLs".
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from fabric_protos.common import configtx_pb2

from pyfabric.errors import ConfigError

ROOT: Final = "Channel"
MAX_NAME_LENGTH: Final = 249
_NAME: Final = re.compile(r"[a-zA-Z0-9.-]+")
_GROUP: Final = "[Group]  "
_VALUE: Final = "[Value]  "
_POLICY: Final = "[Policy] "
_ORDERER_CAPABILITIES: Final = f"{_VALUE}/Channel/Orderer/Capabilities"
DEFAULT_MOD_POLICY: Final = "Admins"


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its message is a ConfigGroup, ConfigValue or ConfigPolicy.

    `groups` are the names of the groups that it is in, the root's first. A group counts as being in itself:
    its modification policy is looked for there.
    """

    groups: tuple[str, ...]
    message: Any

    @property
    def version(self) -> int:
        """How often it has been changed."""
        return int(self.message.version)

    @property
    def mod_policy(self) -> str:
        """The policy of those who may change it: a name, or a path that begins with a slash."""
        return str(self.message.mod_policy)

    @property
    def mod_policy_path(self) -> str:
        """The path of that policy: a name is one of the group's that the element is in."""
        if self.mod_policy.startswith("/"):
            return self.mod_policy
        return _path((*self.groups, self.mod_policy))


Elements: TypeAlias = Mapping[str, Element]


def check_name(name: str) -> None:
    """Raise ConfigError unless an element may have this name."""
    if not name:
        raise ConfigError("config ID illegal, cannot be empty")
    if len(name) > MAX_NAME_LENGTH:
        raise ConfigError(f"config ID illegal, cannot be longer than {MAX_NAME_LENGTH}")
    if name in (".", ".."):
        raise ConfigError(f"name '{name}' for config ID is not allowed")
    if not _NAME.fullmatch(name):
        raise ConfigError(f"config ID '{name}' contains illegal characters")


def elements(root: configtx_pb2.ConfigGroup) -> Elements:
    """Return all elements of a group and below it, as the root; raises ConfigError for a name."""
    return dict(_elements((ROOT,), root))


def _elements(
    groups: tuple[str, ...], group: configtx_pb2.ConfigGroup
) -> Iterator[tuple[str, Element]]:
    yield f"{_GROUP}{_path(groups)}", Element(groups, group)
    for name, sub in group.groups.items():
        _check(_GROUP, name)
        yield from _elements((*groups, name), sub)
    for name, value in group.values.items():
        _check(_VALUE, name)
        yield f"{_VALUE}{_path((*groups, name))}", Element(groups, value)
    for name, policy in group.policies.items():
        _check(_POLICY, name)
        yield f"{_POLICY}{_path((*groups, name))}", Element(groups, policy)


def assemble(found: Elements) -> configtx_pb2.ConfigGroup:
    """Return the configuration of these elements: the root, and all that groups mention.

    What no group mentions is left out. An element without a modification policy gets Admins, where the
    ordering service has capabilities.
    """
    return _assemble((ROOT,), found)


def _assemble(groups: tuple[str, ...], found: Elements) -> configtx_pb2.ConfigGroup:
    original = found[_GROUP + _path(groups)].message
    made = configtx_pb2.ConfigGroup(version=original.version, mod_policy=original.mod_policy)
    for name in original.groups:
        made.groups[name].CopyFrom(_assemble((*groups, name), found))
    for name in original.values:
        made.values[name].CopyFrom(found[_VALUE + _path((*groups, name))].message)
    for name in original.policies:
        made.policies[name].CopyFrom(found[_POLICY + _path((*groups, name))].message)
    if _ORDERER_CAPABILITIES in found:
        _complete(made)
    return made


def _complete(group: Any) -> None:
    for one in (group, *group.values.values(), *group.policies.values()):
        one.mod_policy = one.mod_policy or DEFAULT_MOD_POLICY


def _check(prefix: str, name: str) -> None:
    try:
        check_name(name)
    except ConfigError as error:
        raise ConfigError(f"illegal characters in key: {prefix}: {error}") from error


def _path(names: tuple[str, ...]) -> str:
    return "/" + "/".join(names)
