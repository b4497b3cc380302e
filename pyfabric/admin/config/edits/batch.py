"""Edits of the limits of blocks."""

from dataclasses import dataclass
from typing import ClassVar

from fabric_protos.orderer import configuration_pb2

from pyfabric.admin.config.edits.draft import Draft
from pyfabric.admin.config.edits.edit import Edit
from pyfabric.admin.config.values import get_value, set_value
from pyfabric.errors import ConfigError
from pyfabric.messages.durations import SECOND, format_duration
from pyfabric.messages.values import is_integer

_SIZES = ("max_message_count", "absolute_max_bytes", "preferred_max_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBatch(Edit):
    """When an orderer cuts a block. Sizes in bytes, the timeout in seconds; None leaves a limit as it is."""

    kind: ClassVar[str] = "set-batch"

    max_message_count: int | None = None
    absolute_max_bytes: int | None = None
    preferred_max_bytes: int | None = None
    timeout: float | None = None

    def apply(self, draft: Draft) -> None:
        """Change BatchSize and BatchTimeout of the Orderer group."""
        orderer = draft.section("orderer")
        size = get_value(orderer, "BatchSize", configuration_pb2.BatchSize)
        for name in _SIZES:
            number = getattr(self, name)
            if number is None:
                continue
            if not is_integer(number, 1, 2**32 - 1):
                raise ConfigError(f"{name} must be a number from 1 to 2^32 - 1, not {number!r}")
            setattr(size, name, number)
        set_value(orderer, "BatchSize", size)
        if self.timeout is not None:
            timeout = format_duration(round(self.timeout * SECOND))
            set_value(orderer, "BatchTimeout", configuration_pb2.BatchTimeout(timeout=timeout))
