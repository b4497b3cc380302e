"""Edits of capabilities: the releases of Fabric's rules that nodes must know."""

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from fabric_protos.common import configuration_pb2

from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.values import set_value
from pyfabric.errors import ConfigError
from pyfabric.rules.configuration.succession import (
    APPLICATION_CAPABILITIES,
    CHANNEL_CAPABILITIES,
    ORDERER_CAPABILITIES,
)

_LEVELS: Final = {
    "channel": ("/Channel", CHANNEL_CAPABILITIES),
    "orderer": ("/Channel/Orderer", ORDERER_CAPABILITIES),
    "application": ("/Channel/Application", APPLICATION_CAPABILITIES),
}


@dataclass(frozen=True, slots=True)
class SetCapabilities(Edit):
    """The capabilities of a level, all of them: such as channel, ("V3_0",)."""

    kind: ClassVar[str] = "set-capabilities"

    level: Literal["channel", "orderer", "application"]
    names: tuple[str, ...]

    def apply(self, draft: Draft) -> None:
        """Set Capabilities of the level's group."""
        path, known = _LEVELS[self.level]
        if not self.names:
            raise ConfigError(f"no {self.level} capability is named: one of {', '.join(known)}")
        for name in self.names:
            if name not in known:
                raise ConfigError(
                    f"Fabric 3.1 has no {self.level} capability {name}: it has {', '.join(known)}"
                )
        names = {name: configuration_pb2.Capability() for name in self.names}
        value = configuration_pb2.Capabilities(capabilities=names)
        set_value(draft.group(path), "Capabilities", value)
